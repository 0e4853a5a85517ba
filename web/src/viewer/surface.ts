/** Surfaces out of volumes: naive surface nets, one vertex in every cell that the surface passes. */

import type { Affine, Vector } from "../api/types";
import { apply } from "./geometry";

export interface Surface {
  points: Float32Array;
  normals: Float32Array;
  triangles: Uint32Array;
}

/** A coarser yes/no volume: cell (i, j, k) is the share of yes in a block of `block` voxels along each axis. */
export function coarse(
  shape: Vector,
  block: Vector,
  yes: (offset: number) => boolean,
): { shape: Vector; data: Float32Array } {
  const small = shape.map((n, axis) => Math.ceil(n / block[axis]!)) as Vector;
  const data = new Float32Array(small[0] * small[1] * small[2]);
  const share = 1 / (block[0] * block[1] * block[2]);
  let offset = 0;
  for (let i = 0; i < shape[0]; i++) {
    for (let j = 0; j < shape[1]; j++) {
      const row = (Math.floor(i / block[0]) * small[1] + Math.floor(j / block[1])) * small[2];
      for (let k = 0; k < shape[2]; k++, offset++) if (yes(offset)) data[row + Math.floor(k / block[2])]! += share;
    }
  }
  return { shape: small, data };
}

/** The affine of a coarse volume: its indices stand for the middles of the blocks. */
export function coarseAffine(affine: Affine, block: Vector): Affine {
  const origin = apply(affine, block.map((b) => (b - 1) / 2) as Vector);
  return affine.slice(0, 3).map((row, r) => [row[0]! * block[0], row[1]! * block[1], row[2]! * block[2], origin[r]!]);
}

const CORNERS: Vector[] = [0, 1, 2, 3, 4, 5, 6, 7].map((c) => [c >> 2, (c >> 1) & 1, c & 1] as Vector);

/** Middle of the crossings of a cell's twelve edges, in cells; null where the surface does not pass. */
function crossing(values: number[], level: number): Vector | null {
  const sum: Vector = [0, 0, 0];
  let count = 0;
  for (let a = 0; a < 8; a++) {
    for (const bit of [1, 2, 4]) {
      const b = a | bit;
      if (b === a || values[a]! >= level === values[b]! >= level) continue;
      const part = (level - values[a]!) / (values[b]! - values[a]!);
      CORNERS[a]!.forEach((low, axis) => (sum[axis]! += low + part * (CORNERS[b]![axis]! - low)));
      count++;
    }
  }
  return count ? (sum.map((s) => s / count) as Vector) : null;
}

/** The surface where a volume (C order) passes `level`, in patient metres. */
export function surfaceOf(shape: Vector, data: Float32Array, affine: Affine, level = 0.5): Surface {
  const [ni, nj, nk] = shape;
  const at = (i: number, j: number, k: number): number => (i * nj + j) * nk + k;
  const vertexOf = new Int32Array(data.length).fill(-1);
  const points: number[] = [];
  const triangles: number[] = [];
  const strides = [nj * nk, nk, 1];
  const quad = (here: number, u: number, v: number, flip: boolean): void => {
    const [a, b, c, d] = [vertexOf[here]!, vertexOf[here - u]!, vertexOf[here - u - v]!, vertexOf[here - v]!];
    if (Math.min(a, b, c, d) < 0) return;
    triangles.push(...(flip ? [a, c, b, a, d, c] : [a, b, c, a, c, d]));
  };
  for (let i = 0; i < ni - 1; i++) {
    for (let j = 0; j < nj - 1; j++) {
      for (let k = 0; k < nk - 1; k++) {
        const here = at(i, j, k);
        const inside = crossing(
          CORNERS.map(([a, b, c]) => data[at(i + a, j + b, k + c)]!),
          level,
        );
        if (!inside) continue;
        vertexOf[here] = points.length / 3;
        points.push(...apply(affine, [i + inside[0], j + inside[1], k + inside[2]]));
        const low = data[here]! >= level;
        if (j > 0 && k > 0 && low !== data[at(i + 1, j, k)]! >= level) quad(here, strides[1]!, strides[2]!, low);
        if (i > 0 && k > 0 && low !== data[at(i, j + 1, k)]! >= level) quad(here, strides[2]!, strides[0]!, low);
        if (i > 0 && j > 0 && low !== data[at(i, j, k + 1)]! >= level) quad(here, strides[0]!, strides[1]!, low);
      }
    }
  }
  return withNormals(Float32Array.from(points), Uint32Array.from(triangles));
}

/** Adds to every vertex the mean normal of its triangles. */
export function withNormals(points: Float32Array, triangles: Uint32Array): Surface {
  const normals = new Float32Array(points.length);
  for (let t = 0; t < triangles.length; t += 3) {
    const [a, b, c] = [triangles[t]! * 3, triangles[t + 1]! * 3, triangles[t + 2]! * 3];
    const [ux, uy, uz] = [0, 1, 2].map((x) => points[b + x]! - points[a + x]!) as Vector;
    const [vx, vy, vz] = [0, 1, 2].map((x) => points[c + x]! - points[a + x]!) as Vector;
    const n = [uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx];
    for (const corner of [a, b, c]) n.forEach((value, x) => (normals[corner + x]! += value));
  }
  return { points, normals, triangles };
}
