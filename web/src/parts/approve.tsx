/** From plan to treatment: rehearse exactly this plan, approve it with a name and a password, begin. */

import { useState } from "preact/hooks";
import { ask, follow, may, me } from "../api/client";
import type { Job, PlanView } from "../api/types";
import { go } from "../route";
import { moment, number } from "../words/numbers";
import { t } from "../words/words";
import { JobCard } from "./job-card";
import { Link } from "./link";
import { Pace } from "./pace";
import { ProblemSays } from "./says";

interface StepProps {
  plan: PlanView;
  changed: () => void;
}

function Rehearse({ plan, changed }: StepProps) {
  const [job, setJob] = useState<Job | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const start = async (): Promise<void> => {
    try {
      const started = await ask<Job>("POST", `/plans/${plan.hash}/rehearse`);
      await follow(started.id, setJob);
      changed();
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <section class="stack">
      <h2>{t("approve.rehearse")}</h2>
      {plan.rehearsed ? (
        <p>
          {t("approve.rehearsed")}{" "}
          {plan.rehearsal && <Link to={`/review/${plan.rehearsal}`}>{t("approve.see_rehearsal")}</Link>}
        </p>
      ) : (
        <p class="quiet">{t("approve.rehearse.why")}</p>
      )}
      {!plan.rehearsed && may("operator", "physicist", "physician") && (
        <button type="button" class="main" onClick={() => void start()}>
          {t("approve.rehearse.start")}
        </button>
      )}
      {job && <JobCard job={job} changed={setJob} />}
      <ProblemSays problem={problem} />
    </section>
  );
}

function Sign({ plan, changed }: StepProps) {
  const [password, setPassword] = useState("");
  const [statement, setStatement] = useState("");
  const [despite, setDespite] = useState("");
  const [problem, setProblem] = useState<unknown>(null);
  const sign = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      await ask("POST", `/plans/${plan.hash}/approve`, { name: me.value?.name, password, statement, despite });
      setPassword("");
      changed();
    } catch (error) {
      setProblem(error);
    }
  };
  return (
    <form class="stack" onSubmit={sign}>
      <p class="quiet">{t("approve.says", { name: me.value?.name ?? "" })}</p>
      <label>
        {t("approve.statement")}
        <textarea required value={statement} onInput={(event) => setStatement(event.currentTarget.value)} />
      </label>
      <label>
        {t("approve.despite")}
        <textarea value={despite} onInput={(event) => setDespite(event.currentTarget.value)} />
      </label>
      <label>
        {t("approve.password")}
        <input
          type="password"
          required
          autocomplete="current-password"
          value={password}
          onInput={(event) => setPassword(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="main">
        {t("approve.sign")}
      </button>
      <ProblemSays problem={problem} />
    </form>
  );
}

function Approvals({ plan }: { plan: PlanView }) {
  return (
    <ul class="verdicts">
      {plan.approvals.map((approval) => (
        <li key={approval.time} class="verdict ok">
          <span class="mark" aria-hidden="true">
            ✓
          </span>
          <div>
            <p>
              <strong>{approval.person}</strong> · {approval.role} · {moment(approval.time)}
            </p>
            <p class="quiet">{approval.statement}</p>
          </div>
        </li>
      ))}
    </ul>
  );
}

function Begin({ plan }: { plan: PlanView }) {
  const [problem, setProblem] = useState<unknown>(null);
  const [pace, setPace] = useState(1);
  const begin = (): void =>
    void ask<{ run: string }>("POST", `/plans/${plan.hash}/treat`, { pace }).then(
      ({ run }) => go(`/runs/${run}`),
      setProblem,
    );
  return (
    <section class="stack">
      <h2>{t("approve.treat")}</h2>
      <p class="quiet">{t("approve.treat.how")}</p>
      <Pace pace={pace} change={setPace} />
      <button type="button" class="main" onClick={begin}>
        {t("approve.treat.begin")}
      </button>
      <ProblemSays problem={problem} />
    </section>
  );
}

export function Approve({ plan, changed }: StepProps) {
  return (
    <div class="stack wide-gaps">
      <Rehearse plan={plan} changed={changed} />
      <section class="stack">
        <h2>{t("approve.heading")}</h2>
        <Approvals plan={plan} />
        {plan.second_look_needed && (
          <p class="says warning">{t("approve.second_look", { power: number(plan.second_look_above_w) })}</p>
        )}
        {!plan.approved && plan.rehearsed && may("physician") && <Sign plan={plan} changed={changed} />}
        {!plan.approved && !may("physician") && <p class="quiet">{t("approve.needs_physician")}</p>}
        {!plan.approved && !plan.rehearsed && may("physician") && <p class="quiet">{t("approve.needs_rehearsal")}</p>}
      </section>
      {plan.approved && may("operator") && <Begin plan={plan} />}
    </div>
  );
}
