/** Three linked slices and a surface view in one canvas: the one viewer of every screen. */

import { effect, useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { number, unitSign } from "../words/numbers";
import { t } from "../words/words";
import { type Size, type PaneName, layout } from "./layout";
import { Over } from "./over";
import { type DrawTool, Pane, TurnPane } from "./pane";
import { Scene } from "./scene";
import type { ViewerState } from "./state";
import type { Eye } from "./surface-painter";
import type { SurfaceSet } from "./surface-set";
import type { Overlay } from "./volumes";

export interface ViewsProps {
  state: ViewerState;
  panes: PaneName[];
  surfaces?: SurfaceSet | null;
  draw?: DrawTool | null;
  /** Called with the overlay of a picture once that picture is drawn. */
  painted?: (overlay: Overlay | null) => void;
}

/** Follows the size of an element. */
function useSize(): [{ current: HTMLDivElement | null }, Size] {
  const holder = useRef<HTMLDivElement>(null);
  const size = useSignal<Size>({ width: 0, height: 0 });
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => {
      size.value = { width: entry!.contentRect.width, height: entry!.contentRect.height };
    });
    watch.observe(holder.current!);
    return () => watch.disconnect();
  }, []);
  return [holder, size.value];
}

/** Uploads whatever of the state has changed since the last time. */
function feed(scene: Scene, state: ViewerState): () => void {
  const stops = [
    effect(() => void (state.image.value && scene.setImage(state.image.value))),
    effect(() => scene.setLabels(state.labels.value)),
    effect(() => scene.setOverlay(state.overlay.value)),
    effect(() => scene.setDrawn(state.image.value?.shape ?? [1, 1, 1], state.drawn.value?.mask ?? null)),
  ];
  return () => stops.forEach((stop) => stop());
}

function paintAll(scene: Scene, props: ViewsProps, size: Size, eye: Eye): void {
  const { state } = props;
  const look = {
    window: state.window.value,
    labelStrength: state.labelStrength.value,
    overlayStrength: state.overlayStrength.value,
    isolines: state.isolines(),
    visibleFrom: state.visibleFrom(),
  };
  scene.begin();
  for (const { name, at } of layout(props.panes, size)) {
    if (name === "surface") {
      scene.viewport(at);
      scene.surfaces.paint(eye, at.width / at.height);
    } else scene.slice(at, state.plane(name), look);
  }
}

/** Every signal a picture depends on, so that a change of any asks for a new one. */
function depend(state: ViewerState): void {
  for (const one of [
    state.image,
    state.labels,
    state.overlay,
    state.drawn,
    state.cursor,
    state.centre,
    state.scale,
    state.window,
    state.labelStrength,
    state.overlayStrength,
  ])
    one.value;
}

function usePainting(props: ViewsProps, size: Size, eye: { value: Eye }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const scene = useRef<Scene | null>(null);
  const failed = useSignal(false);
  useEffect(() => {
    try {
      scene.current = new Scene(canvas.current!, props.panes.includes("surface"));
    } catch {
      failed.value = true;
      return undefined;
    }
    const stop = feed(scene.current, props.state);
    return () => (stop(), scene.current?.release());
  }, [props.state]);
  useEffect(() => {
    for (const part of props.surfaces?.parts ?? []) scene.current?.surfaces.set(part.name, part.surface, part.paint);
  }, [props.surfaces]);
  useEffect(() => {
    let asked = 0;
    const stop = effect(() => {
      depend(props.state);
      eye.value;
      cancelAnimationFrame(asked);
      asked = requestAnimationFrame(() => {
        if (!scene.current || !props.state.image.value || size.width === 0) return;
        paintAll(scene.current, props, size, eye.value);
        const { painted, state } = props;
        const overlay = state.overlay.value;
        if (painted) scene.current.whenDrawn(() => painted(overlay));
      });
    });
    return () => (stop(), cancelAnimationFrame(asked));
  }, [props.state, size.width, size.height, props.panes.join(), props.surfaces]);
  return { canvas, failed };
}

/** What is under the cursor, in words. */
export function Under({ state }: { state: ViewerState }) {
  const p = state.cursor.value;
  const hu = state.hu(p);
  const value = state.overlayAt(p);
  const overlay = state.overlay.value;
  return (
    <>
      <span>{p.map((x) => number(x * 1e3, 1)).join("  ")} mm</span>
      {hu !== null && <span> · {number(hu)} HU</span>}
      <span> · {state.labelAt(p)?.replaceAll("_", " ") ?? t("view.no_label")}</span>
      {overlay && value !== null && (
        <span>
          {" "}
          · {number(value, value < 10 ? 1 : 0)} {unitSign(overlay.unit)}
        </span>
      )}
    </>
  );
}

export function Views(props: ViewsProps) {
  const { state } = props;
  const [holder, size] = useSize();
  const eye = useSignal<Eye>({ centre: [0, 0, 0], azimuth: -0.7, elevation: 0.15, reach: 0.2 });
  const { canvas, failed } = usePainting(props, size, eye);
  const places = useMemo(() => layout(props.panes, size), [props.panes.join(), size.width, size.height]);
  const image = state.image.value;
  useEffect(() => {
    const first = places[0]?.at;
    if (first && image) state.fit(first.width, first.height);
  }, [image, size.width > 0 && size.height > 0]);
  useEffect(() => {
    if (props.surfaces) eye.value = { ...eye.value, centre: props.surfaces.centre, reach: props.surfaces.reach };
  }, [props.surfaces]);
  return (
    <div class="views" ref={holder}>
      <canvas ref={canvas} aria-hidden="true" />
      {failed.value && (
        <p class="pad" role="alert">
          {t("view.no_webgl")}
        </p>
      )}
      {image && <Over state={state} places={places} size={size} />}
      {places.map(({ name, at }) =>
        name === "surface" ? (
          <TurnPane key={name} at={at} eye={eye} waiting={!props.surfaces} />
        ) : (
          <Pane key={name} view={name} at={at} state={state} draw={props.draw ?? null} />
        ),
      )}
    </div>
  );
}
