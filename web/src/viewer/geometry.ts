/** Places: affine matrices (4x4 rows, index -> patient LPS metres), planes of the three views, and what lies where. */

import type { Affine, Vector } from "../api/types";

export type View = "axial" | "coronal" | "sagittal";
export const VIEWS: View[] = ["axial", "coronal", "sagittal"];

/**
 * Directions on the screen of each view, in patient LPS (x to the left, y to the back, z to the head): seen from
 * the feet, the front, the left.
 */
export const AXES: Record<View, { right: Vector; down: Vector; into: Vector }> = {
  axial: { right: [1, 0, 0], down: [0, 1, 0], into: [0, 0, 1] },
  coronal: { right: [1, 0, 0], down: [0, 0, -1], into: [0, 1, 0] },
  sagittal: { right: [0, 1, 0], down: [0, 0, -1], into: [1, 0, 0] },
};

export interface Plane {
  view: View;
  /** Patient position shown in the middle of the pane [m]. */
  centre: Vector;
  /** Metres per CSS pixel. */
  scale: number;
}

export function add(a: Vector, b: Vector, times = 1): Vector {
  return [a[0] + times * b[0], a[1] + times * b[1], a[2] + times * b[2]];
}

export function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

export function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

export function length(a: Vector): number {
  return Math.sqrt(dot(a, a));
}

export function unit(a: Vector): Vector {
  return add([0, 0, 0], a, 1 / (length(a) || 1));
}

/** An affine applied to a point. */
export function apply(affine: Affine, p: Vector): Vector {
  const row = (r: number[]): number => r[0]! * p[0] + r[1]! * p[1] + r[2]! * p[2] + r[3]!;
  return [row(affine[0]!), row(affine[1]!), row(affine[2]!)];
}

/** Inverse of an affine; throws where it has none. */
export function invert(affine: Affine): Affine {
  const column = (c: number): Vector => [affine[0]![c]!, affine[1]![c]!, affine[2]![c]!];
  const [a, b, c, o] = [column(0), column(1), column(2), column(3)];
  const determinant = dot(a, cross(b, c));
  if (determinant === 0) throw new Error("an affine with no inverse");
  const rows = [cross(b, c), cross(c, a), cross(a, b)].map((v) => add([0, 0, 0], v, 1 / determinant));
  return [...rows.map((r) => [...r, -dot(r, o)]), [0, 0, 0, 1]];
}

/** Length of one index step along each axis [m]. */
export function spacing(affine: Affine): Vector {
  return [0, 1, 2].map((c) => Math.hypot(affine[0]![c]!, affine[1]![c]!, affine[2]![c]!)) as Vector;
}

/** Corners of a grid's box, and its middle, in patient LPS [m]. */
export function box(shape: Vector, affine: Affine): { low: Vector; high: Vector; middle: Vector } {
  const low: Vector = [Infinity, Infinity, Infinity];
  const high: Vector = [-Infinity, -Infinity, -Infinity];
  for (let corner = 0; corner < 8; corner++) {
    const index = shape.map((n, axis) => ((corner >> axis) & 1 ? n - 0.5 : -0.5)) as Vector;
    apply(affine, index).forEach((value, axis) => {
      low[axis] = Math.min(low[axis]!, value);
      high[axis] = Math.max(high[axis]!, value);
    });
  }
  return { low, high, middle: add(low, add(high, low, -1), 0.5) };
}

/** Patient position under a pixel measured from the middle of the pane (x to the right, y down) [m]. */
export function onPlane(plane: Plane, x: number, y: number): Vector {
  const { right, down } = AXES[plane.view];
  return add(add(plane.centre, right, x * plane.scale), down, y * plane.scale);
}

/** Pixel, from the middle of the pane, where a patient position is seen. */
export function onPane(plane: Plane, p: Vector): [x: number, y: number] {
  const { right, down } = AXES[plane.view];
  const away = add(p, plane.centre, -1);
  return [dot(away, right) / plane.scale, dot(away, down) / plane.scale];
}

/** Offset of the voxel that a position lies in, in an array of C order (i, j, k: k fastest); -1 outside. */
export function voxelAt(shape: Vector, inverse: Affine, p: Vector): number {
  const [i, j, k] = apply(inverse, p).map(Math.round) as Vector;
  const inside = i >= 0 && j >= 0 && k >= 0 && i < shape[0] && j < shape[1] && k < shape[2];
  return inside ? (i * shape[1] + j) * shape[2] + k : -1;
}

/** The index axis that lies closest to a direction. */
export function indexAxis(affine: Affine, direction: Vector): number {
  const along = [0, 1, 2].map((c) => Math.abs(dot([affine[0]![c]!, affine[1]![c]!, affine[2]![c]!], direction)));
  const sizes = spacing(affine);
  const shares = along.map((value, axis) => value / sizes[axis]!);
  return shares.indexOf(Math.max(...shares));
}
