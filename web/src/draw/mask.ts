/**
 * Editing a mask on the image's grid: brush, sphere, threshold, interpolation between slices, undo. Arrays of C
 * order.
 */

import type { Affine, Vector } from "../api/types";
import { apply, invert, spacing } from "../viewer/geometry";

const REMEMBERED = 40;

interface Change {
  offsets: Uint32Array;
  before: Uint8Array;
}

/** Slabs of the first axis that changed, inclusive; null when nothing did. */
export type Touched = [from: number, to: number] | null;

export class Mask {
  readonly data: Uint8Array;
  private readonly inverse: Affine;
  private readonly steps: Vector;
  private undoable: Change[] = [];
  private redoable: Change[] = [];
  private stroke = new Map<number, number>();

  constructor(
    readonly shape: Vector,
    affine: Affine,
    data?: Uint8Array,
  ) {
    this.data = data ?? new Uint8Array(shape[0] * shape[1] * shape[2]);
    this.inverse = invert(affine);
    this.steps = spacing(affine);
  }

  get canUndo(): boolean {
    return this.undoable.length > 0;
  }

  get canRedo(): boolean {
    return this.redoable.length > 0;
  }

  count(): number {
    return this.data.reduce((sum, value) => sum + (value ? 1 : 0), 0);
  }

  private set(offset: number, value: number): boolean {
    if (this.data[offset] === value) return false;
    if (!this.stroke.has(offset)) this.stroke.set(offset, this.data[offset]!);
    this.data[offset] = value;
    return true;
  }

  /** Ends a stroke: everything since the last end is undone together. */
  end(): void {
    if (this.stroke.size === 0) return;
    this.undoable.push({
      offsets: Uint32Array.from(this.stroke.keys()),
      before: Uint8Array.from(this.stroke.values()),
    });
    if (this.undoable.length > REMEMBERED) this.undoable.shift();
    this.redoable = [];
    this.stroke.clear();
  }

  private swap(change: Change): Touched {
    let [from, to] = [Infinity, -1];
    const slab = this.shape[1] * this.shape[2];
    change.offsets.forEach((offset, n) => {
      const kept = this.data[offset]!;
      this.data[offset] = change.before[n]!;
      change.before[n] = kept;
      const i = Math.floor(offset / slab);
      [from, to] = [Math.min(from, i), Math.max(to, i)];
    });
    return to < 0 ? null : [from, to];
  }

  undo(): Touched {
    this.end();
    const change = this.undoable.pop();
    if (!change) return null;
    this.redoable.push(change);
    return this.swap(change);
  }

  redo(): Touched {
    const change = this.redoable.pop();
    if (!change) return null;
    this.undoable.push(change);
    return this.swap(change);
  }

  /**
   * Sets every voxel within `radius` [m] of a patient position; with `flat` (an index axis) only those of the
   * position's own slice.
   * `allowed` may refuse a voxel (a threshold brush).
   */
  ball(
    p: Vector,
    radius: number,
    value: 0 | 1,
    flat: number | null = null,
    allowed?: (offset: number) => boolean,
  ): Touched {
    const centre = apply(this.inverse, p);
    const reach = this.steps.map((step, axis) => (axis === flat ? 0 : radius / step)) as Vector;
    const low = centre.map((c, axis) =>
      Math.max(0, Math.ceil(axis === flat ? Math.round(c) : c - reach[axis]!)),
    ) as Vector;
    const high = centre.map((c, axis) =>
      Math.min(this.shape[axis]! - 1, Math.floor(axis === flat ? Math.round(c) : c + reach[axis]!)),
    ) as Vector;
    let [from, to] = [Infinity, -1];
    for (let i = low[0]; i <= high[0]; i++) {
      for (let j = low[1]; j <= high[1]; j++) {
        for (let k = low[2]; k <= high[2]; k++) {
          const away = [i, j, k].map((index, axis) =>
            axis === flat ? 0 : (index - centre[axis]!) * this.steps[axis]!,
          );
          if (Math.hypot(...away) > radius) continue;
          const offset = (i * this.shape[1] + j) * this.shape[2] + k;
          if ((!allowed || allowed(offset)) && this.set(offset, value))
            [from, to] = [Math.min(from, i), Math.max(to, i)];
        }
      }
    }
    return to < 0 ? null : [from, to];
  }

