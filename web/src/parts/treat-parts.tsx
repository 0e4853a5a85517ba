/** The parts of the Treat screen: state, stop, alarms, questions, spots, curves. */

import { useEffect, useState } from "preact/hooks";
import { ask, may } from "../api/client";
import type { StopLine } from "../api/stop-line";
import type { LiveAlarm, LiveStatus, RunSpot } from "../api/types";
import { COLOURS, Chart } from "../plot/chart";
import type { Curves } from "../treat-history";
import { duration, number, quantity, sentence } from "../words/numbers";
import { known, t } from "../words/words";
import { sound } from "./alarm-sound";
import { Said } from "./said";
import { ProblemSays } from "./says";

const key = (words: string): string => words.replaceAll(" ", "_").replaceAll("*", "any");

/** How a state looks: at work, waiting for a person, in danger, at rest. */
export function toneOf(status: LiveStatus | null): "work" | "ask" | "danger" | "rest" {
  if (!status) return "rest";
  if (status.output_on) return "work";
  if (status.state === "tripped" || ["fault", "interlock"].includes(status.ending ?? "")) return "danger";
  return status.question || status.state === "waiting for an answer" ? "ask" : "rest";
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div class="figure">
      <span class="quiet">{name}</span>
      <strong>{value}</strong>
    </div>
  );
}

/** Whether nobody stopped a run, but the console that could not be heard. */
export function byConsole(said: string): boolean {
  return said.startsWith("stopped by the console: ");
}

/** The state in words: what a person is asked goes before what the engine does, and output before all that is quiet. */
function stateWords(status: LiveStatus | null): string {
  if (status && byConsole(status.sentence)) return t("ending.console_stop");
  if (status?.ending) return known(`ending.${key(status.ending)}`, status.ending);
  if (status?.output_on) return t("state.firing");
  const state = status?.question ? "waiting for an answer" : (status?.state ?? "preparing");
  return known(`state.${key(state)}`, status?.words ?? state);
}

export function StateStrip({ status, picture }: { status: LiveStatus | null; picture: string }) {
  return (
    <div class="state" data-tone={toneOf(status)}>
      <div class="says-state" role="status" aria-live="polite">
        <span class="lamp" aria-hidden="true" />
        <strong>{sentence(stateWords(status)).replace(/[.。]$/, "")}</strong>
        <span class="sentence">
          <Said text={status?.sentence ?? ""} />
        </span>
      </div>
      <Figure name={t("treat.spot")} value={`${number(status?.spots_done)} / ${number(status?.spots)}`} />
      <Figure name={t("treat.target")} value={quantity(status?.temperature_c, "°C", 1)} />
      <Figure name={t("spot.power")} value={quantity(status?.power_w, "W")} />
      <Figure name={t("treat.elapsed")} value={duration(status?.elapsed_s)} />
      <Figure name={t("treat.remaining")} value={duration(status?.remaining_s)} />
      <Figure name={t("treat.picture")} value={picture} />
    </div>
  );
}

/** Space and Escape stop from anywhere on the screen, before anything else hears of them. */
export function useStopKeys(line: StopLine | null, alive: boolean): void {
  useEffect(() => {
    if (!line || !alive) return undefined;
    const press = (event: KeyboardEvent): void => {
      if (event.key !== " " && event.key !== "Escape") return;
      event.preventDefault();
      event.stopImmediatePropagation();
      line.stop();
    };
    window.addEventListener("keydown", press, { capture: true });
    return () => window.removeEventListener("keydown", press, { capture: true });
  }, [line, alive]);
}

export function StopButton({ line, alive }: { line: StopLine | null; alive: boolean }) {
  const pressed = line?.pressed.value ?? false;
  return (
    <div class="stop-box">
      <button
        type="button"
        class="stop"
        disabled={!alive || !line}
        onPointerDown={() => line?.stop()}
        onKeyDown={(event) => event.key === "Enter" && line?.stop()}
      >
        {t("treat.stop")}
      </button>
      <p class="quiet" role="status">
        {pressed && alive ? t("treat.stopping") : t(alive ? "treat.stop.how" : "treat.over")}
      </p>
    </div>
  );
}

export function useAlarmSound(sounding: LiveStatus["sounding"]): void {
  useEffect(() => (sounding ? sound(sounding) : undefined), [sounding]);
}

/** The key of an alarm's words: its English text with everything but letters as `_`. */
export function alarmKey(text: string): string {
  return text.toLowerCase().replace(/\W+/g, "_").replace(/^_|_$/g, "");
}

function AlarmLine({ alarm, byConsole }: { alarm: LiveAlarm; byConsole: boolean }) {
  const name = alarmKey(alarm.text);
  const words =
    byConsole && alarm.cause === "operator stop" ? t("ending.console_stop") : known(`alarm.said.${name}`, alarm.text);
  return (
    <li class={`alarm ${alarm.priority}`}>
      <span class="tag">{t(`alarm.${alarm.priority}`)}</span>
      <strong>{words}</strong>
      <p>{known(`alarm.help.${name}`, alarm.remedy)}</p>
      {alarm.acknowledged_by && <p class="quiet">{t("alarm.acknowledged", { name: alarm.acknowledged_by })}</p>}
    </li>
  );
}

