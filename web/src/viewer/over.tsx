/** What is drawn over the slices: the crosshair, marks, a ruler. */

import { number } from "../words/numbers";
import { AXES, dot, onPane, add } from "./geometry";
import type { Place, Size } from "./layout";
import type { Rectangle } from "./scene";
import type { ViewerState } from "./state";
import type { View } from "./geometry";

const GAP = 9;

function Cross({ at, x, y }: { at: Rectangle; x: number; y: number }) {
  const lines = [
    [at.x, y, x - GAP, y],
    [x + GAP, y, at.x + at.width, y],
    [x, at.y, x, y - GAP],
    [x, y + GAP, x, at.y + at.height],
  ];
  return (
    <g stroke="#5cc8d4" stroke-width="1" opacity="0.75">
      {lines.map(([x1, y1, x2, y2], index) => (
        <line key={index} x1={x1} y1={y1} x2={x2} y2={y2} />
      ))}
    </g>
  );
}

/** A ruler of a round number of millimetres, about a fifth of the pane. */
function Ruler({ at, scale }: { at: Rectangle; scale: number }) {
  const wanted = at.width * 0.2 * scale * 1e3;
  const length = [100, 50, 20, 10, 5, 2, 1].find((mm) => mm <= wanted) ?? 1;
  const pixels = (length * 1e-3) / scale;
  const [x, y] = [at.x + at.width - 14, at.y + at.height - 14];
  return (
    <g stroke="#e8ecef" fill="#e8ecef" stroke-width="1.5">
      <path d={`M${x - pixels} ${y - 4} v4 H${x} v-4`} fill="none" />
      <text
        x={x - pixels / 2}
        y={y - 7}
        font-size="11.5"
        text-anchor="middle"
        stroke="none"
      >{`${number(length)} mm`}</text>
    </g>
  );
}

function PaneOver({ state, view, at }: { state: ViewerState; view: View; at: Rectangle }) {
  const plane = state.plane(view);
  const toScreen = (p: Parameters<typeof onPane>[1]): [number, number] => {
    const [x, y] = onPane(plane, p);
    return [at.x + at.width / 2 + x, at.y + at.height / 2 + y];
  };
  const [x, y] = toScreen(state.cursor.value);
  const { into } = AXES[view];
  const near = state.marks.value.filter(
    (mark) => Math.abs(dot(add(mark.at, state.cursor.value, -1), into)) <= Math.max(mark.radius, 1e-3) * 1.01,
  );
  return (
    <g clip-path={`url(#clip-${view})`}>
      <clipPath id={`clip-${view}`}>
        <rect {...at} />
      </clipPath>
      {near.map((mark) => {
        const [cx, cy] = toScreen(mark.at);
        const radius = Math.max(3, mark.radius / plane.scale);
        return (
          <circle
            key={mark.name}
            cx={cx}
            cy={cy}
            r={radius}
            fill={mark.chosen ? `${mark.colour}66` : "none"}
            stroke={mark.colour}
            stroke-width={mark.chosen ? 2.5 : 1.5}
          />
        );
      })}
      <Cross at={at} x={x} y={y} />
      <Ruler at={at} scale={plane.scale} />
    </g>
  );
}

export function Over({ state, places, size }: { state: ViewerState; places: Place[]; size: Size }) {
  return (
    <svg class="over" viewBox={`0 0 ${size.width} ${size.height}`} aria-hidden="true">
      {places.map(
        ({ name, at }) => name !== "surface" && at && <PaneOver key={name} state={state} view={name} at={at} />,
      )}
    </svg>
  );
}