  /** Keeps of the mask, or of a ball, only voxels whose image value lies within [low, high]. */
  keepWithin(image: Int16Array, low: number, high: number): Touched {
    return this.everywhere((offset) =>
      this.data[offset] && (image[offset]! < low || image[offset]! > high) ? 0 : null,
    );
  }

  private everywhere(next: (offset: number) => 0 | 1 | null): Touched {
    let [from, to] = [Infinity, -1];
    const slab = this.shape[1] * this.shape[2];
    for (let offset = 0; offset < this.data.length; offset++) {
      const value = next(offset);
      if (value === null || !this.set(offset, value)) continue;
      const i = Math.floor(offset / slab);
      [from, to] = [Math.min(from, i), Math.max(to, i)];
    }
    return to < 0 ? null : [from, to];
  }

  /**
   * Fills empty slices between drawn ones along an index axis, by the signed distance to the rim in both
   * neighbours.
   */
  interpolate(axis: number): Touched {
    const slices = slicesOf(this.shape, axis);
    const drawn = slices.map((slice) => slice.some((offset) => this.data[offset]));
    const width = this.shape[axis === 2 ? 1 : 2];
    let last = -1;
    const fill = new Map<number, 1>();
    drawn.forEach((here, n) => {
      if (!here) return;
      if (last >= 0 && n - last > 1) {
        const [below, above] = [last, n].map((s) =>
          signedDistance(
            slices[s]!.map((offset) => this.data[offset]!),
            width,
          ),
        );
        for (let between = last + 1; between < n; between++) {
          const part = (between - last) / (n - last);
          slices[between]!.forEach((offset, at) => {
            if (below![at]! * (1 - part) + above![at]! * part < 0) fill.set(offset, 1);
          });
        }
      }
      last = n;
    });
    return this.everywhere((offset) => fill.get(offset) ?? null);
  }
}

/** Offsets of every slice across an index axis, rows first. */
function slicesOf(shape: Vector, axis: number): number[][] {
  const [a, b] = [0, 1, 2].filter((other) => other !== axis) as [number, number];
  const strides = [shape[1] * shape[2], shape[2], 1];
  return Array.from({ length: shape[axis]! }, (_, n) => {
    const slice: number[] = [];
    for (let u = 0; u < shape[a]!; u++)
      for (let v = 0; v < shape[b]!; v++) slice.push(n * strides[axis]! + u * strides[a]! + v * strides[b]!);
    return slice;
  });
}

/** City-block distance to the rim of a drawn slice: negative inside, positive outside. */
export function signedDistance(slice: ArrayLike<number>, width: number): Float32Array {
  const out = distanceTo(slice, width, true);
  const within = distanceTo(slice, width, false);
  return out.map((value, at) => (slice[at] ? 0.5 - within[at]! : value - 0.5));
}

function distanceTo(slice: ArrayLike<number>, width: number, inside: boolean): Float32Array {
  const far = slice.length;
  const away = Float32Array.from({ length: slice.length }, (_, at) => (Boolean(slice[at]) === inside ? 0 : far));
  const relax = (at: number, from: number, ok: boolean): void => {
    if (ok && away[from]! + 1 < away[at]!) away[at] = away[from]! + 1;
  };
  for (let at = 0; at < away.length; at++) {
    relax(at, at - 1, at % width > 0);
    relax(at, at - width, at >= width);
  }
  for (let at = away.length - 1; at >= 0; at--) {
    relax(at, at + 1, at % width < width - 1);
    relax(at, at + width, at + width < away.length);
  }
  return away;
}
