/** Window and level, labels and overlay strength: the same strip above every viewer. */

import type { ComponentChildren } from "preact";
import type { OverlayKind } from "../api/types";
import { WINDOWS, type ViewerState } from "../viewer/state";
import { ISOLINES } from "../viewer/volumes";
import { number, unitSign } from "../words/numbers";
import { t } from "../words/words";

function WindowChoice({ state }: { state: ViewerState }) {
  const [low, high] = state.window.value;
  const named = WINDOWS.find(([, a, b]) => a === low && b === high)?.[0] ?? "";
  const choose = (event: Event): void => {
    const found = WINDOWS.find(([name]) => name === (event.target as HTMLSelectElement).value);
    if (found) state.window.value = [found[1], found[2]];
  };
  return (
    <>
      <select aria-label={t("window.label")} value={named} onChange={choose}>
        {named === "" && <option value="">{t("window.own")}</option>}
        {WINDOWS.map(([name]) => (
          <option key={name} value={name}>
            {t(name)}
          </option>
        ))}
      </select>
      <span class="quiet number">
        {number(Math.round((low + high) / 2))} / {number(Math.round(high - low))} HU
      </span>
    </>
  );
}

function Strength({ label, value, onValue }: { label: string; value: number; onValue: (value: number) => void }) {
  return (
    <label class="inline">
      {label}
      <input
        type="range"
        min={0}
        max={1}
        step={0.02}
        value={value}
        onInput={(event) => onValue(event.currentTarget.valueAsNumber)}
      />
    </label>
  );
}

interface Tools {
  state: ViewerState;
  kinds?: OverlayKind[];
  kind?: OverlayKind | null;
  onKind?: (kind: OverlayKind | null) => void;
  children?: ComponentChildren;
}

export function ViewTools({ state, kinds = [], kind = null, onKind, children }: Tools) {
  return (
    <div class="tools" role="toolbar" aria-label={t("view.tools")}>
      <WindowChoice state={state} />
      <Strength
        label={t("view.labels")}
        value={state.labelStrength.value}
        onValue={(value) => (state.labelStrength.value = value)}
      />
      {kinds.length > 0 && (
        <div class="row" role="group" aria-label={t("view.overlay")}>
          {kinds.map((one) => (
            <button
              type="button"
              key={one}
              aria-pressed={kind === one}
              onClick={() => onKind?.(kind === one ? null : one)}
            >
              {t(`overlay.${one}`)}
            </button>
          ))}
        </div>
      )}
      {kind && (
        <Strength
          label={t("view.overlay")}
          value={state.overlayStrength.value}
          onValue={(value) => (state.overlayStrength.value = value)}
        />
      )}
      {children}
    </div>
  );
}

/** What the colours of an overlay mean: its range and its isolines, under the views. */
export function OverlayKey({ state }: { state: ViewerState }) {
  const overlay = state.overlay.value;
  if (!overlay) return null;
  const highest = overlay.scale === "log10" ? 10 ** overlay.highest : overlay.highest;
  const lines = ISOLINES[overlay.kind];
  return (
    <div class="key-strip">
      <strong>{t(`overlay.${overlay.kind}`)}</strong>
      <span class="row">
        <span>{number(state.visibleFrom(), 0)}</span>
        <span class="ramp" aria-hidden="true" />
        <span>
          {number(highest, 0)} {unitSign(overlay.unit)}
        </span>
      </span>
      {lines.map((line, index) => (
        <span key={line} class="row">
          <span class={index === 0 ? "line first" : "line"} aria-hidden="true" />
          {t("overlay.isoline", { value: number(line), unit: unitSign(overlay.unit) })}
        </span>
      ))}
    </div>
  );
}
