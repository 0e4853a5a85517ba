/**
 * The hand on a pane: mouse, wheel, touch and keys, turned into moves of the cursor, the window, the eye, or a
 * drawing tool.
 */

import type { Signal } from "@preact/signals";
import type { Vector } from "../api/types";
import { t } from "../words/words";
import { AXES, type View, add, onPlane } from "./geometry";
import type { Rectangle } from "./scene";
import type { ViewerState } from "./state";
import type { Eye } from "./surface-painter";
import { Under } from "./views";

/** A tool that draws: told where the pen goes down, along and up, in patient metres. */
export interface DrawTool {
  start: (view: View, p: Vector) => void;
  along: (view: View, p: Vector) => void;
  end: () => void;
}

const style = (at: Rectangle): string => `left:${at.x}px;top:${at.y}px;width:${at.width}px;height:${at.height}px`;

/** Letters at the four sides of a view: where the patient's left, front and head lie. */
const SIDES: Record<View, string> = {
  axial: "view.sides.axial",
  coronal: "view.sides.coronal",
  sagittal: "view.sides.sagittal",
};

/** Window and level by the right button: across changes the width, along the height the level. */
function shiftWindow(state: ViewerState, dx: number, dy: number): void {
  const [low, high] = state.window.value;
  const width = Math.max(20, high - low + dx * 2);
  const level = (low + high) / 2 + dy;
  state.window.value = [level - width / 2, level + width / 2];
}

const KEYS: Record<string, [axis: "right" | "down" | "into", sign: number]> = {
  ArrowLeft: ["right", -1],
  ArrowRight: ["right", 1],
  ArrowUp: ["down", -1],
  ArrowDown: ["down", 1],
  PageUp: ["into", 1],
  PageDown: ["into", -1],
};

/** Moves the cursor by `steps` voxels along one of the view's directions. */
function walk(state: ViewerState, view: View, axis: "right" | "down" | "into", steps: number): void {
  const direction = AXES[view][axis];
  const step = state.step();
  const size = direction.reduce((sum, value, index) => sum + Math.abs(value) * step[index]!, 0);
  state.moveTo(add(state.cursor.value, direction, steps * size));
}

function onKey(state: ViewerState, view: View, event: KeyboardEvent): void {
  const move = KEYS[event.key];
  if (move) walk(state, view, move[0], move[1] * (event.shiftKey ? 5 : 1));
  else if (event.key === "+" || event.key === "=") state.zoom(0.85);
  else if (event.key === "-") state.zoom(1 / 0.85);
  else return;
  event.preventDefault();
}

function onWheel(state: ViewerState, view: View, event: WheelEvent): void {
  event.preventDefault();
  if (event.ctrlKey) state.zoom(event.deltaY > 0 ? 1 / 0.9 : 0.9);
  else walk(state, view, "into", event.deltaY > 0 ? -1 : 1);
}

interface PaneProps {
  view: View;
  at: Rectangle;
  state: ViewerState;
  draw: DrawTool | null;
}

/** What a press of the pointer begins: a window, a shift of the picture, a stroke, or a walk of the cursor. */
function gesture({ view, at, state, draw }: PaneProps, event: PointerEvent): ((move: PointerEvent) => void) | null {
  const place = (e: PointerEvent): Vector =>
    onPlane(state.plane(view), e.offsetX - at.width / 2, e.offsetY - at.height / 2);
  if (event.button === 2) return (e) => shiftWindow(state, e.movementX, e.movementY);
  if (event.button === 1 || event.shiftKey) {
    return (e) => {
      const { right, down } = AXES[view];
      state.centre.value = add(
        add(state.centre.value, right, -e.movementX * state.scale.value),
        down,
        -e.movementY * state.scale.value,
      );
    };
  }
  if (event.button !== 0) return null;
  if (draw) {
    draw.start(view, place(event));
    return (e) => draw.along(view, place(e));
  }
  state.moveTo(place(event));
  return (e) => state.moveTo(place(e));
}

export function Pane(props: PaneProps) {
  const { view, at, state, draw } = props;
  const press = (event: PointerEvent): void => {
    const pane = event.currentTarget as HTMLElement;
    const move = gesture(props, event);
    if (!move) return;
    event.preventDefault();
    pane.focus();
    pane.setPointerCapture(event.pointerId);
    pane.onpointermove = move;
    pane.onpointerup = pane.onpointercancel = () => {
      pane.onpointermove = pane.onpointerup = pane.onpointercancel = null;
      if (draw) draw.end();
    };
  };
  return (
    <div
      class="pane"
      style={style(at)}
      tabIndex={0}
      role="application"
      aria-roledescription={t("view.role")}
      aria-label={t(`view.${view}`)}
      onPointerDown={press}
      onContextMenu={(event) => event.preventDefault()}
      onWheel={(event) => onWheel(state, view, event)}
      onKeyDown={(event) => onKey(state, view, event)}
    >
      <span class="caption">
        {t(`view.${view}`)} <span class="sides">{t(SIDES[view])}</span>
      </span>
      {view === "axial" && (
        <span class="where">
          <Under state={state} />
        </span>
      )}
    </div>
  );
}

function turn(eye: Signal<Eye>, dx: number, dy: number): void {
  const elevation = Math.min(1.5, Math.max(-1.5, eye.value.elevation + dy * 0.008));
  eye.value = { ...eye.value, azimuth: eye.value.azimuth - dx * 0.008, elevation };
}

function reach(eye: Signal<Eye>, factor: number): void {
  eye.value = { ...eye.value, reach: Math.min(0.6, Math.max(0.02, eye.value.reach * factor)) };
}

/** The surface pane: drag or arrows turn it, the wheel or + and - come nearer. */
export function TurnPane({ at, eye, waiting }: { at: Rectangle; eye: Signal<Eye>; waiting: boolean }) {
  const press = (event: PointerEvent): void => {
    const pane = event.currentTarget as HTMLElement;
    pane.setPointerCapture(event.pointerId);
    pane.onpointermove = (move) => turn(eye, move.movementX, move.movementY);
    pane.onpointerup = pane.onpointercancel = () => (pane.onpointermove = null);
  };
  const key = (event: KeyboardEvent): void => {
    const move = KEYS[event.key];
    if (move && move[0] !== "into")
      turn(eye, move[0] === "right" ? move[1] * 12 : 0, move[0] === "down" ? move[1] * 12 : 0);
    else if (event.key === "+") reach(eye, 0.85);
    else if (event.key === "-") reach(eye, 1 / 0.85);
    else return;
    event.preventDefault();
  };
  const wheel = (event: WheelEvent): void => (event.preventDefault(), reach(eye, event.deltaY > 0 ? 1.1 : 0.9));
  return (
    <div
      class="pane"
      style={style(at)}
      tabIndex={0}
      role="application"
      aria-roledescription={t("view.role")}
      aria-label={t("view.surface")}
      onPointerDown={press}
      onKeyDown={key}
      onWheel={wheel}
    >
      <span class="caption">{t("view.surface")}</span>
      {waiting && <span class="where">{t("view.surface.waiting")}</span>}
    </div>
  );
}
