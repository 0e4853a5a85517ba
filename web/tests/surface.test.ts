import { expect, it } from "vitest";
import type { Affine, Vector } from "../src/api/types";
import { coarse, coarseAffine, surfaceOf } from "../src/viewer/surface";
import { beam } from "../src/viewer/surface-set";

const N = 40;
const AFFINE: Affine = [
  [0.001, 0, 0, -0.0195],
  [0, 0.001, 0, -0.0195],
  [0, 0, 0.001, -0.0195],
  [0, 0, 0, 1],
];
const radius = (at: number): number =>
  Math.hypot(Math.floor(at / (N * N)) - 19.5, (Math.floor(at / N) % N) - 19.5, (at % N) - 19.5);

it("finds the surface of a ball: closed, and where the ball ends", () => {
  const shape: Vector = [N, N, N];
  const block: Vector = [2, 2, 2];
  const small = coarse(shape, block, (at) => radius(at) < 14);
  const { points, triangles } = surfaceOf(small.shape, small.data, coarseAffine(AFFINE, block));
  for (let p = 0; p < points.length; p += 3) {
    const away = Math.hypot(points[p]!, points[p + 1]!, points[p + 2]!);
    expect(Math.abs(away - 0.014)).toBeLessThan(0.0011);
  }
  const edges = new Map<string, number>();
  for (let t = 0; t < triangles.length; t += 3) {
    for (const [a, b] of [
      [0, 1],
      [1, 2],
      [2, 0],
    ] as const) {
      const [low, high] = [triangles[t + a]!, triangles[t + b]!].sort((x, y) => x - y);
      edges.set(`${low}-${high}`, (edges.get(`${low}-${high}`) ?? 0) + 1);
    }
  }
  expect(edges.size).toBeGreaterThan(500);
  expect([...edges.values()].every((count) => count % 2 === 0)).toBe(true);
});

it("draws a beam from the rim of the bowl to the focus", () => {
  const focus: Vector = [0.01, 0, 0];
  const { points } = beam(focus, [0, 0, 1], { focal_length_m: 0.15, aperture_m: 0.2 });
  expect([...points.slice(0, 3)].map((v) => Number(v.toFixed(6)))).toEqual(focus);
  for (let p = 3; p < points.length; p += 3) {
    const away = Math.hypot(points[p]! - focus[0], points[p + 1]! - focus[1], points[p + 2]! - focus[2]);
    expect(away).toBeCloseTo(0.15, 6);
    expect(points[p + 2]!).toBeLessThan(0);
  }
});
