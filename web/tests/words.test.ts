/**
 * Words: every language has every key, nothing more; no words for people stand in the code; placeholders survive
 * translation.
 */

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parsePo } from "../tools/po";

const ROOT = join(import.meta.dirname, "..");
const LANGUAGES = ["en", "zh", "es", "de", "it", "ja"];
const catalogues = Object.fromEntries(
  LANGUAGES.map((name) => [name, parsePo(readFileSync(join(ROOT, "words", `${name}.po`), "utf8"))]),
);
const english = catalogues.en!;

function sources(folder = join(ROOT, "src")): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? sources(path) : /\.tsx?$/.test(entry.name) ? [path] : [];
  });
}

const code = sources().map((path) => ({ path: path.slice(ROOT.length + 1), text: readFileSync(path, "utf8") }));

const placeholders = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).sort();

describe.each(LANGUAGES)("%s", (name) => {
  it("has every key and no other", () => {
    expect(Object.keys(catalogues[name]!).sort()).toEqual(Object.keys(english).sort());
  });
  it("leaves no word empty and keeps every placeholder", () => {
    for (const [key, words] of Object.entries(catalogues[name]!)) {
      expect(words, key).not.toBe("");
      expect(placeholders(words), key).toEqual(placeholders(english[key]!));
    }
  });
});

it("has words for every key that the code names", () => {
  const named = code.flatMap(({ path, text }) =>
    [...text.matchAll(/\bt\(\s*"([^"]+)"/g)].map(([, key]) => ({ path, key: key! })),
  );
  expect(named.length).toBeGreaterThan(150);
  expect(named.filter(({ key }) => !(key in english))).toEqual([]);
});

it("has no words that nothing in the code could ask for", () => {
  const text = code.map((one) => one.text).join("\n");
  const stems = [...text.matchAll(/`([a-z_.]+\.)\$\{/g)].map(([, stem]) => stem!);
  const unused = Object.keys(english).filter(
    (key) => !text.includes(`"${key}"`) && !stems.some((stem) => key.startsWith(stem)),
  );
  expect(unused).toEqual([]);
});

/** Names, units and signs that are the same in every language. */
const SAME_EVERYWHERE = /^(OpenHIFU|CEM43( \[min\])?|HU|mm|W|%|kJ|°C|min|s|mL|[\d\s·×/,.–|()[\]:;&]*)$/;

/** Text between tags, and attributes that are read out, in a TSX file. */
function literals(source: string): string[] {
  const text = source.replace(/\/\*[\s\S]*?\*\//g, "");
  const inner = [
    ...text.matchAll(/<\/?[a-z][\w.]*(?:\s[^<>{}]*(?:\{[^{}]*\}[^<>{}]*)*)?>([^<>{}=;]*[A-Za-z][^<>{}=;]*)(?=<\/|\{)/g),
  ].map(([, words]) => words!.trim());
  const attributes = [...text.matchAll(/\b(?:aria-label|title|placeholder|alt|label)="([^"]*)"/g)].map(
    ([, words]) => words!,
  );
  return [...inner, ...attributes].filter((words) => !words.split(/\s+/).every((word) => SAME_EVERYWHERE.test(word)));
}

it("finds words written into code", () => {
  expect(literals('<p class="x">Hello there</p>')).toEqual(["Hello there"]);
  expect(literals('<b aria-label="Close" />')).toEqual(["Close"]);
  expect(literals("<span> {x} mm</span>")).toEqual([]);
});

it("has no words for people in the code", () => {
  const found = code
    .filter(({ path }) => path.endsWith(".tsx"))
    .flatMap(({ path, text }) => literals(text).map((words) => `${path}: ${words}`));
  expect(found).toEqual([]);
});
