/** What was delivered against what was planned: overlays, spots, the journal as a timeline, the report, resuming. */

import { useEffect, useState } from "preact/hooks";
import { ask, follow, may } from "../api/client";
import type { CaseView, Job, PlanView, RunView } from "../api/types";
import { JobCard } from "../parts/job-card";
import { JournalView } from "../parts/journal-view";
import { Link } from "../parts/link";
import { Pace } from "../parts/pace";
import { useLoad } from "../parts/load";
import { useCaseImages } from "../parts/open-case";
import { Said } from "../parts/said";
import { Fact, Opening, ProblemSays } from "../parts/says";
import { byConsole } from "../parts/treat-parts";
import { Tabs } from "../parts/tabs";
import { OverlayKey, ViewTools } from "../parts/view-tools";
import { go } from "../route";
import { Views } from "../viewer/views";
import { moment, number, percent, quantity } from "../words/numbers";
import { known, t } from "../words/words";
import { useOverlay } from "./plan";
import { TableHead, type Column } from "../parts/table-head";

function Report({ run }: { run: RunView }) {
  const [job, setJob] = useState<Job | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const make = async (): Promise<void> => {
    try {
      const started = await ask<Job>("POST", `/runs/${run.id}/report`);
      await follow(started.id, setJob);
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <section class="stack">
      <h2>{t("review.report")}</h2>
      <div class="row wrap">
        <button type="button" class="main" onClick={() => void make()}>
          {t("review.report.make")}
        </button>
        {job?.state === "done" && (
          <a class="button" href={`/api/runs/${run.id}/report.pdf`}>
            {t("review.report.open")}
          </a>
        )}
      </div>
      {job && <JobCard job={job} changed={setJob} />}
      <ProblemSays problem={problem} />
    </section>
  );
}

function Resume({ run }: { run: RunView }) {
  const [problem, setProblem] = useState<unknown>(null);
  const [pace, setPace] = useState(1);
  if (!run.resumable || run.rehearsal || !may("operator")) return null;
  const resume = (): void =>
    void ask<{ run: string }>("POST", `/plans/${run.plan}/treat`, { resume_of: run.id, pace }).then(
      (made) => go(`/runs/${made.run}`),
      setProblem,
    );
  return (
    <section class="stack">
      <h2>{t("review.resume")}</h2>
      <p class="quiet">{t("review.resume.how", { count: run.spots - run.spots_done })}</p>
      <Pace pace={pace} change={setPace} />
      <div>
        <button type="button" class="main" onClick={resume}>
          {t("review.resume.do")}
        </button>
      </div>
      <ProblemSays problem={problem} />
    </section>
  );
}

function endingWords(run: RunView): string {
  if (byConsole(run.sentence)) return t("ending.console_stop");
  return known(`ending.${run.ending!.replaceAll(" ", "_")}`, run.ending!);
}

function Summary({ run, plan }: { run: RunView; plan: PlanView | null }) {
  const planned = plan?.metrics;
  return (
    <div class="stack wide-gaps">
      <div class="stack">
        <div class="row wrap">
          <h2 class="title">{run.case}</h2>
          <span class="tag">{t(run.rehearsal ? "runs.rehearsal" : "runs.treatment")}</span>
          {run.ending && <span class="tag">{endingWords(run)}</span>}
        </div>
        <p>
          <Said text={run.sentence} />
        </p>
        <dl class="facts">
          <Fact name={t("runs.started")}>{moment(run.started_at)}</Fact>
          <Fact name={t("plans.plan")}>
            <Link to={`/plans/${run.plan}`}>{run.plan.slice(0, 12)}</Link>
          </Fact>
          <Fact name={t("plan.spots")}>
            {number(run.spots_done)} / {number(run.spots)}
          </Fact>
          <Fact name={t("review.energy")}>
            {quantity(run.energy_j / 1e3, "kJ", 1)} / {quantity(run.to_deliver_j / 1e3, "kJ", 1)}
          </Fact>
          <Fact name={t("review.planned_coverage")}>{percent(planned?.coverage, 1)}</Fact>
          {run.resume_of && run.with_earlier_j !== null && (
            <Fact name={t("review.energy.together")}>
              {quantity(run.with_earlier_j / 1e3, "kJ", 1)} / {quantity(run.planned_j / 1e3, "kJ", 1)}
            </Fact>
          )}
          {run.resume_of && (
            <Fact name={t("review.resume_of")}>
              <Link to={`/review/${run.resume_of}`}>{run.resume_of.slice(0, 12)}</Link>
            </Fact>
          )}
        </dl>
        <p class={run.journal_ok ? "says" : "says error"}>
          <Said text={run.journal_sentence.replace(/^\S+: /, "")} />
        </p>
      </div>
      <Resume run={run} />
      <Report run={run} />
    </div>
  );
}

const DELIVERED: Column[] = [
  { key: "spot.number", numeric: true },
  { key: "runs.state" },
  { key: "spot.power", numeric: true },
  { key: "plan.energy", numeric: true },
  { key: "spot.peak", numeric: true },
];

function Delivered({ run, plan }: { run: RunView; plan: PlanView | null }) {
  return (
    <table class="tight">
      <TableHead columns={DELIVERED} />
      <tbody>
        {run.spot_list.map((spot) => {
          const planned = plan?.spots.find((one) => one.index === spot.index);
          return (
            <tr key={spot.index}>
              <td class="number">{number(spot.index + 1)}</td>
              <td>{t(`spot.state.${spot.state.replaceAll(" ", "_")}`)}</td>
              <td class="number">
                {number(spot.power_w)} / {number(planned?.power_w)} W
              </td>
              <td class="number">{quantity(spot.energy_j === null ? null : spot.energy_j / 1e3, "kJ", 1)}</td>
              <td class="number">
                {number(spot.measured_peak_c, 1)} / {number(planned?.predicted_peak_c, 1)}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Side({ run, plan }: { run: RunView; plan: PlanView | null }) {
  const tabs = [
    { name: "summary", title: t("plan.tab.summary"), body: () => <Summary run={run} plan={plan} /> },
    { name: "delivered", title: t("review.delivered"), body: () => <Delivered run={run} plan={plan} /> },
    { name: "journal", title: t("review.journal"), body: () => <JournalView run={run.id} /> },
  ];
  return <Tabs tabs={tabs} label={t("nav.review")} />;
}

export default function Review({ id }: { id: string }) {
  const { data: run, problem } = useLoad<RunView>(`/runs/${id}`);
  const { data: plan } = useLoad<PlanView>(run ? `/plans/${run.plan}` : null);
  const { data: view } = useLoad<CaseView>(plan ? `/cases/${plan.case}` : null);
  const { state, surfaces } = useCaseImages(plan?.case ?? null, view);
  const [planned, setPlanned] = useState(false);
  const overlay = useOverlay(planned && run ? `/plans/${run.plan}` : `/runs/${id}`, state, "dose");
  useEffect(() => void (run && run.state !== "ended" && go(`/runs/${id}`)), [run]);
  if (!run) return <Opening problem={problem} />;
  return (
    <div class="work">
      <section class="stage" aria-label={t("view.role")}>
        <ViewTools state={state} kinds={["temperature", "dose"]} kind={overlay.kind} onKind={overlay.setKind}>
          <span class="gap" />
          <div class="row" role="group" aria-label={t("review.which")}>
            <button type="button" aria-pressed={!planned} onClick={() => setPlanned(false)}>
              {t("review.delivered")}
            </button>
            <button type="button" aria-pressed={planned} onClick={() => setPlanned(true)}>
              {t("review.planned")}
            </button>
          </div>
        </ViewTools>
        <div class="stacked">
          <Views state={state} panes={["axial", "coronal", "sagittal", "surface"]} surfaces={surfaces} />
          <OverlayKey state={state} />
        </div>
      </section>
      <section class="side" aria-label={t("nav.review")}>
        <h1 class="unseen">{`${t("nav.review")} ${run.case}`}</h1>
        <ProblemSays problem={overlay.problem} />
        <Side run={run} plan={plan} />
      </section>
    </div>
  );
}
