/** Two plans side by side: their figures, and their dose to every structure in one picture. */

import type { Comparison } from "../api/types";
import { Link } from "../parts/link";
import { useLoad } from "../parts/load";
import { ProblemSays } from "../parts/says";
import { DoseVolumeChart } from "../plot/dose-volume";
import { number } from "../words/numbers";
import { known, t } from "../words/words";

const write = (value: number | string | null): string =>
  typeof value === "number" ? number(value, Math.abs(value) < 10 ? 2 : 1) : (value ?? "–");

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
                  <th scope="row">{known(`figure.${row.name}`, row.name)}</th>
                  {row.values.map((value, at) => (
                    <td class="number" key={at}>
                      {write(value)}
                    </td>
                  ))}
                  <td>{row.unit}</td>
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
