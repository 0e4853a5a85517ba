/** Dose-volume curves: the share of a structure that received at least a dose, over doses on a logarithmic axis. */

import type { CurveBand, DoseVolume } from "../api/types";
import { t } from "../words/words";
import { type Band, COLOURS, Chart, type Series } from "./chart";

/** The share at a dose, read off a falling curve; null beyond its ends. */
export function shareAt(curve: DoseVolume, dose: number): number | null {
  const above = curve.cem43_min.findIndex((at) => at >= dose);
  if (above < 0) return null;
  if (above === 0) return curve.fraction[0] ?? null;
  const [d0, d1] = [curve.cem43_min[above - 1]!, curve.cem43_min[above]!];
  const [f0, f1] = [curve.fraction[above - 1]!, curve.fraction[above]!];
  return d1 === d0 ? f1 : f0 + ((dose - d0) / (d1 - d0)) * (f1 - f0);
}

const AXIS = Array.from({ length: 121 }, (_, n) => 10 ** (-1 + n / 24));

const DASHES: (number[] | undefined)[] = [undefined, [6, 4]];

/** The band of the target's curve on the chart's own doses. */
function bandOf(band: CurveBand): Band {
  const edge = (fraction: number[]): (number | null)[] =>
    AXIS.map((dose) => {
      const share = shareAt({ structure: "", cem43_min: band.cem43_min, fraction }, dose);
      return share === null ? null : share * 100;
    });
  return { name: t("robust.target_band"), colour: COLOURS[0]!, low: edge(band.low), high: edge(band.high) };
}

export function DoseVolumeChart({
  plans,
  height = 220,
  band = null,
}: {
  plans: { name: string; curves: DoseVolume[] }[];
  height?: number;
  band?: CurveBand | null;
}) {
  const structures = [...new Set(plans.flatMap((plan) => plan.curves.map((curve) => curve.structure)))];
  const series: Series[] = plans.flatMap((plan, which) =>
    plan.curves.map((curve) => ({
      name: plans.length > 1 ? `${curve.structure} ${plan.name}` : curve.structure,
      colour: COLOURS[structures.indexOf(curve.structure) % COLOURS.length]!,
      dash: DASHES[which],
      values: AXIS.map((dose) => {
        const share = shareAt(curve, dose);
        return share === null ? null : share * 100;
      }),
    })),
  );
  return (
    <Chart
      title={t("plan.dose_volume")}
      unit="%"
      x={{ name: "CEM43 [min]", values: AXIS, log: true, digits: 1 }}
      series={series}
      height={height}
      range={[0, 101]}
      band={band ? bandOf(band) : undefined}
    />
  );
}
