/** What the viewer shows: a CT, labels, and one overlay, each an array of C order on a grid of its own. */

import { bytes, get } from "../api/client";
import type { CaseView, ImageShape, Label, OverlayHead, OverlayKind } from "../api/types";

export interface Image extends ImageShape {
  /** HU. */
  data: Int16Array;
}

export interface Labels extends ImageShape {
  data: Uint8Array;
  names: Label[];
}

export interface Overlay extends ImageShape {
  kind: OverlayKind;
  unit: string;
  lowest: number;
  highest: number;
  scale: "linear" | "log10";
  data: Uint8Array;
}

function expect(length: number, shape: number[], name: string): void {
  const wanted = shape.reduce((a, b) => a * b, 1);
  if (length !== wanted) throw new Error(`${name}: ${length} values for a grid of ${wanted}`);
}

export async function loadImage(id: string, view: CaseView): Promise<Image | null> {
  if (!view.image) return null;
  const data = new Int16Array(await bytes(`/cases/${id}/image/data`));
  expect(data.length, view.image.shape, "image");
  return { shape: view.image.shape, affine: view.image.affine, data };
}

export async function loadLabels(id: string, view: CaseView): Promise<Labels | null> {
  if (!view.image || view.labels.length === 0) return null;
  const data = new Uint8Array(await bytes(`/cases/${id}/labels/data`));
  expect(data.length, view.image.shape, "labels");
  return { shape: view.image.shape, affine: view.image.affine, data, names: view.labels };
}

/** An overlay of a plan (`/plans/HASH`) or of a run (`/runs/ID`). */
export async function loadOverlay(of: string, kind: OverlayKind): Promise<Overlay> {
  const head = await get<OverlayHead>(`${of}/overlay/${kind}`);
  const data = new Uint8Array(await bytes(`${of}/overlay/${kind}/data`));
  expect(data.length, head.grid.shape, kind);
  return { kind, unit: head.unit, lowest: head.lowest, highest: head.highest, scale: head.scale, ...head.grid, data };
}

/** The value of one voxel of an overlay, in its unit. */
export function valueOf(overlay: Overlay, offset: number): number {
  const stored = overlay.lowest + ((overlay.data[offset] ?? 0) / 255) * (overlay.highest - overlay.lowest);
  return overlay.scale === "log10" ? 10 ** stored : stored;
}

/** Isolines that mean something: ablated and threatened dose [min], lethal and threatened temperature [degC]. */
export const ISOLINES: Record<OverlayKind, number[]> = { dose: [17, 240], temperature: [43, 56], pressure: [] };
