/** What a line of the journal says: each value by its name and unit, each sentence in the reader's language. */

import type { JSX } from "preact";
import type { JournalEvent } from "../api/types";
import { cut, number, quantity, unitSign } from "../words/numbers";
import { known, t } from "../words/words";
import { Said, spoken } from "./said";
import { alarmKey } from "./treat-parts";

type What = JournalEvent["what"];

/** Unit and decimals of the numbers that are named after what they measure. */
const UNITS: Record<string, [string, number]> = {
  power: ["W", 1],
  mean_power: ["W", 1],
  on_time: ["s", 1],
  least: ["s", 0],
  lasted: ["s", 0],
  lasts: ["s", 0],
  energy: ["J", 0],
  most_energy: ["J", 0],
  target: ["°C", 1],
  measured_peak: ["°C", 1],
  water_temperature: ["°C", 1],
};
/** Names whose values are words of closed sets, and where the reader's are. */
const SETS: Record<string, (value: string) => string> = {
  ending: (value) => known(`ending.${key(value)}`, value),
  purpose: (value) => spoken(value).words,
  step: (value) => known(`step.${key(value)}`, value),
  command: (value) => known(`command.${key(value)}`, value),
  act: (value) => known(`act.${key(value)}`, value),
  choice: (value) => known(`answer.${key(value)}`, value),
};
const SENTENCES = ["sentence", "question"];
const KEPT_FOR_PROGRAMS = ["kind", "measured_at"];
const key = (words: string): string => words.replaceAll(" ", "_");

/** A value as the reader writes it. */
function written(name: string, value: string | number, unit: string): string {
  if (name === "index") return number(Number(value) + 1);
  if (typeof value === "string") return SETS[name]?.(value) ?? cut(value);
  if (name in UNITS) return quantity(value, ...UNITS[name]!);
  if (name === "value" || name === "limit") return `${short(value)}${unit === "1" ? "" : `\u202f${unitSign(unit)}`}`;
  return name === "seed" ? String(value) : short(value);
}

/** Three figures, however large or small the number is. */
function short(value: number): string {
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return number(value, Math.min(digits, 6));
}

/** What an interlock that tripped says is said by its alarm, as it was on the screen of the treatment. */
function asAlarm(what: What, alarms: Record<string, string>): JSX.Element | null {
  const text = what.kind === "interlock tripped" && alarms[String(what.name)];
  if (!text) return null;
  return (
    <p>
      {known(`alarm.said.${alarmKey(text)}`, text)}
      {" · "}
      <span lang="en">{String(what.name)}</span>
    </p>
  );
}

export function JournalDetails({ what, alarms }: { what: What; alarms: Record<string, string> }) {
  const alarm = asAlarm(what, alarms);
  const unit = typeof what.unit === "string" ? what.unit : "";
  const left = alarm ? ["sentence", "name", "unit", ...KEPT_FOR_PROGRAMS] : KEPT_FOR_PROGRAMS;
  const told = Object.entries(what).filter(
    (pair): pair is [string, string | number] =>
      !left.includes(pair[0]) && ["string", "number"].includes(typeof pair[1]) && pair[1] !== "",
  );
  const [sentences, values] = [
    told.filter(([name]) => SENTENCES.includes(name)),
    told.filter(([name]) => !SENTENCES.includes(name)),
  ];
  return (
    <div class="quiet">
      {alarm}
      {sentences.map(([name, value]) => (
        <p key={name}>
          <Said text={String(value)} />
        </p>
      ))}
      {values.length > 0 && (
        <p>{values.map(([name, value]) => `${t(`journal.${name}`)} ${written(name, value, unit)}`).join(" · ")}</p>
      )}
    </div>
  );
}
