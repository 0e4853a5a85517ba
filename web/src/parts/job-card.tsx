import { ask } from "../api/client";
import type { Job } from "../api/types";
import { percent } from "../words/numbers";
import { t } from "../words/words";
import { Said } from "./said";
import { ProblemSays, Progress } from "./says";
import { useEffect, useRef, useState } from "preact/hooks";

/** One piece of long work: how far it is, and the way to stop it. */
export function JobCard({ job, changed }: { job: Job; changed?: (job: Job) => void }) {
  const [problem, setProblem] = useState<unknown>(null);
  const card = useRef<HTMLDivElement>(null);
  // Work is begun by a button at the end of a form: its card would lie below what is in sight.
  useEffect(() => card.current?.scrollIntoView({ block: "nearest" }), [job.id]);
  const alive = job.state === "waiting" || job.state === "running";
  const cancel = (): void => void ask<Job>("POST", `/jobs/${job.id}/cancel`).then((now) => changed?.(now), setProblem);
  return (
    <div class="panel stack" role="status" ref={card}>
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
      {alive && (
        <p class="quiet">
          {job.fraction !== null && percent(job.fraction)}
          {job.message && " · "}
          <Said text={job.message} />
        </p>
      )}
      {job.error && (
        <div class="says error">
          <strong>
            <Said text={job.error.what} />
          </strong>{" "}
          <Said text={job.error.remedy} />
        </div>
      )}
      <ProblemSays problem={problem} />
    </div>
  );
}
