/** What the server says by name has words here: an alarm without any would be shown in English, in every language. */

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { alarmKey } from "../src/parts/treat-parts";
import { fitting, templates } from "../src/words/server-words";
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

/** Everything the program says, with its values cut out and the strings of one expression joined. */
function program(folder = join(ROOT, "..", "src", "openhifu")): string {
  return readdirSync(folder, { withFileTypes: true })
    .map((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return program(path);
      return /\.py$|^words\.toml$/.test(entry.name) ? readFileSync(path, "utf8") : "";
    })
    .join("\n")
    .replace(/"\s*\n\s*f?"/g, "")
    .replace(/\{[^{}\n]*\}/g, "{}");
}

const STRONGEST = "the strongest exposure reaches {} MPa at its focus in the linear field";

/** Sentences that come together from two places of the program, or quote a value. */
const COMPOSED: Record<string, string[]> = {
  end_silent: ["stopped by {}", "the console", "its server was silent for {} s"],
  end_gone: ["stopped by {}", "the console", "its server is gone"],
  end_line: ["stopped by {}", "the console", "the last stop line was closed"],
  end_no_line: ["stopped by {}", "the console", "no stop line was opened"],
  end_answered: ["{} answered {} to: {}"],
  check_far_dose: ["far-field dose"],
  found_linear: [STRONGEST, "{}; harmonics add{} {} % to the heat there{}"],
  found_at_most: [STRONGEST, " at most", " (B/A {}, the catalogue's highest, for {})"],
  found_unknown: [STRONGEST, "{}; what harmonics add to the heat is not known: {}"],
  step_arm: ["arm {}{}{}", "exposure {} ({}): {} W for {} s"],
  step_arm_off: ["arm {}{}{}", "exposure {} ({}): {} W for {} s", ", {} elements off"],
  step_arm_steered: ["arm {}{}{}", "exposure {} ({}): {} W for {} s", ", steered to {} places in turn"],
  step_arm_off_steered: ["arm {}{}{}", ", {} elements off", ", steered to {} places in turn"],
  step_fire: ["fire {}", "exposure {} ({}): {} W for {} s"],
};

it("has words only for what the program still says", () => {
  const said = program();
  const missing = Object.entries(english)
    .filter(([key]) => key.startsWith("said."))
    .flatMap(([key, words]) => COMPOSED[key.slice(5)] ?? [words.replace(/\{\w+\}/g, "{}")])
    .filter((words) => !said.includes(words));
  expect(missing).toEqual([]);
});

it("finds the words of a sentence, and its values; the one that says most goes first", () => {
  const known = templates(english);
  expect(fitting(known, "stopped by Ada")).toEqual({ name: "end_stopped", values: { name: "Ada" } });
  const silent = fitting(known, "stopped by the console: its server was silent for 0.6 s");
  expect(silent).toEqual({ name: "end_silent", values: { seconds: "0.6" } });
  expect(fitting(known, "dose of ribs")?.values).toEqual({ organ: "ribs" });
  expect(fitting(known, "nothing like it")).toBeNull();
});

it("knows every question that the engine asks, and why a direction is refused", () => {
  const known = templates(english);
  const which = "Case liver, plan 7af557776f54, device jc200-like-256 no. nominal, 53 exposures";
  const identity = `${which}: is this the patient, the plan and the device?`;
  expect(fitting(known, identity)?.values).toMatchObject({ case: "liver", serial: "nominal", count: "53" });
  const rest = "6 of 24 exposures were begun before and are not repeated; deliver the other 18?";
  expect(fitting(known, rest)?.values).toEqual({ begun: "6", count: "24", rest: "18" });
  const window = readFileSync(join(ROOT, "..", "src", "openhifu", "planning", "window.py"), "utf8");
  const table = /REFUSALS = \(([^)]*)\)/.exec(window)![1]!;
  const refusals = [...table.matchAll(/^ +"(.+)",$/gm)].map(([, words]) => words!);
  expect(refusals.length).toBe(6);
  expect(refusals.filter((words) => !fitting(known, words))).toEqual([]);
});
