/** A direction that somebody tries: what the beam meets from there, asked again with every move, and a plan from it. */

import { useEffect, useRef, useState } from "preact/hooks";
import { Problem, ask, follow, may } from "../api/client";
import type { Job, Look, PlanView, Vector } from "../api/types";
import { go } from "../route";
import { number, percent, quantity } from "../words/numbers";
import { t } from "../words/words";
import { JobCard } from "./job-card";
import { Said } from "./said";
import { Fact, ProblemSays } from "./says";

/** Where the transducer stands, seen from the target: azimuth from L towards P, elevation towards the head [rad]. */
export interface Direction {
  azimuth: number;
  elevation: number;
}

export const DEGREE = Math.PI / 180;
const SUPERSEDED = 409;

/** From the unit vector of the beam, which points from the transducer to the target. */
export function directionOf(beam: Vector): Direction {
  return { azimuth: Math.atan2(-beam[1], -beam[0]), elevation: Math.asin(Math.max(-1, Math.min(1, -beam[2]))) };
}

/** The unit vector from the transducer to the target. */
export function beamOf({ azimuth, elevation }: Direction): Vector {
  const flat = -Math.cos(elevation);
  return [flat * Math.cos(azimuth), flat * Math.sin(azimuth), -Math.sin(elevation)];
}

/** Asks for the newest direction only: one question is under way; of those that came meanwhile the last is asked. */
export function useLook(plan: string, tried: Direction | null): { look: Look | null; problem: unknown } {
  const [look, setLook] = useState<Look | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const line = useRef<{ busy: boolean; next: Direction | null }>({ busy: false, next: null });
  const run = async (): Promise<void> => {
    if (line.current.busy) return;
    line.current.busy = true;
    while (line.current.next) {
      const { azimuth, elevation } = line.current.next;
      line.current.next = null;
      const asked = { azimuth_rad: azimuth, elevation_rad: elevation };
      await ask<Look>("POST", `/plans/${plan}/look`, asked).then(
        (got) => (setLook(got), setProblem(null)),
        (error: unknown) =>
          (error instanceof Problem && error.status === SUPERSEDED && line.current.next) || setProblem(error),
      );
    }
    line.current.busy = false;
  };
  useEffect(() => {
    line.current.next = tried;
    if (tried) void run();
    else setLook(null);
  }, [plan, tried]);
  return { look: tried ? look : null, problem };
}

function Shares({ look }: { look: Look }) {
  return (
    <dl class="facts">
      <Fact name={t("aperture.bone")}>{percent(look.bone, 1)}</Fact>
      <Fact name={t("aperture.cartilage")}>{percent(look.cartilage, 1)}</Fact>
      <Fact name={t("aperture.gas")}>{percent(look.gas, 1)}</Fact>
      <Fact name={t("aperture.bowel")}>{percent(look.bowel, 1)}</Fact>
      <Fact name={t("aperture.cut")}>{percent(look.cut, 1)}</Fact>
      <Fact name={t("aperture.elements")}>
        {number(look.elements_off)} / {number(look.elements)}
      </Fact>
      <Fact name={t("aperture.arrives")}>{percent(look.amplitude, 1)}</Fact>
      <Fact name={t("aperture.stand_off")}>{quantity(look.stand_off_m * 1e3, "mm")}</Fact>
    </dl>
  );
}

function PlanFrom({ plan, look }: { plan: PlanView; look: Look }) {
  const [job, setJob] = useState<Job | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const start = async (): Promise<void> => {
    try {
      setProblem(null);
      const wish = { device: plan.device, direction: look.direction };
      const started = await ask<Job>("POST", `/cases/${plan.case}/plans`, wish);
      const ended = await follow(started.id, setJob);
      if (ended?.result?.plan) go(`/plans/${ended.result.plan}`);
    } catch (error) {
      setProblem(error);
    }
  };
  const busy = job !== null && (job.state === "waiting" || job.state === "running");
  return (
    <>
      <button type="button" class="main" disabled={busy || look.refusal !== ""} onClick={() => void start()}>
        {t("window_map.plan")}
      </button>
      {job && <JobCard job={job} changed={setJob} />}
      <ProblemSays problem={problem} />
    </>
  );
}

export function Aperture({ plan, tried, back }: { plan: PlanView; tried: Direction; back: () => void }) {
  const { look, problem } = useLook(plan.hash, tried);
  const here = { azimuth: number(tried.azimuth / DEGREE), elevation: number(tried.elevation / DEGREE) };
  return (
    <section class="stack" aria-live="polite">
      <h2>{t("aperture.heading")}</h2>
      <div class="row wrap">
        <span>{t("window_map.here", here)}</span>
        <span class="gap" />
        <button type="button" onClick={back}>
          {t("window_map.back")}
        </button>
      </div>
      {look && (
        <>
          <Shares look={look} />
          <p class={look.refusal ? "says error" : "says"}>
            {look.refusal ? <Said text={look.refusal} /> : t("aperture.free")}
          </p>
          <p class="quiet">{t("aperture.took", { ms: number(look.took_ms) })}</p>
          {may("physicist", "physician") && <PlanFrom plan={plan} look={look} />}
        </>
      )}
      <ProblemSays problem={problem} />
    </section>
  );
}
