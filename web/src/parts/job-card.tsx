import { ask } from "../api/client";
import type { Job } from "../api/types";
import { percent } from "../words/numbers";
import { t } from "../words/words";
import { ProblemSays, Progress } from "./says";
import { useState } from "preact/hooks";

/** One piece of long work: how far it is, and the way to stop it. */
export function JobCard({ job, changed }: { job: Job; changed?: (job: Job) => void }) {
  const [problem, setProblem] = useState<unknown>(null);
  const alive = job.state === "waiting" || job.state === "running";
  const cancel = (): void => void ask<Job>("POST", `/jobs/${job.id}/cancel`).then((now) => changed?.(now), setProblem);
  return (
    <div class="panel stack" role="status">
      <div class="row">
        <strong>{t(`job.kind.${job.kind}`)}</strong>
        <span class="tag">{t(`job.state.${job.state}`)}</span>
        <span class="gap" />
        {alive && (
          <button type="button" onClick={cancel}>
            {t("job.cancel")}
          </button>
        )}
      </div>
      {alive && <Progress fraction={job.fraction} label={t(`job.kind.${job.kind}`)} />}
      <p class="quiet">
        {job.fraction !== null && alive && `${percent(job.fraction)} · `}
        {job.message}
      </p>
      {job.error && (
        <div class="says error">
          <strong>{job.error.what}</strong> {job.error.remedy}
        </div>
      )}
      <ProblemSays problem={problem} />
    </div>
  );
}
