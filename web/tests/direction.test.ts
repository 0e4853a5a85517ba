/** A direction that somebody tries: from the beam and back, and by keys. */

import { expect, it } from "vitest";
import { DEGREE, beamOf, directionOf } from "../src/parts/aperture";
import { moved } from "../src/parts/window-map";

it("goes from a beam to a direction and back", () => {
  const beam: [number, number, number] = [0.6, 0.48, -0.64];
  beamOf(directionOf(beam)).forEach((value, axis) => expect(value).toBeCloseTo(beam[axis]!, 12));
});

it("moves by keys, around the whole body, and not over the poles", () => {
  const from = { azimuth: 179.5 * DEGREE, elevation: 89 * DEGREE };
  expect(moved(from, "ArrowRight", false)!.azimuth).toBeCloseTo(-178.5 * DEGREE, 12);
  expect(moved(from, "ArrowUp", false)!.elevation).toBeCloseTo(90 * DEGREE, 12);
  expect(moved(from, "ArrowDown", true)!.elevation).toBeCloseTo(88.5 * DEGREE, 12);
  expect(moved(from, "Tab", false)).toBeNull();
});
