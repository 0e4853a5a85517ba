/** Where the panes lie: one alone, two side by side, three with the first one large, four in a square. */

import type { View } from "./geometry";
import type { Rectangle } from "./scene";

export type PaneName = View | "surface";

export interface Size {
  width: number;
  height: number;
}

export interface Place {
  name: PaneName;
  at: Rectangle;
}

export function layout(panes: PaneName[], { width, height }: Size): Place[] {
  const half = Math.floor(height / 2);
  const left = Math.floor(width * (panes.length === 3 ? 0.6 : 0.5));
  const spots: Rectangle[][] = [
    [{ x: 0, y: 0, width, height }],
    [
      { x: 0, y: 0, width: left, height },
      { x: left, y: 0, width: width - left, height },
    ],
    [
      { x: 0, y: 0, width: left, height },
      { x: left, y: 0, width: width - left, height: half },
      { x: left, y: half, width: width - left, height: height - half },
    ],
    [
      { x: 0, y: 0, width: left, height: half },
      { x: left, y: 0, width: width - left, height: half },
      { x: 0, y: half, width: left, height: height - half },
      { x: left, y: half, width: width - left, height: height - half },
    ],
  ];
  const chosen = spots[panes.length - 1] ?? [];
  return panes.map((name, index) => ({ name, at: chosen[index]! }));
}
