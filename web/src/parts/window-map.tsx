/**
 * The acoustic window on the skin: how much of the beam arrives from each direction, and why some directions are
 * refused.
 */

import { useEffect, useRef } from "preact/hooks";
import type { PlanView, WindowMap } from "../api/types";
import { number } from "../words/numbers";
import { t } from "../words/words";
import { Aperture, DEGREE, type Direction, directionOf } from "./aperture";
import { useLoad } from "./load";
import { Said } from "./said";
import { ProblemSays, Waiting } from "./says";
import { TableHead, type Column } from "./table-head";

const REFUSED = "#3a3036";
const HEIGHT = 220;

function shade(value: number): string {
  const x = Math.min(1, Math.max(0, value));
  return `hsl(${215 - 35 * x} ${25 + 30 * x}% ${16 + 56 * x}%)`;
}

function paint(canvas: HTMLCanvasElement, map: WindowMap): void {
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
}

/** Where a direction lies on the canvas. */
function placeOf(canvas: HTMLCanvasElement, map: WindowMap, { azimuth, elevation }: Direction): [number, number] {
  const along = (values: number[], at: number): number => (at - values[0]!) / (values.at(-1)! - values[0]! || 1);
  const turns = along(map.azimuth_rad, azimuth);
  return [(turns - Math.floor(turns)) * canvas.width, (1 - along(map.elevation_rad, elevation)) * canvas.height];
}

/** The direction under a point of the canvas, in its own pixels. */
function under(canvas: HTMLCanvasElement, map: WindowMap, event: PointerEvent): Direction {
  const at = (values: number[], share: number): number => values[0]! + share * (values.at(-1)! - values[0]!);
  const inside = (share: number): number => Math.min(1, Math.max(0, share));
  const across = inside(event.offsetX / canvas.clientWidth);
  const up = inside(1 - event.offsetY / canvas.clientHeight);
  return { azimuth: at(map.azimuth_rad, across), elevation: at(map.elevation_rad, up) };
}

const RINGS = { planned: ["#ffffff", 6], tried: ["#ffd166", 9] } as const;

/** A ring where a beam comes in: the way from the focus to the transducer. */
function ring(canvas: HTMLCanvasElement, map: WindowMap, direction: Direction, which: keyof typeof RINGS): void {
  const context = canvas.getContext("2d")!;
  const [x, y] = placeOf(canvas, map, direction);
  const [colour, radius] = RINGS[which];
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
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

const STEP = 2 * DEGREE;
const FINE = 0.5 * DEGREE;
const MOVES: Record<string, [across: number, up: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** The direction a key moves to; null for a key that moves nothing. */
export function moved(from: Direction, key: string, fine: boolean): Direction | null {
  const move = MOVES[key];
  if (!move) return null;
  const step = fine ? FINE : STEP;
  const turned = from.azimuth + move[0] * step;
  const azimuth = turned - 2 * Math.PI * Math.floor((turned + Math.PI) / (2 * Math.PI));
  const elevation = Math.min(Math.PI / 2, Math.max(-Math.PI / 2, from.elevation + move[1] * step));
  return { azimuth, elevation };
}

interface WindowMapProps {
  plan: PlanView;
  /** The direction that is tried; null for the plan's own. */
  tried: Direction | null;
  attempt: (direction: Direction | null) => void;
}

function MapCanvas({ map, plan, tried, attempt }: WindowMapProps & { map: WindowMap }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const planned = directionOf(plan.pose.direction);
  useEffect(() => {
    if (!canvas.current) return;
    paint(canvas.current, map);
    ring(canvas.current, map, planned, "planned");
    if (tried) ring(canvas.current, map, tried, "tried");
  }, [map, plan, tried]);
  const drag = (event: PointerEvent): void => {
    if (event.buttons & 1) attempt(under(canvas.current!, map, event));
  };
  const press = (event: PointerEvent): void => {
    canvas.current!.setPointerCapture(event.pointerId);
    drag(event);
  };
  const key = (event: KeyboardEvent): void => {
    const next = moved(tried ?? planned, event.key, event.shiftKey);
    if (!next) return;
    event.preventDefault();
    attempt(next);
  };
  return (
    <canvas
      ref={canvas}
      width={368}
      height={HEIGHT}
      class="window-map"
      role="application"
      tabIndex={0}
      aria-label={`${t("window_map.label")}. ${t("window_map.drag")}`}
      onPointerDown={press}
      onPointerMove={drag}
      onKeyDown={key}
    />
  );
}

export function WindowMapView(props: WindowMapProps) {
  const { plan, tried, attempt } = props;
  useEffect(() => () => attempt(null), []); // elsewhere the beam shown is the plan's
  const { data: map, problem } = useLoad<WindowMap>(`/plans/${plan.hash}/window`);
  return (
    <div class="stack">
      <p class="quiet">
        {t("window_map.how")} {t("window_map.drag")}
      </p>
      <ProblemSays problem={problem} />
      {!map && !problem && <Waiting />}
      {map && <MapCanvas {...props} map={map} />}
      <div class="row quiet">
        <span>{t("window_map.azimuth")}</span>
        <span class="gap" />
        <span>{t("window_map.elevation")}</span>
      </div>
      {tried && <Aperture plan={plan} tried={tried} back={() => attempt(null)} />}
      {map && refusedShares(map).length > 0 && (
        <table class="tight">
          <TableHead columns={SHARES} />
          <tbody>
            {refusedShares(map).map(({ name, share }) => (
              <tr key={name}>
                <td>
                  <Said text={name} />
                </td>
                <td class="number">{number(share * 100)} %</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}
