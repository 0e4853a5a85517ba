/**
 * A new case out of images dropped on the page: a zip of DICOM, a NIfTI, or a folder (packed here into a zip of
 * plain storage).
 */

import { useState } from "preact/hooks";
import { follow, send } from "../api/client";
import type { Device, Job } from "../api/types";
import { sentence } from "../words/numbers";
import { t } from "../words/words";
import { useLoad } from "./load";
import { filesOf } from "./dropped";
import { ProblemSays, Progress } from "./says";

const WANTED = { title: "import.title", target: "import.target", pseudonym: "import.pseudonym" } as const;

interface Fields {
  title: string;
  target: string;
  pseudonym: string;
  device: string;
  preset: string;
}

async function upload(file: Blob, name: string, fields: Fields): Promise<Job> {
  const query = new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== ""));
  const form = new FormData();
  form.append("file", file, name);
  return (await (await send(`/cases/import?${query}`, { method: "POST", body: form })).json()) as Job;
}

/** A choice that nobody makes for the person: what comes first is the request to choose. */
function Choice(props: { label: string; value: string; names: string[]; onChoice: (name: string) => void }) {
  return (
    <label>
      {props.label}
      <select value={props.value} onChange={(event) => props.onChoice(event.currentTarget.value)}>
        {props.names.map((name) => (
          <option key={name} value={name}>
            {name || t("import.choose")}
          </option>
        ))}
      </select>
    </label>
  );
}

function Form({ fields, change }: { fields: Fields; change: (more: Partial<Fields>) => void }) {
  const devices = useLoad<Device[]>("/devices").data ?? [];
  const presets = useLoad<string[]>("/presets").data ?? [];
  return (
    <div class="fields">
      {(Object.keys(WANTED) as (keyof typeof WANTED)[]).map((name) => (
        <label key={name}>
          {t(WANTED[name])}
          <input
            value={fields[name]}
            placeholder={name === "pseudonym" ? "anonymous" : ""}
            onInput={(event) => change({ [name]: event.currentTarget.value })}
          />
        </label>
      ))}
      <Choice
        label={t("cases.device")}
        value={fields.device}
        names={["", ...devices.map((device) => device.name)]}
        onChoice={(device) => change({ device })}
      />
      <Choice
        label={t("import.preset")}
        value={fields.preset}
        names={["", ...presets]}
        onChoice={(preset) => change({ preset })}
      />
    </div>
  );
}

export function ImportCase({ done }: { done: () => void }) {
  const [fields, setFields] = useState<Fields>({ title: "", target: "", pseudonym: "", device: "", preset: "" });
  const [job, setJob] = useState<Job | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const [over, setOver] = useState(false);
  const take = async (found: Promise<{ file: Blob; name: string }>): Promise<void> => {
    try {
      setProblem(null);
      const { file, name } = await found;
      const ended = await follow((await upload(file, name, fields)).id, setJob);
      if (ended?.state === "done") done();
    } catch (refused) {
      setProblem(refused);
    }
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    if (event.dataTransfer) void take(filesOf(event.dataTransfer));
  };
  const pick = (event: Event): void => {
    const file = (event.target as HTMLInputElement).files?.[0];
    if (file) void take(Promise.resolve({ file, name: file.name }));
  };
  return (
    <section
      class={over ? "drop over" : "drop"}
      aria-label={t("import.heading")}
      onDragOver={(event) => (event.preventDefault(), setOver(true))}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <h2>{t("import.heading")}</h2>
      <p class="quiet">{t("import.how")}</p>
      <Form fields={fields} change={(more) => setFields({ ...fields, ...more })} />
      <label>
        {t("import.file")}
        <input type="file" accept=".zip,.nii,.gz" onChange={pick} />
      </label>
      {job && job.state !== "failed" && (
        <div>
          <Progress fraction={job.fraction} label={job.message} />
          <p class="quiet" role="status">
            {job.message}
          </p>
        </div>
      )}
      {job?.error && (
        <div class="says error" role="alert">
          <strong>{sentence(job.error.what)}</strong> {sentence(job.error.remedy)}
        </div>
      )}
      {job?.result?.remarks?.map((remark) => (
        <p key={remark} class="says warning">
          {sentence(remark)}
        </p>
      ))}
      <ProblemSays problem={problem} />
    </section>
  );
}
