/** Two plans side by side: their figures, and their dose to every structure in one picture. */

import type { Comparison } from "../api/types";
import { Link } from "../parts/link";
import { useLoad } from "../parts/load";
import { ProblemSays } from "../parts/says";
import { DoseVolumeChart } from "../plot/dose-volume";
import { number, percent } from "../words/numbers";
import { t } from "../words/words";
import { spoken } from "../parts/said";

/** How a figure is read: by what its number is multiplied, its unit for people, its decimals. */
const READ: Record<string, [factor: number, unit: string, digits: number]> = {
  m3: [1e6, "mL", 2],
  J: [1e-3, "kJ", 2],
  s: [1 / 60, "min", 1],
  degC: [1, "°C", 1],
  W: [1, "W", 1],
};

function write(value: number | string | null, unit: string, name: string): string {
  if (typeof value !== "number") return value ?? "–";
  if (name === "coverage") return percent(value, 1);
  const [factor, , digits] = READ[unit] ?? [1, unit, Number.isInteger(value) ? 0 : 2];
  return number(value * factor, digits);
}

const unitOf = (unit: string): string => READ[unit]?.[1] ?? (unit === "1" ? "" : unit);

export default function Compare({ hashes }: { hashes: string[] }) {
  const { data, problem } = useLoad<Comparison>(`/compare?plans=${hashes.map(encodeURIComponent).join(",")}`);
  return (
    <div class="list">
      <h1>{t("compare.heading")}</h1>
      <ProblemSays problem={problem} />
      {data && (
        <div class="panel">
          <table>
            <thead>
              <tr>
                <th scope="col">{t("compare.figure")}</th>
                {data.plans.map((plan) => (
                  <th scope="col" class="number" key={plan.hash}>
                    <Link to={`/plans/${plan.hash}`}>{plan.hash.slice(0, 12)}</Link>
                  </th>
                ))}
                <th scope="col">{t("compare.unit")}</th>
              </tr>
            </thead>
            <tbody>
              {data.rows.map((row) => (
                <tr key={row.name}>
                  <th scope="row">{spoken(row.name).words}</th>
                  {row.values.map((value, at) => (
                    <td class="number" key={at}>
                      {write(value, row.unit, row.name)}
                    </td>
                  ))}
                  <td>{unitOf(row.unit)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {data && (
        <div class="panel">
          <DoseVolumeChart
            plans={data.plans.map((plan) => ({ name: plan.hash.slice(0, 6), curves: plan.dose_volume }))}
            height={320}
          />
        </div>
      )}
    </div>
  );
}
