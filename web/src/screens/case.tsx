/** One case: its slices and surfaces, what was found wrong with it, and drawing on it. */

import { useState } from "preact/hooks";
import { may } from "../api/client";
import type { CaseView } from "../api/types";
import type { Drawing } from "../draw/drawing";
import { DrawPanel } from "../parts/draw-panel";
import { Link } from "../parts/link";
import { useLoad } from "../parts/load";
import { MakePlan } from "../parts/make-plan";
import { useCaseImages } from "../parts/open-case";
import { Fact, Opening, ProblemSays, VerdictSays } from "../parts/says";
import { Tabs } from "../parts/tabs";
import { ViewTools } from "../parts/view-tools";
import type { ViewerState } from "../viewer/state";
import { Views } from "../viewer/views";
import { number } from "../words/numbers";
import { t } from "../words/words";

function LabelList({ view, state }: { view: CaseView; state: ViewerState }) {
  const here = state.labelAt(state.cursor.value);
  return (
    <ul class="labels">
      {view.labels.map((label) => (
        <li key={label.value} class="row" aria-current={label.name === here}>
          <span class="swatch" style={`background:${label.colour}`} aria-hidden="true" />
          <span>{label.name.replaceAll("_", " ")}</span>
        </li>
      ))}
    </ul>
  );
}

function Overview({ view, state }: { view: CaseView; state: ViewerState }) {
  return (
    <div class="stack">
      <h2 class="title">{view.title}</h2>
      <dl class="facts">
        <Fact name={t("cases.pseudonym")}>{view.pseudonym}</Fact>
        <Fact name={t("cases.device")}>{view.device}</Fact>
        <Fact name={t("case.target")}>
          {view.target_m ? `${view.target_m.map((x) => number(x * 1e3, 1)).join(", ")} mm` : "–"}
        </Fact>
        {view.image && <Fact name={t("case.image")}>{view.image.shape.join(" × ")}</Fact>}
        {view.version_of && (
          <Fact name={t("case.version_of")}>
            <Link to={`/cases/${view.version_of}`}>{view.version_of}</Link>
          </Fact>
        )}
      </dl>
      <div class="row wrap">
        <Link class="button" to={`/plans?case=${view.id}`}>
          {t("cases.plans")}
        </Link>
      </div>
      <h2>{t("case.checks")}</h2>
      <ul class="verdicts">
        {view.checks.map((check) => (
          <VerdictSays key={check.sentence} verdict={check} />
        ))}
      </ul>
      <h2>{t("view.labels")}</h2>
      <LabelList view={view} state={state} />
    </div>
  );
}

export default function Case({ id }: { id: string }) {
  const { data: view, problem } = useLoad<CaseView>(`/cases/${id}`);
  const { state, surfaces, problem: imageProblem } = useCaseImages(id, view);
  const [drawing, setDrawing] = useState<Drawing | null>(null);
  if (!view) return <Opening problem={problem} />;
  const tabs = [
    { name: "overview", title: t("case.overview"), body: () => <Overview view={view} state={state} /> },
    ...(may("physicist") && view.image
      ? [
          {
            name: "draw",
            title: t("draw.tab"),
            body: () => <DrawPanel view={view} state={state} onDrawing={setDrawing} />,
          },
        ]
      : []),
    ...(may("physicist", "physician")
      ? [{ name: "plan", title: t("plan.make.tab"), body: () => <MakePlan caseId={view.id} /> }]
      : []),
  ];
  return (
    <div class="work">
      <section class="stage" aria-label={t("view.role")}>
        <ViewTools state={state} />
        <Views
          state={state}
          panes={["axial", "coronal", "sagittal", "surface"]}
          surfaces={surfaces}
          draw={drawing?.hand ?? null}
        />
      </section>
      <section class="side" aria-label={view.title}>
        <h1 class="unseen">{view.title}</h1>
        <ProblemSays problem={imageProblem} />
        <Tabs tabs={tabs} label={view.title} />
      </section>
    </div>
  );
}
