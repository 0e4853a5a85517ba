/** How far a plan's figures spread over what is not known: a study as a piece of work, and its bands. */

import { useState } from "preact/hooks";
import { ask, follow, may } from "../api/client";
import type { Job, PlanView, Study } from "../api/types";
import { number, sentence } from "../words/numbers";
import { t } from "../words/words";
import { JobCard } from "./job-card";
import { CheckLine } from "./check-line";
import { Said, spoken } from "./said";
import { ProblemSays } from "./says";
import { type Column, TableHead } from "./table-head";

const LEAST = 8;
const USUAL = 64;
const MOST = 512;

/** How a figure is written: what it is multiplied by, its unit for people, its decimals. */
const FORMS: Record<string, [factor: number, unit: string, digits: number]> = {
  "1": [100, "%", 1],
  degC: [1, "°C", 1],
  s: [1 / 60, "min", 1],
  J: [1e-3, "kJ", 1],
  min: [1, "min", 1],
};

const BANDS: Column[] = [
  { key: "robust.figure" },
  { key: "robust.planned", numeric: true },
  { key: "robust.band", numeric: true },
];

function Bands({ study }: { study: Study }) {
  return (
    <table class="tight">
      <TableHead columns={BANDS} />
      <tbody>
        {study.bands.map((band) => {
          const [factor, unit, digits] = FORMS[band.unit] ?? [1, band.unit, 1];
          const write = (value: number): string => number(value * factor, digits);
          return (
            <tr key={band.name}>
              <th scope="row">{spoken(band.name).words}</th>
              <td class="number">{write(band.nominal)}</td>
              <td class="number">
                {write(band.low)} – {write(band.high)} {unit}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Found({ study }: { study: Study }) {
  return (
    <>
      <p>{sentence(t("robust.found", { count: number(study.scenarios), asked: number(study.asked) }))}</p>
      <Bands study={study} />
      <p>
        <Said text={study.measure} />
      </p>
      <ul class="verdicts">
        {study.checks
          .filter((check) => !check.ok)
          .map((check) => (
            <CheckLine key={check.name} check={check} />
          ))}
      </ul>
    </>
  );
}

export function Robust({ plan, changed }: { plan: PlanView; changed: () => void }) {
  const [scenarios, setScenarios] = useState(USUAL);
  const [job, setJob] = useState<Job | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const start = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      setProblem(null);
      const started = await ask<Job>("POST", `/plans/${plan.hash}/robustness`, { scenarios });
      const ended = await follow(started.id, setJob);
      if (ended?.state === "done") changed();
    } catch (error) {
      setProblem(error);
    }
  };
  const busy = job !== null && (job.state === "waiting" || job.state === "running");
  return (
    <section class="stack">
      <h2>{t("robust.heading")}</h2>
      <p class="quiet">{t("robust.how")}</p>
      {plan.robustness && <Found study={plan.robustness} />}
      {plan.approvals.length === 0 && may("physicist", "physician") && (
        <form class="row wrap" onSubmit={start}>
          <label class="row">
            {t("robust.scenarios")}
            <input
              type="number"
              min={LEAST}
              max={MOST}
              value={scenarios}
              onInput={(event) => setScenarios(Number(event.currentTarget.value))}
            />
          </label>
          <button type="submit" disabled={busy}>
            {t("robust.start")}
          </button>
        </form>
      )}
      {job && <JobCard job={job} changed={setJob} />}
      <ProblemSays problem={problem} />
    </section>
  );
}
