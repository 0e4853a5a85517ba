/** The parts of a plan that are words and curves: figures, checks with their sources, what is predicted. */

import type { PlanView } from "../api/types";
import { COLOURS, Chart } from "../plot/chart";
import { DoseVolumeChart } from "../plot/dose-volume";
import { duration, number, percent, quantity } from "../words/numbers";
import { t } from "../words/words";
import { CheckLine } from "./check-line";
import { Robust } from "./robust";
import { Said } from "./said";
import { Fact } from "./says";

const ML = 1e6;

export function OrganTable({ organs }: { organs: PlanView["metrics"]["organs"] }) {
  return (
    <table class="tight">
      <thead>
        <tr>
          <th scope="col">{t("plan.organ")}</th>
          <th scope="col" class="number">
            {t("spot.peak")}
          </th>
          <th scope="col" class="number">
            CEM43
          </th>
          <th scope="col" class="number">
            {t("plan.over_limit")}
          </th>
        </tr>
      </thead>
      <tbody>
        {organs.map((organ) => (
          <tr key={organ.organ}>
            <th scope="row">{organ.organ}</th>
            <td class="number">{quantity(organ.peak_temperature_c, "°C", 1)}</td>
            <td class="number">{quantity(organ.cem43_max_min, "min", 1)}</td>
            <td class="number">{quantity(organ.volume_over_limit_m3 * ML, "mL", 2)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function PlanSummary({ plan }: { plan: PlanView }) {
  const { metrics } = plan;
  return (
    <div class="stack">
      <div class="row wrap">
        <h2 class="title">{plan.case}</h2>
        <span class={plan.approved ? "tag ok" : "tag"}>
          {t(plan.approved ? "plan.approved" : plan.rehearsed ? "plan.rehearsed" : "plan.new")}
        </span>
      </div>
      <dl class="facts">
        <Fact name={t("plan.hash")}>{plan.hash.slice(0, 16)}</Fact>
        <Fact name={t("cases.device")}>
          {plan.device} · {plan.serial}
        </Fact>
        <Fact name={t("plan.coverage")}>{percent(metrics.coverage, 1)}</Fact>
        <Fact name={t("plan.target_volume")}>{quantity(metrics.target_volume_m3 * ML, "mL", 1)}</Fact>
        <Fact name={t("plan.ablated_volume")}>{quantity(metrics.ablated_volume_m3 * ML, "mL", 1)}</Fact>
        <Fact name={t("plan.peak")}>{quantity(metrics.peak_temperature_c, "°C", 1)}</Fact>
        <Fact name={t("plan.energy")}>{quantity(metrics.energy_j / 1e3, "kJ", 1)}</Fact>
        <Fact name={t("plan.time")}>{duration(metrics.treatment_time_s)}</Fact>
        <Fact name={t("plan.spots")}>{number(plan.spots.length)}</Fact>
      </dl>
      {plan.unmet.map((wish) => (
        <p class="says warning" key={wish}>
          <Said text={wish} />
        </p>
      ))}
      <h2>{t("plan.organs")}</h2>
      {metrics.organs.length > 0 ? (
        <OrganTable organs={metrics.organs} />
      ) : (
        <p class="quiet">{t("plan.organs.none")}</p>
      )}
    </div>
  );
}

const ORDER = { error: 0, warning: 1, ok: 2 };

export function PlanChecks({ plan }: { plan: PlanView }) {
  const worstFirst = [...plan.checks].sort((a, b) => ORDER[a.verdict] - ORDER[b.verdict]);
  return (
    <ul class="verdicts">
      {worstFirst.map((check) => (
        <CheckLine key={check.name + check.sentence} check={check} />
      ))}
    </ul>
  );
}

export function PlanCurves({ plan, changed }: { plan: PlanView; changed: () => void }) {
  const minutes = plan.curves.time_s.map((s) => s / 60);
  const hottest = Object.entries(plan.curves.hottest_c).map(([name, values], at) => ({
    name,
    values,
    colour: COLOURS[at % COLOURS.length]!,
  }));
  const power = [{ name: t("spot.power"), values: plan.curves.power_w, colour: COLOURS[0]! }];
  return (
    <div class="stack">
      <DoseVolumeChart plans={[{ name: "", curves: plan.dose_volume }]} band={plan.robustness?.target ?? null} />
      <Robust plan={plan} changed={changed} />
      <Chart
        title={t("plan.hottest")}
        unit="°C"
        x={{ name: t("chart.minutes"), values: minutes }}
        series={hottest}
        bounds={[
          { value: 43, colour: "#5cc8d4" },
          { value: 56, colour: "#e8ecef" },
        ]}
      />
      <Chart
        title={t("spot.power")}
        unit="W"
        x={{ name: t("chart.minutes"), values: minutes }}
        series={power}
        height={130}
      />
    </div>
  );
}
