/**
 * One screen for a treatment: state, the stop, live slices, curves, alarms, questions. Nothing is hidden behind a
 * tab.
 */

import { effect, useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { LiveLine } from "../api/live";
import { StopLine } from "../api/stop-line";
import type { CaseView, LiveStatus, PlanView, RunView } from "../api/types";
import { Link } from "../parts/link";
import { useLoad } from "../parts/load";
import { useCaseImages } from "../parts/open-case";
import { Said } from "../parts/said";
import { ProblemSays } from "../parts/says";
import {
  Alarms,
  LiveCurves,
  Question,
  SpotStrip,
  StateStrip,
  StopButton,
  useAlarmSound,
  useStopKeys,
} from "../parts/treat-parts";
import { OverlayKey, ViewTools } from "../parts/view-tools";
import { History } from "../treat-history";
import type { ViewerState } from "../viewer/state";
import type { Overlay } from "../viewer/volumes";
import { Views } from "../viewer/views";
import { quantity } from "../words/numbers";
import { t } from "../words/words";

/** Pixels that a close-up of the target fills. */
const CLOSE_UP = 520;

/** Between two drawings of the curves [ms]: a treatment takes an hour. */
const CURVES_MS = 1000;

/** Width of body shown around the target [m]: several times what will be treated, never more than a hand's breadth. */
function breadth(plan: PlanView | null): number {
  const places = plan?.spots.map((spot) => spot.position_m) ?? [];
  const wide = (axis: number): number => {
    const along = places.map((place) => place[axis]!);
    return Math.max(...along) - Math.min(...along);
  };
  const target = places.length > 0 ? Math.max(wide(0), wide(1), wide(2)) : 0.03;
  return Math.min(0.16, Math.max(0.06, target * 5));
}

function useLines(id: string, alive: boolean): { live: LiveLine | null; stop: StopLine | null } {
  const [lines, setLines] = useState<{ live: LiveLine; stop: StopLine } | null>(null);
  useEffect(() => {
    if (!alive) return undefined;
    const made = { live: new LiveLine(id), stop: new StopLine(id) };
    setLines(made);
    return () => (made.live.close(), made.stop.close());
  }, [id, alive]);
  return { live: lines?.live ?? null, stop: lines?.stop ?? null };
}

interface Picture {
  frames: number;
  age_s: number | null;
}

/** Lays every frame over the slices, and once it is in the picture asks for the next and notes how old it was. */
function useFrames(live: LiveLine | null, state: ViewerState, kind: "temperature" | "dose") {
  const picture = useSignal<Picture>({ frames: 0, age_s: null });
  const waiting = useRef<{ overlay: Overlay; taken: number } | null>(null);
  useEffect(() => {
    if (!live) return undefined;
    live.shownKind = kind;
    state.overlay.value = null;
    return effect(() => {
      const frame = live.frames[kind].value;
      if (!frame) return;
      const { head, data } = frame;
      const overlay = {
        kind: head.kind,
        unit: head.unit,
        lowest: head.lowest,
        highest: head.highest,
        scale: head.scale,
        shape: head.shape,
        affine: head.affine,
        data,
      };
      waiting.current = { overlay, taken: head.taken_at_s ?? 0 };
      state.overlay.value = overlay;
      if (!state.image.value) live.shown();
    });
  }, [live, kind]);
  const painted = (overlay: Overlay | null): void => {
    if (waiting.current === null || waiting.current.overlay !== overlay) return;
    const age_s = waiting.current.taken ? Date.now() / 1000 - waiting.current.taken : null;
    waiting.current = null;
    picture.value = { frames: picture.value.frames + 1, age_s };
    live?.shown();
  };
  return { picture, painted };
}

/** Every status that is shown is kept; curves are drawn anew once a second, and when the run has ended. */
function useHistory(live: LiveLine | null): History["curves"] {
  const history = useMemo(() => new History(), [live]);
  const curves = useSignal(history.curves);
  const drawnAt = useRef(-Infinity);
  useEffect(() => {
    if (!live) return undefined;
    return effect(() => {
      const status = live.status.value;
      if (!status || !history.add(status)) return;
      if (!status.ending && performance.now() - drawnAt.current < CURVES_MS) return;
      drawnAt.current = performance.now();
      curves.value = history.curves;
    });
  }, [live]);
  return curves.value;
}

function closeUp(state: ViewerState, plan: PlanView | null): void {
  state.closeUp(plan?.pose.focus_m ?? state.cursor.value, breadth(plan) / CLOSE_UP);
  state.labelStrength.value = 0.12;
}

/** Spots as the run knows them; what is still to come has the power and time of the plan. */
function spotsOf(run: RunView | null, plan: PlanView | null): RunView["spot_list"] {
  return (run?.spot_list ?? []).map((spot) => {
    const planned = plan?.spots.find((one) => one.index === spot.index);
    return { ...spot, power_w: spot.power_w ?? planned?.power_w ?? null, on_s: spot.on_s ?? planned?.on_s ?? null };
  });
}

function LostBanner({ lost }: { lost: boolean }) {
  return (
    <div class="lost" role="alert" hidden={!lost}>
      {lost && (
        <>
          <strong>{t("treat.lost")}</strong> {t("treat.lost.how")}
        </>
      )}
    </div>
  );
}

function ended(run: RunView | null, status: LiveStatus | null): boolean {
  return run?.state === "ended" || Boolean(status?.ending);
}

export default function Treat({ id }: { id: string }) {
  const { data: run, problem, again } = useLoad<RunView>(`/runs/${id}`);
  const { data: plan } = useLoad<PlanView>(run ? `/plans/${run.plan}` : null);
  const { data: view } = useLoad<CaseView>(plan ? `/cases/${plan.case}` : null);
  const { state } = useCaseImages(plan?.case ?? null, view);
  const [over, setOver] = useState(false);
  const { live, stop } = useLines(id, run !== null && run.state !== "ended");
  const status = live?.status.value ?? null;
  const isOver = over || ended(run, status);
  const [kind, setKind] = useState<"temperature" | "dose">("temperature");
  const { picture, painted } = useFrames(live, state, kind);
  const curves = useHistory(live);
  useStopKeys(stop, !isOver);
  useAlarmSound(status?.sounding ?? null);
  useEffect(() => void (state.image.value && closeUp(state, plan)), [state.image.value, plan]);
  useEffect(() => {
    const spot = plan?.spots.find((one) => one.index === status?.spot);
    if (spot) state.moveTo(spot.position_m);
  }, [plan, status?.spot]);
  useEffect(() => again(), [status?.spots, status?.spots_done, status?.output_on, status?.ending]);
  useEffect(() => {
    if (status?.ending) setOver(true);
  }, [status?.ending]);
  // The engine says that it has ended before its record is closed; the review is for a record that is.
  useEffect(() => {
    if (!isOver || run?.state === "ended") return undefined;
    const timer = setInterval(again, 500);
    return () => clearInterval(timer);
  }, [isOver, run?.state]);
  if (problem && !run)
    return (
      <div class="pad">
        <ProblemSays problem={problem} />
      </div>
    );
  const lost = !isOver && (stop?.lost.value ?? false);
  return (
    <div
      class="treat"
      data-frames={picture.value.frames}
      data-age-ms={Math.round((picture.value.age_s ?? 0) * 1000)}
      data-over={isOver}
    >
      <h1 class="unseen">{t("nav.treat")}</h1>
      <StateStrip status={status} picture={quantity(picture.value.age_s, "s", 2)} />
      <LostBanner lost={lost} />
      <section class="stage" aria-label={t("view.role")}>
        <ViewTools
          state={state}
          kinds={["temperature", "dose"]}
          kind={kind}
          onKind={(chosen) => setKind(chosen === "dose" ? "dose" : "temperature")}
        />
        <div class="stacked">
          <Views state={state} panes={["axial", "coronal", "sagittal"]} painted={painted} />
          <OverlayKey state={state} />
        </div>
        <LiveCurves curves={curves} />
      </section>
      <section class="side" aria-label={t("nav.treat")}>
        <StopButton line={stop} alive={!isOver} />
        <div class="scroll stack" tabIndex={0}>
          <Question run={id} status={status} />
          {isOver && (
            <p class="says">
              <Said text={status?.sentence || run?.sentence || ""} />{" "}
              {run?.state === "ended" && <Link to={`/review/${id}`}>{t("treat.to_review")}</Link>}
            </p>
          )}
          <Alarms run={id} status={status} />
          <SpotStrip spots={spotsOf(run, plan)} on={status?.output_on ? status.spot : null} over={isOver} />
        </div>
      </section>
    </div>
  );
}
