/** Spots with their lights: shape and word beside the colour, reasons under the chosen one. */

import type { Light, Spot } from "../api/types";
import { number, quantity } from "../words/numbers";
import { t } from "../words/words";
import { Said } from "./said";
import { Fact } from "./says";
import { TableHead, type Column } from "./table-head";

const SHAPES: Record<Light, string> = { green: "●", amber: "▲", red: "■" };

function Details({ spot }: { spot: Spot }) {
  return (
    <div class="stack">
      {spot.reasons.map((reason) => (
        <p key={reason}>
          <Said text={reason} />
        </p>
      ))}
      <dl class="facts">
        <Fact name={t("spot.position")}>{spot.position_m.map((x) => number(x * 1e3, 1)).join(", ")} mm</Fact>
        <Fact name={t("spot.ceiling")}>{quantity(spot.power_ceiling_w, "W")}</Fact>
        <Fact name={t("spot.elements_off")}>{number(spot.elements_off)}</Fact>
        {spot.places > 1 && <Fact name={t("spot.places")}>{number(spot.places)}</Fact>}
        <Fact name={t("spot.off")}>{quantity(spot.off_s, "s")}</Fact>
      </dl>
    </div>
  );
}

function Row({ spot, open, choose }: { spot: Spot; open: boolean; choose: () => void }) {
  return (
    <>
      <tr aria-selected={open} class="choosable" onClick={choose}>
        <td>
          <span class={`mark ${spot.light}`} role="img" aria-label={t(`light.${spot.light}`)}>
            {SHAPES[spot.light]}
          </span>
        </td>
        <td class="number">
          <button type="button" class="plain" aria-expanded={open} onClick={choose}>
            {number(spot.index + 1)}
          </button>
        </td>
        <td class="number">{quantity(spot.power_w, "W")}</td>
        <td class="number">{quantity(spot.on_s, "s")}</td>
        <td class="number">{quantity(spot.predicted_peak_c, "°C")}</td>
      </tr>
      {open && (
        <tr>
          <td colSpan={5}>
            <Details spot={spot} />
          </td>
        </tr>
      )}
    </>
  );
}

const COLUMNS: Column[] = [
  { key: "spot.light", heard: true },
  { key: "spot.number", numeric: true },
  { key: "spot.power", numeric: true },
  { key: "spot.on", numeric: true },
  { key: "spot.peak", numeric: true },
];

export function SpotTable({
  spots,
  chosen,
  choose,
}: {
  spots: Spot[];
  chosen: number | null;
  choose: (spot: Spot) => void;
}) {
  const count = (light: Light): number => spots.filter((spot) => spot.light === light).length;
  return (
    <div class="stack">
      <div class="light-counts">
        {(["green", "amber", "red"] as const).map((light) => (
          <span key={light} class="row">
            <span class={`mark ${light}`} aria-hidden="true">
              {SHAPES[light]}
            </span>
            {number(count(light))} <span class="quiet">{t(`light.${light}`)}</span>
          </span>
        ))}
      </div>
      <table class="tight">
        <TableHead columns={COLUMNS} />
        <tbody>
          {spots.map((spot) => (
            <Row key={spot.index} spot={spot} open={spot.index === chosen} choose={() => choose(spot)} />
          ))}
        </tbody>
      </table>
    </div>
  );
}
