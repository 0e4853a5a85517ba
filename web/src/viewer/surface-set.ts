/** The surfaces of a case: skin, bones, target, and the beam from transducer to focus. */

import type { Device, Vector } from "../api/types";
import { add, box, cross, invert, spacing, unit, voxelAt } from "./geometry";
import { type Surface, coarse, coarseAffine, surfaceOf, withNormals } from "./surface";
import type { Image, Labels } from "./volumes";

export interface SurfaceSet {
  parts: { name: string; surface: Surface | null; paint: [number, number, number, number] }[];
  centre: Vector;
  reach: number;
}

const SKIN_HU = -300;
const BONE_HU = 220;
/** Edge of a block of the coarse volume [m]. */
const BLOCK = { skin: 4.5e-3, bone: 2.6e-3, label: 2.2e-3 };

/** Names of labels that are bones or their cartilage. */
const BONES = /rib|vertebra|sternum|costal|sacrum|hip|pelvis|femur|clavic|scapula|humerus|skull|bone/;

/** Whether a voxel is bone: by its label where bones are labelled, by its HU where they are not. */
function boneTest(image: Image, labels: Labels | null): (offset: number) => boolean {
  const bones = new Set(labels?.names.filter((label) => BONES.test(label.name)).map((label) => label.value));
  return bones.size > 0 ? (at) => bones.has(labels!.data[at]!) : (at) => image.data[at]! > BONE_HU;
}

function blocks(image: Image, edge: number): Vector {
  return spacing(image.affine).map((step) => Math.max(1, Math.round(edge / step))) as Vector;
}

function surfaceWhere(image: Image, edge: number, yes: (offset: number) => boolean): Surface {
  const block = blocks(image, edge);
  const { shape, data } = coarse(image.shape, block, yes);
  return surfaceOf(shape, data, coarseAffine(image.affine, block), 0.42);
}

/** A sphere as a surface, for a target given by its radius [m]. */
export function sphere(centre: Vector, radii: Vector, rings = 18): Surface {
  const points: number[] = [];
  const triangles: number[] = [];
  for (let a = 0; a <= rings; a++) {
    for (let b = 0; b <= 2 * rings; b++) {
      const [theta, phi] = [(a / rings) * Math.PI, (b / rings) * Math.PI];
      const out: Vector = [Math.sin(theta) * Math.cos(phi), Math.sin(theta) * Math.sin(phi), Math.cos(theta)];
      points.push(...out.map((value, axis) => centre[axis]! + value * radii[axis]!));
      const here = a * (2 * rings + 1) + b;
      if (a < rings && b < 2 * rings)
        triangles.push(here, here + 1, here + 2 * rings + 1, here + 1, here + 2 * rings + 2, here + 2 * rings + 1);
    }
  }
  return withNormals(Float32Array.from(points), Uint32Array.from(triangles));
}

/** The cone of a focused beam: from the rim of the transducer to the focus; `direction` points along the beam. */
export function beam(focus: Vector, direction: Vector, device: Pick<Device, "focal_length_m" | "aperture_m">): Surface {
  const along = unit(direction);
  const radius = device.aperture_m / 2;
  const depth = Math.sqrt(Math.max(0, device.focal_length_m ** 2 - radius ** 2));
  const side = unit(cross(along, Math.abs(along[2]) < 0.9 ? [0, 0, 1] : [1, 0, 0]));
  const other = cross(along, side);
  const middle = add(focus, along, -depth);
  const points: number[] = [...focus];
  const triangles: number[] = [];
  const steps = 64;
  for (let n = 0; n < steps; n++) {
    const angle = (n / steps) * 2 * Math.PI;
    points.push(...add(add(middle, side, radius * Math.cos(angle)), other, radius * Math.sin(angle)));
    triangles.push(0, n + 1, ((n + 1) % steps) + 1);
  }
  return withNormals(Float32Array.from(points), Uint32Array.from(triangles));
}

/** What holds the target, for an image without air around the body: the skin has no surface there. */
function holder(image: Image, labels: Labels | null, at: Vector | null): Surface | null {
  const offset = labels && at ? voxelAt(labels.shape, invert(image.affine), at) : -1;
  const value = offset < 0 ? 0 : labels!.data[offset];
  return value ? surfaceWhere(image, BLOCK.label, (one) => labels!.data[one] === value) : null;
}

/** Skin and bones from the CT, one label as the target if it is drawn as one. */
export function caseSurfaces(
  image: Image,
  labels: Labels | null,
  targetLabel: number | null,
  at: Vector | null,
): SurfaceSet {
  const { low, high, middle } = box(image.shape, image.affine);
  const skin = surfaceWhere(image, BLOCK.skin, (offset) => image.data[offset]! > SKIN_HU);
  const parts: SurfaceSet["parts"] = [
    {
      name: "bone",
      surface: surfaceWhere(image, BLOCK.bone, boneTest(image, labels)),
      paint: [0.86, 0.83, 0.74, 1],
    },
    {
      name: "skin",
      surface: skin.triangles.length > 0 ? skin : holder(image, labels, at),
      paint: [0.93, 0.78, 0.7, 0.5],
    },
  ];
  if (labels && targetLabel !== null) {
    parts.push({
      name: "target",
      surface: surfaceWhere(image, BLOCK.label, (at) => labels.data[at] === targetLabel),
      paint: [0.36, 0.9, 0.95, 1],
    });
  }
  return { parts, centre: middle, reach: Math.max(high[0] - low[0], high[2] - low[2]) * 0.62 };
}
