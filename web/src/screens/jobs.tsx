/** Long work of everyone: what runs, what waits, what became of it. */

import { useEffect } from "preact/hooks";
import type { Job } from "../api/types";
import { JobCard } from "../parts/job-card";
import { Link } from "../parts/link";
import { useLoad } from "../parts/load";
import { ProblemSays, Waiting } from "../parts/says";
import { cut, moment } from "../words/numbers";
import { t } from "../words/words";

function resultLink(job: Job): { to: string; key: string } | null {
  if (job.result?.run) return { to: `/review/${job.result.run}`, key: "jobs.to_run" };
  if (job.result?.plan) return { to: `/plans/${job.result.plan}`, key: "jobs.to_plan" };
  if (job.result?.case) return { to: `/cases/${job.result.case}`, key: "plans.to_case" };
  return null;
}

function Entry({ job, again }: { job: Job; again: () => void }) {
  const link = resultLink(job);
  return (
    <li class="stack">
      <p class="quiet">
        {moment(job.created_at)} · {job.person} · {cut(job.subject)} {link && <Link to={link.to}>{t(link.key)}</Link>}
      </p>
      <JobCard job={job} changed={again} />
    </li>
  );
}

export default function Jobs() {
  const { data, problem, again } = useLoad<Job[]>("/jobs");
  useEffect(() => {
    const timer = setInterval(again, 2000);
    return () => clearInterval(timer);
  }, []);
  return (
    <div class="list">
      <h1>{t("nav.jobs")}</h1>
      <ProblemSays problem={problem} />
      {!data && !problem && <Waiting />}
      <ul class="plain-list">
        {data?.map((job) => (
          <Entry key={job.id} job={job} again={again} />
        ))}
      </ul>
      {data?.length === 0 && <p class="quiet">{t("jobs.none")}</p>}
    </div>
  );
}
