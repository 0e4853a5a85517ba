/** Treatments and rehearsals: going on, ended, to be resumed or reported. */

import type { RunLine } from "../api/types";
import { Link } from "../parts/link";
import { useLoad } from "../parts/load";
import { ProblemSays, Waiting } from "../parts/says";
import { moment, number, quantity } from "../words/numbers";
import { known, t } from "../words/words";
import { TableHead, type Column } from "../parts/table-head";

const COLUMNS: Column[] = [
  { key: "runs.started" },
  { key: "plans.case" },
  { key: "runs.kind" },
  { key: "runs.state" },
  { key: "plan.spots", numeric: true },
  { key: "plan.energy", numeric: true },
];

function Line({ run }: { run: RunLine }) {
  const ended = run.state === "ended";
  return (
    <tr>
      <td>
        <Link to={ended ? `/review/${run.id}` : `/runs/${run.id}`}>{moment(run.started_at)}</Link>
      </td>
      <td>{run.case}</td>
      <td>{t(run.rehearsal ? "runs.rehearsal" : "runs.treatment")}</td>
      <td>
        <span class={ended ? "tag" : "tag ok"}>
          {ended && run.ending
            ? known(`ending.${run.ending.replaceAll(" ", "_")}`, run.ending)
            : t(`run.state.${run.state}`)}
        </span>
      </td>
      <td class="number">
        {number(run.spots_done)} / {number(run.spots)}
      </td>
      <td class="number">{quantity(run.energy_j / 1e3, "kJ", 1)}</td>
    </tr>
  );
}

export default function Runs({ plan }: { plan: string | null }) {
  const { data, problem } = useLoad<RunLine[]>(`/runs${plan ? `?plan=${encodeURIComponent(plan)}` : ""}`);
  return (
    <div class="list">
      <h1>{t("nav.runs")}</h1>
      <ProblemSays problem={problem} />
      {!data && !problem && <Waiting />}
      <div class="panel">
        <table>
          <TableHead columns={COLUMNS} />
          <tbody>
            {data?.map((run) => (
              <Line key={run.id} run={run} />
            ))}
          </tbody>
        </table>
        {data?.length === 0 && <p class="quiet pad">{t("runs.none")}</p>}
      </div>
    </div>
  );
}
