import { expect, it } from "vitest";
import { fieldsOf, meant, shown, startOf, valueAt, withValue } from "../src/form/schema";
import { readRoute } from "../src/route";
import { tickDigits } from "../src/plot/chart";
import { shareAt } from "../src/plot/dose-volume";
import { History } from "../src/treat-history";
import { cut, sentence } from "../src/words/numbers";
import type { LiveStatus } from "../src/api/types";

const SCHEMA = {
  type: "object",
  required: ["power"],
  properties: {
    power: { type: "number", exclusiveMinimum: 0, maximum: 400, description: "W" },
    control: { anyOf: [{ $ref: "#/$defs/Control" }, { type: "null" }] },
    words: { type: "string" },
    list: { type: "array" },
  },
  $defs: { Control: { type: "object", properties: { repeats: { type: "integer", minimum: 0 } } } },
};

it("reads fields, limits, groups behind references, and leaves out what it cannot draw", () => {
  const fields = fieldsOf(SCHEMA);
  expect(fields.map((field) => [field.path.join("."), field.kind, field.optional])).toEqual([
    ["power", "number", false],
    ["control", "group", true],
    ["words", "text", true],
  ]);
  expect([fields[0]!.low, fields[0]!.high]).toEqual([0, 400]);
  expect(fields[1]!.fields[0]!.path).toEqual(["control", "repeats"]);
});

it("changes one value and leaves the given ones as they were", () => {
  const before = { a: 1, inner: { b: 2 } };
  const after = withValue(before, ["inner", "b"], 3);
  expect(valueAt(after, ["inner", "b"])).toBe(3);
  expect(before).toEqual({ a: 1, inner: { b: 2 } });
});

it("begins a group that may be absent with what the schema presets", () => {
  const [control] = fieldsOf({
    type: "object",
    properties: { control: { anyOf: [{ $ref: "#/$defs/Control" }, { type: "null" }], default: null } },
    $defs: {
      Control: { type: "object", properties: { share: { type: "number" }, step: { type: "number", default: 0.8 } } },
    },
  });
  expect(control!.optional).toBe(true);
  expect(startOf(control!)).toEqual({ step: 0.8 });
});

it("shows lengths in millimetres and means metres, to the last digit", () => {
  const [spacing, power] = fieldsOf({
    type: "object",
    properties: { lateral_spacing: { type: "number" }, power: { type: "number" } },
  });
  for (const metres of [0.0032, 0.0055, 0.0011, 1e-3]) expect(meant(spacing!, shown(spacing!, metres))).toBe(metres);
  expect(shown(spacing!, 0.0032)).toBe(3.2);
  expect(shown(power!, 0.0032)).toBe(0.0032);
});

it("reads addresses as screens", () => {
  expect(readRoute("/cases/liver").screen).toBe("case");
  expect(readRoute("/plans?case=liver").query.get("case")).toBe("liver");
  expect(readRoute("/runs/r1")).toMatchObject({ screen: "treat", id: "r1" });
  expect(readRoute("/nowhere").screen).toBe("unknown");
});

it("reads a dose-volume curve between its points", () => {
  const curve = { structure: "liver", cem43_min: [1, 10, 100], fraction: [1, 0.5, 0] };
  expect([shareAt(curve, 0.1), shareAt(curve, 55), shareAt(curve, 1000)]).toEqual([1, 0.25, null]);
});

it("writes ticks with as many decimals as their step needs, so that no two look alike", () => {
  const linear = tickDigits([0, 0.2, 0.4, 0.6, 0.8, 1, 1.2]);
  expect([0, 0.8, 1.2].map(linear)).toEqual([1, 1, 1]);
  expect(tickDigits([0, 2.5, 5, 7.5])(5)).toBe(1);
  expect(tickDigits([0, 20, 40])(20)).toBe(0);
  expect([0.1, 1, 10].map(tickDigits([0.1, 1, 10]))).toEqual([1, 0, 0]);
});

it("writes the server's sentences as people do", () => {
  expect(sentence("the hottest point is expected to reach 87.0 degC")).toBe(
    "The hottest point is expected to reach 87.0\u00a0°C.",
  );
  expect(sentence("is this the patient?")).toBe("Is this the patient?");
  expect(sentence("")).toBe("");
  expect(cut(`plan ${"ab12".repeat(16)} of liver`)).toBe("plan ab12ab12ab12 of liver");
});

it("keeps a long treatment's curves short, equally long, and to the last point", () => {
  const history = new History();
  for (let s = 0; s < 9000; s++) {
    history.add({
      elapsed_s: s,
      temperature_c: 37 + s,
      power_w: 1,
      asked_power_w: 1,
      water_c: 20,
      organs: s > 50 ? [{ name: "skin", temperature_c: s }] : [],
    } as unknown as LiveStatus);
  }
  const { minutes, target, organs } = history.curves;
  expect(minutes.length).toBeLessThanOrEqual(1600);
  expect(target.length).toBe(minutes.length);
  expect(organs.get("skin")!.length).toBe(minutes.length);
  expect(target.at(-1)).toBe(37 + 8999);
  expect(history.add({ elapsed_s: 8999 } as LiveStatus)).toBe(false);
});
