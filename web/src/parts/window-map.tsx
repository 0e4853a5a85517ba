/**
 * The acoustic window on the skin: how much of the beam arrives from each direction, and why some directions are
 * refused.
 */

import { useEffect, useRef } from "preact/hooks";
import type { Vector, WindowMap } from "../api/types";
import { number } from "../words/numbers";
import { t } from "../words/words";
import { useLoad } from "./load";
import { ProblemSays, Waiting } from "./says";
import { TableHead, type Column } from "./table-head";

const REFUSED = "#3a3036";
const HEIGHT = 220;

function shade(value: number): string {
  const x = Math.min(1, Math.max(0, value));
  return `hsl(${215 - 35 * x} ${25 + 30 * x}% ${16 + 56 * x}%)`;
}

function paint(canvas: HTMLCanvasElement, map: WindowMap, direction: Vector): void {
  const context = canvas.getContext("2d")!;
  const [columns, rows] = [map.azimuth_rad.length, map.elevation_rad.length];
  const across = map.amplitude.length === columns;
  const highest = Math.max(1e-9, ...map.amplitude.flat().map((value) => value ?? 0));
  const [w, h] = [canvas.width / columns, canvas.height / rows];
  for (let c = 0; c < columns; c++) {
    for (let r = 0; r < rows; r++) {
      const value = across ? map.amplitude[c]?.[r] : map.amplitude[r]?.[c];
      context.fillStyle = value === null || value === undefined ? REFUSED : shade(value / highest);
      context.fillRect(Math.floor(c * w), Math.floor(canvas.height - (r + 1) * h), Math.ceil(w), Math.ceil(h));
    }
  }
  mark(context, canvas, map, direction);
}

/** A ring where the plan's beam comes in: the way from the focus to the transducer. */
function mark(context: CanvasRenderingContext2D, canvas: HTMLCanvasElement, map: WindowMap, direction: Vector): void {
  const [azimuth, elevation] = [
    Math.atan2(-direction[1], -direction[0]),
    Math.asin(Math.max(-1, Math.min(1, -direction[2]))),
  ];
  const along = (values: number[], at: number): number => (at - values[0]!) / (values.at(-1)! - values[0]! || 1);
  const turns = along(map.azimuth_rad, azimuth);
  const x = (turns - Math.floor(turns)) * canvas.width;
  const y = (1 - along(map.elevation_rad, elevation)) * canvas.height;
  context.strokeStyle = "#ffffff";
  context.lineWidth = 2;
  context.beginPath();
  context.arc(x, y, 6, 0, 2 * Math.PI);
  context.stroke();
}

function refusedShares(map: WindowMap): { name: string; share: number }[] {
  const all = map.refusal.flat();
  return map.refusals
    .map((name, index) => ({ name, share: all.filter((value) => value === index).length / Math.max(1, all.length) }))
    .filter((refusal) => refusal.share > 0 && refusal.name !== "")
    .sort((a, b) => b.share - a.share);
}

const SHARES: Column[] = [{ key: "window_map.refused" }, { key: "window_map.share", numeric: true }];

export function WindowMapView({ hash, pose }: { hash: string; pose: { direction: Vector } }) {
  const { data: map, problem } = useLoad<WindowMap>(`/plans/${hash}/window`);
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (map && canvas.current) paint(canvas.current, map, pose.direction);
  }, [map]);
  return (
    <div class="stack">
      <p class="quiet">{t("window_map.how")}</p>
      <ProblemSays problem={problem} />
      {!map && !problem && <Waiting />}
      <canvas
        ref={canvas}
        width={368}
        height={HEIGHT}
        class="window-map"
        role="img"
        aria-label={t("window_map.label")}
      />
      <div class="row quiet">
        <span>{t("window_map.azimuth")}</span>
        <span class="gap" />
        <span>{t("window_map.elevation")}</span>
      </div>
      {map && refusedShares(map).length > 0 && (
        <table class="tight">
          <TableHead columns={SHARES} />
          <tbody>
            {refusedShares(map).map(({ name, share }) => (
              <tr key={name}>
                <td>{name}</td>
                <td class="number">{number(share * 100)} %</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}
