/**
 * One plan, argued with: spots on the anatomy with their lights and reasons, overlays, curves, checks with sources,
 * rehearsal and approval.
 */

import { useEffect, useState } from "preact/hooks";
import type { CaseView, Device, OverlayKind, PlanView, Spot } from "../api/types";
import { type Direction, beamOf } from "../parts/aperture";
import { Approve } from "../parts/approve";
import { useLoad } from "../parts/load";
import { useCaseImages } from "../parts/open-case";
import { PlanChecks, PlanCurves, PlanSummary } from "../parts/plan-parts";
import { Opening, ProblemSays } from "../parts/says";
import { SpotTable } from "../parts/spot-table";
import { Tabs } from "../parts/tabs";
import { OverlayKey, ViewTools } from "../parts/view-tools";
import { WindowMapView } from "../parts/window-map";
import type { ViewerState } from "../viewer/state";
import { type SurfaceSet, beam } from "../viewer/surface-set";
import { Views } from "../viewer/views";
import { loadOverlay } from "../viewer/volumes";
import { t } from "../words/words";

const LIGHTS = { green: "#7fc99b", amber: "#f0b95a", red: "#ff8d85" };
const SPOT_RADIUS = 1.6e-3;

export function useOverlay(of: string, state: ViewerState, start: OverlayKind | null) {
  const [kind, setKind] = useState<OverlayKind | null>(start);
  const [problem, setProblem] = useState<unknown>(null);
  useEffect(() => {
    state.labelStrength.value = 0.12;
  }, []);
  useEffect(() => {
    let stale = false;
    if (!kind) state.overlay.value = null;
    else
      loadOverlay(of, kind).then(
        (got) => !stale && ((state.overlay.value = got), setProblem(null)),
        (error: unknown) => !stale && setProblem(error),
      );
    return () => {
      stale = true;
    };
  }, [of, kind]);
  return { kind, setKind, problem };
}

function showSpots(state: ViewerState, spots: Spot[], chosen: number | null): void {
  const target = state.marks.value.filter((mark) => mark.name === "target");
  const marks = spots.map((spot) => ({
    at: spot.position_m,
    colour: LIGHTS[spot.light],
    radius: SPOT_RADIUS,
    name: String(spot.index),
    chosen: spot.index === chosen,
  }));
  state.marks.value = [...target, ...marks];
}

function withBeam(
  surfaces: SurfaceSet | null,
  plan: PlanView | null,
  devices: Device[] | null,
  tried: Direction | null,
): SurfaceSet | null {
  const device = devices?.find((one) => one.name === plan?.device);
  if (!surfaces || !plan || !device) return surfaces;
  const cone = {
    name: "beam",
    surface: beam(plan.pose.focus_m, tried ? beamOf(tried) : plan.pose.direction, device),
    paint: [1, 0.8, 0.42, 0.95] as [number, number, number, number],
  };
  const off = plan.pose.focus_m.map((at, axis) => at - surfaces.centre[axis]!);
  const reach = Math.max(surfaces.reach, Math.hypot(...off) + device.focal_length_m);
  return { ...surfaces, parts: [...surfaces.parts, cone], reach };
}

function useSurfacesWithBeam(
  surfaces: SurfaceSet | null,
  plan: PlanView | null,
  tried: Direction | null,
): SurfaceSet | null {
  const devices = useLoad<Device[]>("/devices").data;
  const [made, setMade] = useState<SurfaceSet | null>(null);
  useEffect(() => setMade(withBeam(surfaces, plan, devices, tried)), [surfaces, plan, devices, tried]);
  return made;
}

export default function Plan({ hash }: { hash: string }) {
  const { data: plan, problem, again } = useLoad<PlanView>(`/plans/${hash}`);
  const { data: view } = useLoad<CaseView>(plan ? `/cases/${plan.case}` : null);
  const { state, surfaces } = useCaseImages(plan?.case ?? null, view);
  const overlay = useOverlay(`/plans/${hash}`, state, "temperature");
  const [chosen, setChosen] = useState<number | null>(null);
  const [tried, setTried] = useState<Direction | null>(null);
  useEffect(() => setTried(null), [hash]);
  const all = useSurfacesWithBeam(surfaces, plan, tried);
  useEffect(() => {
    if (plan && state.image.value) showSpots(state, plan.spots, chosen);
  }, [plan, state.image.value, chosen]);
  if (!plan) return <Opening problem={problem} />;
  const choose = (spot: Spot): void => {
    setChosen(spot.index);
    state.moveTo(spot.position_m);
  };
  const tabs = [
    { name: "summary", title: t("plan.tab.summary"), body: () => <PlanSummary plan={plan} /> },
    {
      name: "spots",
      title: t("plan.spots"),
      body: () => <SpotTable spots={plan.spots} chosen={chosen} choose={choose} />,
    },
    { name: "curves", title: t("plan.tab.curves"), body: () => <PlanCurves plan={plan} changed={again} /> },
    {
      name: "window",
      title: t("plan.tab.window"),
      body: () => <WindowMapView plan={plan} tried={tried} attempt={setTried} />,
    },
    { name: "checks", title: t("plan.tab.checks"), body: () => <PlanChecks plan={plan} /> },
    { name: "approve", title: t("plan.tab.approve"), body: () => <Approve plan={plan} changed={again} /> },
  ];
  return (
    <div class="work">
      <section class="stage" aria-label={t("view.role")}>
        <ViewTools
          state={state}
          kinds={["temperature", "dose", "pressure"]}
          kind={overlay.kind}
          onKind={overlay.setKind}
        />
        <div class="stacked">
          <Views state={state} panes={["axial", "coronal", "sagittal", "surface"]} surfaces={all} />
          <OverlayKey state={state} />
        </div>
      </section>
      <section class="side" aria-label={t("plans.plan")}>
        <h1 class="unseen">{`${t("plans.plan")} ${plan.case}`}</h1>
        <ProblemSays problem={overlay.problem} />
        <Tabs tabs={tabs} label={t("plans.plan")} />
      </section>
    </div>
  );
}
