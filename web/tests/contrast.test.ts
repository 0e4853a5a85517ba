/**
 * Colours that text is written in, and what it is written on: WCAG AA asks for 4.5:1, and 3:1 for large text and for
 * lines that mean something.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { COLOURS } from "../src/plot/chart";

const css = readFileSync(join(import.meta.dirname, "..", "src", "styles", "ground.css"), "utf8");
const named = Object.fromEntries(
  [...css.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, value]) => [name!, value!]),
);

function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const c = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high! + 0.05) / (low! + 0.05);
}

const GROUNDS = ["ground", "panel", "raised"];

it.each(["text", "quiet", "accent", "ok", "amber", "danger"])("text in %s is read on every ground", (name) => {
  for (const ground of GROUNDS) expect(contrast(named[name]!, named[ground]!), ground).toBeGreaterThanOrEqual(4.5);
});

it("is read on the accent and on the stop", () => {
  expect(contrast(named["on-accent"]!, named.accent!)).toBeGreaterThanOrEqual(4.5);
  expect(contrast(named["on-stop"]!, named.stop!)).toBeGreaterThanOrEqual(4.5);
});

it("draws curves and the axes of canvases so that they are seen", () => {
  for (const colour of COLOURS) expect(contrast(colour, named.panel!), colour).toBeGreaterThanOrEqual(4.5);
  expect(contrast("#a9b4be", named.panel!)).toBeGreaterThanOrEqual(4.5);
});
