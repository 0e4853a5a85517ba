/** Numbers may wait for one another; whatever a person must act on may not. */

import { expect, it } from "vitest";
import { onlyNumbers } from "../src/api/live";
import type { LiveStatus } from "../src/api/types";

const status: LiveStatus = {
  type: "status",
  run: "r",
  state: "firing",
  words: "",
  spot: 3,
  spots_done: 3,
  spots: 9,
  elapsed_s: 12.1,
  remaining_s: 30,
  power_w: 40,
  asked_power_w: 40,
  output_on: true,
  temperature_c: 61,
  organs: [{ name: "skin", temperature_c: 37 }],
  water_c: 25,
  measured_at_s: 12,
  alarms: [],
  sounding: null,
  question: null,
  ending: null,
  sentence: "",
};
const alarm = { cause: "x", priority: "high" as const, text: "x", remedy: "y", acknowledged_by: null };

it("lets numbers wait", () => {
  const later = {
    ...status,
    elapsed_s: 12.2,
    power_w: 39,
    temperature_c: 62,
    organs: [],
    water_c: 26,
    remaining_s: 29,
  };
  expect(onlyNumbers(status, later)).toBe(true);
});

it.each<[string, Partial<LiveStatus>]>([
  ["state", { state: "cooling" }],
  ["output", { output_on: false }],
  ["question", { question: { text: "go on?", choices: ["yes", "no"] } }],
  ["alarm", { alarms: [alarm] }],
  ["acknowledgement", { alarms: [{ ...alarm, acknowledged_by: "Ada" }] }],
  ["sound", { sounding: "high" }],
  ["spot", { spot: 4 }],
  ["spots done", { spots_done: 4 }],
  ["ending", { ending: "completed" }],
])("shows a change of the %s at once", (_name, change) => {
  const before = change.alarms?.[0]?.acknowledged_by ? { ...status, alarms: [alarm] } : status;
  expect(onlyNumbers(before, { ...before, ...change })).toBe(false);
});

it("shows the first status at once", () => {
  expect(onlyNumbers(null, status)).toBe(false);
});
