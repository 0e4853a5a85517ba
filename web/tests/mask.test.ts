import { expect, it } from "vitest";
import type { Affine, Vector } from "../src/api/types";
import { Mask, signedDistance } from "../src/draw/mask";

const MM: Affine = [
  [0.001, 0, 0, 0],
  [0, 0.001, 0, 0],
  [0, 0, 0.002, 0],
  [0, 0, 0, 1],
];
const SHAPE: Vector = [21, 21, 11];
const MIDDLE: Vector = [0.01, 0.01, 0.01];

it("paints a ball of the right volume, in metres and not in voxels", () => {
  const mask = new Mask(SHAPE, MM);
  expect(mask.ball(MIDDLE, 6.1e-3, 1)).toEqual([4, 16]);
  const volume = mask.count() * 2;
  expect(Math.abs(volume / ((4 / 3) * Math.PI * 6.1 ** 3) - 1)).toBeLessThan(0.05);
});

it("paints a disc in one slice only when told so", () => {
  const mask = new Mask(SHAPE, MM);
  mask.ball(MIDDLE, 6e-3, 1, 2);
  const slices = new Set([...mask.data.keys()].filter((at) => mask.data[at]).map((at) => at % 11));
  expect([...slices]).toEqual([5]);
});

it("undoes a whole stroke and does it again", () => {
  const mask = new Mask(SHAPE, MM);
  mask.ball(MIDDLE, 3e-3, 1);
  mask.ball([0.012, 0.01, 0.01], 3e-3, 1);
  mask.end();
  const painted = mask.count();
  mask.ball(MIDDLE, 9e-3, 0);
  mask.end();
  expect(mask.count()).toBe(0);
  mask.undo();
  expect(mask.count()).toBe(painted);
  mask.undo();
  expect([mask.count(), mask.canUndo]).toEqual([0, false]);
  mask.redo();
  expect([mask.count(), mask.canRedo]).toEqual([painted, true]);
});

it("keeps only what lies within a threshold", () => {
  const mask = new Mask(SHAPE, MM);
  mask.ball(MIDDLE, 5e-3, 1);
  const image = Int16Array.from(mask.data, (_, at) => (at % 11 < 5 ? 100 : -100));
  mask.keepWithin(image, 0, 200);
  expect([...mask.data.keys()].some((at) => mask.data[at] && at % 11 >= 5)).toBe(false);
  expect(mask.count()).toBeGreaterThan(0);
});

it("interpolates between two slices: a cylinder's middle is as wide as its ends", () => {
  const mask = new Mask(SHAPE, MM);
  mask.ball([0.01, 0.01, 0.002], 5e-3, 1, 2);
  mask.ball([0.01, 0.01, 0.016], 5e-3, 1, 2);
  mask.end();
  mask.interpolate(2);
  const inSlice = (k: number): number => [...mask.data.keys()].filter((at) => mask.data[at] && at % 11 === k).length;
  expect(inSlice(4)).toBe(inSlice(1));
  expect([inSlice(0), inSlice(9)]).toEqual([0, 0]);
});

it("measures the distance to the rim of a slice", () => {
  const row = [0, 0, 1, 1, 1, 0, 0];
  expect([...signedDistance(row, 7)]).toEqual([1.5, 0.5, -0.5, -1.5, -0.5, 0.5, 1.5]);
});
