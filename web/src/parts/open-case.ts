/** Opening a case's images into a viewer, and its surfaces after the slices are there. */

import { useEffect, useState } from "preact/hooks";
import type { CaseView, Vector } from "../api/types";
import { ViewerState } from "../viewer/state";
import { type SurfaceSet, caseSurfaces, sphere } from "../viewer/surface-set";
import { loadImage, loadLabels } from "../viewer/volumes";

export interface Opened {
  state: ViewerState;
  surfaces: SurfaceSet | null;
  problem: unknown;
}

interface Shape {
  kind?: string;
  label?: string;
  centre?: Vector;
  radius?: number;
  semi_axes?: Vector;
}

/** The target as the case says it: a shape, or a label. */
export function targetOf(view: CaseView): Shape {
  return (view.case.target ?? {}) as Shape;
}

function surfacesOf(view: CaseView, state: ViewerState): SurfaceSet {
  const target = targetOf(view);
  const label = target.kind === "label" ? view.labels.find((one) => one.name === target.label)?.value : undefined;
  const set = caseSurfaces(state.image.value!, state.labels.value, label ?? null, view.target_m);
  const radii = target.semi_axes ?? (target.radius ? ([target.radius, target.radius, target.radius] as Vector) : null);
  const centre = target.centre ?? view.target_m;
  if (radii && centre) set.parts.push({ name: "target", surface: sphere(centre, radii), paint: [0.36, 0.9, 0.95, 1] });
  return set;
}

export function useCaseImages(id: string | null, view: CaseView | null): Opened {
  const [state] = useState(() => new ViewerState());
  const [surfaces, setSurfaces] = useState<SurfaceSet | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  useEffect(() => {
    if (!view || !id) return undefined;
    let stale = false;
    let later: ReturnType<typeof setTimeout> | undefined;
    const open = async (): Promise<void> => {
      const [image, labels] = await Promise.all([loadImage(id, view), loadLabels(id, view).catch(() => null)]);
      if (stale || !image) return;
      state.labels.value = labels;
      state.open(image, view.target_m);
      const { centre, radius, semi_axes: axes } = targetOf(view);
      if (centre)
        state.marks.value = [{ at: centre, colour: "#5cc8d4", radius: radius ?? axes?.[0] ?? 5e-3, name: "target" }];
      later = setTimeout(() => !stale && setSurfaces(surfacesOf(view, state)), 300);
    };
    open().catch((error: unknown) => !stale && setProblem(error));
    return () => {
      stale = true;
      clearTimeout(later);
    };
  }, [id, view]);
  return { state, surfaces, problem };
}
