/** Plans: list, and two of them side by side. */

import { useState } from "preact/hooks";
import type { PlanLine } from "../api/types";
import { Link } from "../parts/link";
import { useLoad } from "../parts/load";
import { ProblemSays, Waiting } from "../parts/says";
import { go } from "../route";
import { moment, number, percent, quantity } from "../words/numbers";
import { t } from "../words/words";
import { TableHead, type Column } from "../parts/table-head";

function Standing({ plan }: { plan: PlanLine }) {
  if (plan.approved) return <span class="tag ok">{t("plan.approved")}</span>;
  if (plan.errors > 0) return <span class="tag danger">{t("plan.errors", { count: plan.errors })}</span>;
  if (plan.rehearsed) return <span class="tag">{t("plan.rehearsed")}</span>;
  return <span class="tag">{t("plan.new")}</span>;
}

function Line({ plan, chosen, choose }: { plan: PlanLine; chosen: boolean; choose: () => void }) {
  const short = plan.hash.slice(0, 12);
  return (
    <tr aria-selected={chosen}>
      <td>
        <input type="checkbox" aria-label={t("plans.choose", { plan: short })} checked={chosen} onChange={choose} />
      </td>
      <td>
        <Link to={`/plans/${plan.hash}`}>{short}</Link>
      </td>
      <td>{plan.case}</td>
      <td>{plan.device}</td>
      <td>{moment(plan.made_at)}</td>
      <td class="number">{number(plan.spot_count)}</td>
      <td class="number">{quantity(plan.energy_j / 1e3, "kJ", 1)}</td>
      <td class="number">{percent(plan.coverage, 1)}</td>
      <td>
        <Standing plan={plan} />
      </td>
    </tr>
  );
}

const COLUMNS: Column[] = [
  { key: "plans.compare", heard: true },
  { key: "plans.plan" },
  { key: "plans.case" },
  { key: "cases.device" },
  { key: "plans.made" },
  { key: "plan.spots", numeric: true },
  { key: "plan.energy", numeric: true },
  { key: "plan.coverage", numeric: true },
  { key: "plans.standing" },
];

export default function Plans({ of }: { of: string | null }) {
  const { data, problem } = useLoad<PlanLine[]>(`/plans${of ? `?case=${encodeURIComponent(of)}` : ""}`);
  const [chosen, setChosen] = useState<string[]>([]);
  const toggle = (hash: string) => () =>
    setChosen(chosen.includes(hash) ? chosen.filter((one) => one !== hash) : [...chosen, hash].slice(-2));
  return (
    <div class="list">
      <div class="heading">
        <h1>{t("nav.plans")}</h1>
        <span class="gap" />
        {of && (
          <Link class="button" to={`/cases/${of}`}>
            {t("plans.to_case")}
          </Link>
        )}
        <button type="button" disabled={chosen.length !== 2} onClick={() => go(`/compare?plans=${chosen.join(",")}`)}>
          {t("plans.compare")}
        </button>
      </div>
      <ProblemSays problem={problem} />
      {!data && !problem && <Waiting />}
      <div class="panel">
        <table>
          <TableHead columns={COLUMNS} />
          <tbody>
            {data?.map((plan) => (
              <Line key={plan.hash} plan={plan} chosen={chosen.includes(plan.hash)} choose={toggle(plan.hash)} />
            ))}
          </tbody>
        </table>
        {data?.length === 0 && <p class="quiet pad">{t("plans.none")}</p>}
      </div>
    </div>
  );
}