export function Alarms({ run, status }: { run: string; status: LiveStatus | null }) {
  const [problem, setProblem] = useState<unknown>(null);
  const act = (name: "acknowledge" | "pause audio") => () =>
    void ask("POST", `/runs/${run}/acknowledge`, { act: name }).then(() => setProblem(null), setProblem);
  const alarms = status?.alarms ?? [];
  return (
    <section class="alarms" aria-label={t("alarm.heading")} aria-live="assertive">
      <div class="row wrap">
        <h2>{t("alarm.heading")}</h2>
        <span class="gap" />
        {alarms.length === 0 && <span class="quiet">{t("alarm.none")}</span>}
        {alarms.length > 0 && may("operator") && (
          <>
            <button type="button" onClick={act("acknowledge")}>
              {t("alarm.acknowledge")}
            </button>
            <button type="button" onClick={act("pause audio")}>
              {t("alarm.pause")}
            </button>
          </>
        )}
      </div>
      <ul class="plain-list">
        {alarms.map((alarm) => (
          <AlarmLine key={alarm.cause} alarm={alarm} byConsole={byConsole(status?.sentence ?? "")} />
        ))}
      </ul>
      <ProblemSays problem={problem} />
    </section>
  );
}

export function Question({ run, status }: { run: string; status: LiveStatus | null }) {
  const [problem, setProblem] = useState<unknown>(null);
  const question = status?.question;
  if (!question) return null;
  const answer = (choice: string) => () =>
    void ask("POST", `/runs/${run}/answer`, { question: question.text, answer: choice }).then(
      () => setProblem(null),
      setProblem,
    );
  return (
    <section class="question" aria-label={t("treat.question")} aria-live="assertive">
      <p>
        <Said text={question.text} />
      </p>
      {may("operator") ? (
        <div class="row wrap">
          {question.choices.map((choice, at) => (
            <button type="button" key={choice} class={at === 0 ? "main" : ""} onClick={answer(choice)}>
              {known(`answer.${key(choice)}`, choice)}
            </button>
          ))}
        </div>
      ) : (
        <p class="quiet">{t("treat.question.operator")}</p>
      )}
      <ProblemSays problem={problem} />
    </section>
  );
}

const SPOT_MARKS: Record<RunSpot["state"], string> = {
  "to come": "·",
  on: "▶",
  done: "✓",
  partial: "◐",
  earlier: "✓",
};

/** Every spot as a small square, and what comes next in words. */
export function SpotStrip({ spots, on, over }: { spots: RunSpot[]; on: number | null; over: boolean }) {
  const next = spots.find((spot) => spot.state === "to come" && spot.index !== on);
  return (
    <section aria-label={t("plan.spots")}>
      <div class="row">
        <h2>{t("plan.spots")}</h2>
      </div>
      <ol class="spot-strip">
        {spots.map((spot) => {
          const state = spot.index === on ? "on" : spot.state;
          const words = t("treat.spot_is", { spot: spot.index + 1, state: t(`spot.state.${key(state)}`) });
          return (
            <li key={spot.index} class={key(state)} title={words}>
              <span aria-hidden="true">{SPOT_MARKS[state]}</span>
              <span class="unseen">{words}</span>
            </li>
          );
        })}
      </ol>
      <p class="quiet" hidden={over}>
        {next
          ? t("treat.next", { spot: number(next.index + 1), power: number(next.power_w), on: number(next.on_s) })
          : spots.length > 0 && t("treat.no_next")}
      </p>
    </section>
  );
}

export function LiveCurves({ curves }: { curves: Curves }) {
  const x = { name: t("chart.minutes"), values: curves.minutes, digits: 1 };
  const organs = [...curves.organs].map(([name, values], at) => ({
    name,
    values,
    colour: COLOURS[(at + 2) % COLOURS.length]!,
  }));
  const temperatures = [{ name: t("treat.target"), values: curves.target, colour: COLOURS[1]! }, ...organs];
  const powers = [
    { name: t("treat.delivered"), values: curves.power, colour: COLOURS[0]! },
    { name: t("treat.asked"), values: curves.asked, colour: COLOURS[7]!, dash: [5, 4] },
  ];
  const height = 128;
  return (
    <div class="curves">
      <Chart
        title={t("overlay.temperature")}
        unit="°C"
        x={x}
        series={temperatures}
        height={height}
        bounds={[{ value: 56, colour: "#e8ecef" }]}
        table={false}
        digits={1}
      />
      <Chart title={t("spot.power")} unit="W" x={x} series={powers} height={height} table={false} />
      <Chart
        title={t("treat.water")}
        unit="°C"
        x={x}
        series={[{ name: t("treat.water"), values: curves.water, colour: COLOURS[5]! }]}
        height={height}
        table={false}
        digits={1}
      />
    </div>
  );
}
