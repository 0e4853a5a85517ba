/** A new plan: the device, the prescription as a form, and the work watched until it is done. */

import { useEffect, useState } from "preact/hooks";
import { ask, follow } from "../api/client";
import type { Job } from "../api/types";
import type { Schema, Values } from "../form/schema";
import { SchemaForm } from "../form/schema-form";
import { go } from "../route";
import { t } from "../words/words";
import { JobCard } from "./job-card";
import { useLoad } from "./load";
import { ProblemSays } from "./says";

interface PlanForm {
  schema: Schema;
  values: Values;
  devices: string[];
}

export function MakePlan({ caseId }: { caseId: string }) {
  const { data: form, problem: refused } = useLoad<PlanForm>(`/plan-form?case=${encodeURIComponent(caseId)}`);
  const [values, setValues] = useState<Values | null>(null);
  const [device, setDevice] = useState("");
  const [job, setJob] = useState<Job | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  useEffect(() => setValues(form?.values ?? null), [form]);
  if (!form || !values) return <ProblemSays problem={refused} />;
  const start = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      setProblem(null);
      const prescription = values === form.values ? undefined : values;
      const started = await ask<Job>("POST", `/cases/${caseId}/plans`, { device: device || undefined, prescription });
      const ended = await follow(started.id, setJob);
      if (ended?.result?.plan) go(`/plans/${ended.result.plan}`);
    } catch (error) {
      setProblem(error);
    }
  };
  const busy = job !== null && (job.state === "waiting" || job.state === "running");
  return (
    <form class="stack" onSubmit={start}>
      <label>
        {t("cases.device")}
        <select value={device} onChange={(event) => setDevice(event.currentTarget.value)}>
          <option value="">{t("plan.make.case_device")}</option>
          {form.devices.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <SchemaForm schema={form.schema} values={values} change={setValues} />
      <button type="submit" class="main" disabled={busy}>
        {t("plan.make.start")}
      </button>
      {job && <JobCard job={job} changed={setJob} />}
      <ProblemSays problem={problem} />
    </form>
  );
}
