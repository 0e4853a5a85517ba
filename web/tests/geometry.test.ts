import { describe, expect, it } from "vitest";
import type { Affine, Vector } from "../src/api/types";
import { VIEWS, apply, box, indexAxis, invert, onPane, onPlane, spacing, voxelAt } from "../src/viewer/geometry";
import { layout } from "../src/viewer/layout";

/** Index axes turned against the patient's: i runs to the head, j to the back, k to the right. */
const AFFINE: Affine = [
  [0, 0, -0.001, 0.05],
  [0, 0.002, 0, -0.02],
  [0.003, 0, 0, 0.1],
  [0, 0, 0, 1],
];
const SHAPE: Vector = [10, 20, 30];

const close = (a: Vector, b: Vector): void => a.forEach((value, axis) => expect(value).toBeCloseTo(b[axis]!, 12));

it("inverts an oblique affine", () => {
  const p: Vector = [3, 5, 7];
  close(apply(invert(AFFINE), apply(AFFINE, p)), p);
  expect(() =>
    invert([
      [1, 0, 0, 0],
      [2, 0, 0, 0],
      [0, 0, 1, 0],
      [0, 0, 0, 1],
    ]),
  ).toThrow("no inverse");
});

it("finds steps, box and the voxel under a position", () => {
  close(spacing(AFFINE), [0.003, 0.002, 0.001]);
  const { low, high } = box(SHAPE, AFFINE);
  close(low, [0.05 - 0.0295, -0.021, 0.0985]);
  close(high, [0.0505, 0.019, 0.1285]);
  expect(voxelAt(SHAPE, invert(AFFINE), apply(AFFINE, [2, 3, 4]))).toBe((2 * 20 + 3) * 30 + 4);
  expect(voxelAt(SHAPE, invert(AFFINE), [1, 1, 1])).toBe(-1);
});

it("knows which index axis an anatomical direction follows", () => {
  expect(indexAxis(AFFINE, [0, 0, 1])).toBe(0);
  expect(indexAxis(AFFINE, [1, 0, 0])).toBe(2);
});

it.each(VIEWS)("%s: a pixel leads to a place and back to the same pixel", (view) => {
  const plane = { view, centre: [0.01, 0.02, 0.03] as Vector, scale: 5e-4 };
  const [x, y] = onPane(plane, onPlane(plane, 37, -12));
  expect(x).toBeCloseTo(37, 9);
  expect(y).toBeCloseTo(-12, 9);
});

it("shows the patient's left on the right of an axial slice, and the head at the top of a coronal one", () => {
  const at = (view: "axial" | "coronal", p: Vector) => onPane({ view, centre: [0, 0, 0], scale: 1e-3 }, p);
  expect(at("axial", [0.01, 0, 0])[0]).toBeGreaterThan(0);
  expect(at("coronal", [0, 0, 0.01])[1]).toBeLessThan(0);
});

describe("layout", () => {
  it.each([1, 2, 3, 4])("%i panes cover the canvas without overlap", (count) => {
    const panes = (["axial", "coronal", "sagittal", "surface"] as const).slice(0, count);
    const area = layout([...panes], { width: 801, height: 603 }).reduce((sum, { at }) => sum + at.width * at.height, 0);
    expect(area).toBe(801 * 603);
  });
});
