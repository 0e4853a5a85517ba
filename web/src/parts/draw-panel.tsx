/** Drawing by hand: which label, which tool, and saving as a new version of the case. */

import { useEffect, useState } from "preact/hooks";
import type { CaseView } from "../api/types";
import { Drawing, TOOLS } from "../draw/drawing";
import { saveLabel, saveTarget } from "../draw/save";
import { go } from "../route";
import type { ViewerState } from "../viewer/state";
import { number, quantity } from "../words/numbers";
import { t } from "../words/words";
import { useLoad } from "./load";
import { targetOf } from "./open-case";
import { ProblemSays } from "./says";

const TARGET = "target";

/** A drawing of a label as it is; of a target that has only been a sphere so far, that sphere. */
function begin(view: CaseView, state: ViewerState, name: string): Drawing {
  const labels = state.labels.value;
  const value = labels?.names.find((label) => label.name === name)?.value;
  if (value !== undefined)
    return new Drawing(
      state,
      labels!.data.map((at) => (at === value ? 1 : 0)),
    );
  const { centre, radius } = targetOf(view);
  return new Drawing(state, null, name === TARGET && centre && radius ? { centre, radius } : null);
}

function Slider(props: {
  label: string;
  value: number;
  low: number;
  high: number;
  step: number;
  says: string;
  onValue: (value: number) => void;
}) {
  return (
    <label>
      <span class="row">
        {props.label}
        <span class="gap" />
        <span class="number">{props.says}</span>
      </span>
      <input
        type="range"
        min={props.low}
        max={props.high}
        step={props.step}
        value={props.value}
        onInput={(event) => props.onValue(event.currentTarget.valueAsNumber)}
      />
    </label>
  );
}

function Threshold({ drawing }: { drawing: Drawing }) {
  const [low, high] = drawing.within.value;
  const set = (which: 0 | 1) => (event: Event) => {
    const within = [...drawing.within.value] as [number, number];
    within[which] = (event.target as HTMLInputElement).valueAsNumber;
    if (Number.isFinite(within[which])) drawing.within.value = within;
  };
  return (
    <fieldset class="stack">
      <legend>{t("draw.threshold")}</legend>
      <div class="row">
        <label>
          {t("draw.from_hu")}
          <input type="number" value={low} onChange={set(0)} />
        </label>
        <label>
          {t("draw.to_hu")}
          <input type="number" value={high} onChange={set(1)} />
        </label>
      </div>
      <label class="inline">
        <input
          type="checkbox"
          checked={drawing.obeysThreshold.value}
          onChange={(event) => (drawing.obeysThreshold.value = event.currentTarget.checked)}
        />
        {t("draw.obey")}
      </label>
      <button type="button" onClick={() => drawing.threshold()}>
        {t("draw.keep_within")}
      </button>
    </fieldset>
  );
}

function Tools({ drawing }: { drawing: Drawing }) {
  const radius = drawing.radius.value;
  drawing.turn.value;
  return (
    <div class="stack">
      <div class="row wrap" role="group" aria-label={t("draw.tools")}>
        {TOOLS.map((tool) => (
          <button
            type="button"
            key={tool}
            aria-pressed={drawing.tool.value === tool}
            onClick={() => (drawing.tool.value = tool)}
          >
            {t(`draw.${tool}`)}
          </button>
        ))}
        <button type="button" disabled={!drawing.mask.canUndo} onClick={() => drawing.undo()}>
          {t("draw.undo")}
        </button>
        <button type="button" disabled={!drawing.mask.canRedo} onClick={() => drawing.redo()}>
          {t("draw.redo")}
        </button>
      </div>
      <Slider
        label={t("draw.radius")}
        value={radius * 1e3}
        low={1}
        high={30}
        step={0.5}
        says={quantity(radius * 1e3, "mm", 1)}
        onValue={(mm) => (drawing.radius.value = mm * 1e-3)}
      />
      <Threshold drawing={drawing} />
      <button type="button" onClick={() => drawing.interpolate()}>
        {t("draw.interpolate")}
      </button>
      <p>{t("draw.volume", { volume: number(drawing.volume() * 1e6, 1) })}</p>
    </div>
  );
}

async function save(view: CaseView, name: string, tissue: string, drawing: Drawing): Promise<void> {
  const isNew = !view.labels.some((label) => label.name === name);
  const version = await saveLabel(view.id, name, isNew ? tissue : null, drawing.mask.data);
  const last = name === TARGET && isNew ? await saveTarget(version, { kind: "label", label: TARGET }) : version;
  go(`/cases/${last}`);
}

function useUndoKeys(drawing: Drawing | null): void {
  useEffect(() => {
    if (!drawing) return undefined;
    const key = (event: KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
      event.preventDefault();
      if (event.shiftKey) drawing.redo();
      else drawing.undo();
    };
    window.addEventListener("keydown", key);
    return () => (window.removeEventListener("keydown", key), drawing.hide());
  }, [drawing]);
}

export function DrawPanel({
  view,
  state,
  onDrawing,
}: {
  view: CaseView;
  state: ViewerState;
  onDrawing: (drawing: Drawing | null) => void;
}) {
  const tissues = useLoad<string[]>("/tissues").data ?? [];
  const [name, setName] = useState(TARGET);
  const [tissue, setTissue] = useState("liver");
  const [drawing, setDrawing] = useState<Drawing | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  useUndoKeys(drawing);
  const change = (next: Drawing | null): void => {
    setDrawing(next);
    onDrawing(next);
  };
  const placeSphere = (): void =>
    void saveTarget(view.id, {
      kind: "sphere",
      centre: state.cursor.value,
      radius: drawing?.radius.value ?? 10e-3,
    }).then((id) => go(`/cases/${id}`), setProblem);
  const names = [...new Set([TARGET, ...view.labels.map((label) => label.name)])];
  const isNew = !view.labels.some((label) => label.name === name);
  return (
    <div class="stack">
      <p class="quiet">{t("draw.how")}</p>
      <label>
        {t("draw.what")}
        <select value={name} disabled={drawing !== null} onChange={(event) => setName(event.currentTarget.value)}>
          {names.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      </label>
      {isNew && (
        <label>
          {t("draw.tissue")}
          <select value={tissue} onChange={(event) => setTissue(event.currentTarget.value)}>
            {tissues.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        </label>
      )}
      {!drawing && (
        <button type="button" class="main" onClick={() => change(begin(view, state, name))}>
          {t("draw.begin")}
        </button>
      )}
      {drawing && <Tools drawing={drawing} />}
      {drawing && (
        <div class="row">
          <button type="button" class="main" onClick={() => void save(view, name, tissue, drawing).catch(setProblem)}>
            {t("draw.save")}
          </button>
          <button type="button" onClick={() => (drawing.hide(), change(null))}>
            {t("draw.drop")}
          </button>
        </div>
      )}
      {drawing && (
        <button type="button" onClick={placeSphere}>
          {t("draw.sphere_target")}
        </button>
      )}
      <ProblemSays problem={problem} />
    </div>
  );
}
