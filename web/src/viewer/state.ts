/** What three linked views share: where the cursor is, how near one looks, window and level, and what is laid over. */

import { computed, signal } from "@preact/signals";
import type { ImageShape, Vector } from "../api/types";
import { type Plane, type View, add, apply, box, invert, spacing, voxelAt } from "./geometry";
import { ISOLINES, type Image, type Labels, type Overlay, valueOf } from "./volumes";

/** Usual windows of a CT [HU]: name in the words, low, high. */
export const WINDOWS: [name: string, low: number, high: number][] = [
  ["window.soft", -160, 240],
  ["window.liver", -30, 170],
  ["window.bone", -450, 1050],
  ["window.lung", -1350, 150],
];

/** A place of interest drawn over the slices. */
export interface Mark {
  at: Vector;
  colour: string;
  /** Metres. */
  radius: number;
  chosen?: boolean;
  name: string;
}

export class ViewerState {
  readonly image = signal<Image | null>(null);
  readonly labels = signal<Labels | null>(null);
  readonly overlay = signal<Overlay | null>(null);
  readonly marks = signal<Mark[]>([]);
  readonly cursor = signal<Vector>([0, 0, 0]);
  readonly centre = signal<Vector>([0, 0, 0]);
  /** Metres per CSS pixel. */
  readonly scale = signal(0.8e-3);
  readonly window = signal<[number, number]>([-160, 240]);
  readonly labelStrength = signal(0.22);
  readonly overlayStrength = signal(0.55);
  readonly drawn = signal<{ mask: Uint8Array; turn: number } | null>(null);
  private isNear = false;
  readonly inverse = computed(() => (this.image.value ? invert(this.image.value.affine) : null));

  /** Shows an image from its middle, or from `from` where there is a better place to begin. */
  open(image: Image, from: Vector | null): void {
    const { middle } = box(image.shape, image.affine);
    this.image.value = image;
    this.cursor.value = from ?? middle;
    this.centre.value = middle;
  }

  /** Looks at one place from near [m per CSS pixel]; from then on nothing is fitted into the pane. */
  closeUp(at: Vector, scale: number): void {
    this.isNear = true;
    this.centre.value = at;
    this.cursor.value = at;
    this.scale.value = scale;
  }

  /** Fits the whole image into a pane of this size [CSS pixels], unless one looks at one place from near. */
  fit(width: number, height: number): void {
    const { image } = this;
    if (this.isNear || !image.value || width === 0 || height === 0) return;
    const { low, high } = box(image.value.shape, image.value.affine);
    const size = add(high, low, -1);
    this.scale.value = Math.max(size[0] / width, size[1] / height, size[2] / height, size[1] / width) * 1.04;
  }

  /** The plane of a view: centred where one looks, at the cursor's depth. */
  plane(view: View): Plane {
    const depth = { axial: 2, coronal: 1, sagittal: 0 }[view];
    const centre = [...this.centre.value] as Vector;
    centre[depth] = this.cursor.value[depth]!;
    return { view, centre, scale: this.scale.value };
  }

  moveTo(p: Vector): void {
    const { image } = this;
    if (!image.value) return;
    const { low, high } = box(image.value.shape, image.value.affine);
    this.cursor.value = p.map((value, axis) =>
      Math.min(high[axis]! - 1e-6, Math.max(low[axis]! + 1e-6, value)),
    ) as Vector;
  }

  /** Looks nearer (factor below 1) or from farther, keeping the cursor where it is on the screen. */
  zoom(factor: number): void {
    const scale = Math.min(4e-3, Math.max(0.05e-3, this.scale.value * factor));
    const kept = add(this.centre.value, this.cursor.value, -1);
    this.centre.value = add(this.cursor.value, kept, scale / this.scale.value);
    this.scale.value = scale;
  }

  /** One voxel of the image, or a millimetre where there is none [m]. */
  step(): Vector {
    const image: ImageShape | null = this.image.value;
    return image ? axisSteps(image) : [1e-3, 1e-3, 1e-3];
  }

  /** HU at a place, or null outside the image. */
  hu(p: Vector): number | null {
    const image = this.image.value;
    const at = image && this.inverse.value ? voxelAt(image.shape, this.inverse.value, p) : -1;
    return at < 0 ? null : (image!.data[at] ?? null);
  }

  /** Name of the label at a place; null where there is none. */
  labelAt(p: Vector): string | null {
    const labels = this.labels.value;
    const at = labels && this.inverse.value ? voxelAt(labels.shape, this.inverse.value, p) : -1;
    const value = at < 0 ? 0 : labels!.data[at];
    return value ? (labels!.names.find((label) => label.value === value)?.name ?? String(value)) : null;
  }

  /** Value of the overlay at a place, in its unit. */
  overlayAt(p: Vector): number | null {
    const overlay = this.overlay.value;
    if (!overlay) return null;
    const at = voxelAt(overlay.shape, invert(overlay.affine), p);
    return at < 0 ? null : valueOf(overlay, at);
  }

  isolines(): number[] {
    return this.overlay.value ? ISOLINES[this.overlay.value.kind] : [];
  }

  /** Where an overlay begins to be coloured, in its unit. */
  visibleFrom(): number {
    const overlay = this.overlay.value;
    if (overlay?.kind === "temperature") return 39;
    if (overlay?.kind === "dose") return 2;
    return overlay ? overlay.highest * 0.15 : 0;
  }
}

/** The image's step along x, y and z of the patient: of the index axis that lies closest to each [m]. */
function axisSteps(image: ImageShape): Vector {
  const steps = spacing(image.affine);
  const origin = apply(image.affine, [0, 0, 0]);
  return [0, 1, 2].map((axis) => {
    const along = [0, 1, 2].map((index) => {
      const one = [0, 0, 0] as Vector;
      one[index] = 1;
      return Math.abs(apply(image.affine, one)[axis]! - origin[axis]!);
    });
    return steps[along.indexOf(Math.max(...along))]!;
  }) as Vector;
}
