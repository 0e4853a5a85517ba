/** What the server says by name has words here: an alarm without any would be shown in English, in every language. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { alarmKey } from "../src/parts/treat-parts";
import { parsePo } from "../tools/po";

const ROOT = join(import.meta.dirname, "..");
const english = parsePo(readFileSync(join(ROOT, "words", "en.po"), "utf8"));
const table = readFileSync(join(ROOT, "..", "src", "openhifu", "data", "alarms.toml"), "utf8");

/** Every value of one name in the table of alarms. */
function said(name: "text" | "remedy"): string[] {
  return [...table.matchAll(new RegExp(`^${name} = "(.+)"$`, "gm"))].map(([, words]) => words!);
}

it("says every alarm and its remedy, in English as the server does", () => {
  const [texts, remedies] = [said("text"), said("remedy")];
  expect(texts.length).toBeGreaterThan(20);
  expect(remedies.length).toBe(texts.length);
  const shown = texts.map((text) => [english[`alarm.said.${alarmKey(text)}`], english[`alarm.help.${alarmKey(text)}`]]);
  expect(shown).toEqual(texts.map((text, at) => [text, remedies[at]]));
});
