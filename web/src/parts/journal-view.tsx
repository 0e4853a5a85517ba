/** The journal as a timeline: what was done, by whom, when; readings folded away unless asked for. */

import { useEffect, useState } from "preact/hooks";
import { get } from "../api/client";
import type { JournalEvent } from "../api/types";
import { cut, duration } from "../words/numbers";
import { known, t } from "../words/words";
import { ProblemSays, Waiting } from "./says";

const MOST_SHOWN = 500;
const key = (kind: string): string => `event.${kind.replaceAll(" ", "_")}`;

async function whole(run: string): Promise<JournalEvent[]> {
  const all: JournalEvent[] = [];
  for (;;) {
    const after = all.at(-1)?.sequence ?? -1;
    const { lines } = await get<{ lines: JournalEvent[] }>(`/runs/${run}/journal?after=${after}`);
    if (lines.length === 0) return all;
    all.push(...lines);
  }
}

/** The values of an event that fit in a line. */
function details(what: JournalEvent["what"]): string {
  return Object.entries(what)
    .filter(([name, value]) => name !== "kind" && ["string", "number"].includes(typeof value) && value !== "")
    .map(
      ([name, value]) =>
        `${name.replaceAll("_", " ")} ${typeof value === "number" ? Number(value.toPrecision(4)) : cut(String(value))}`,
    )
    .join(" · ");
}

const TONES: Record<string, string> = {
  "interlock tripped": "danger",
  "patient pressed": "danger",
  "run ended": "end",
  "sonication started": "work",
  asked: "ask",
};

export function JournalView({ run }: { run: string }) {
  const [events, setEvents] = useState<JournalEvent[] | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const [readings, setReadings] = useState(false);
  useEffect(() => void whole(run).then(setEvents, setProblem), [run]);
  const shown =
    events?.filter((event) => readings || !["reading", "step started", "step ended"].includes(event.what.kind)) ?? [];
  return (
    <div class="stack">
      <label class="inline">
        <input type="checkbox" checked={readings} onChange={(event) => setReadings(event.currentTarget.checked)} />
        {t("journal.readings")}
      </label>
      <ProblemSays problem={problem} />
      {!events && !problem && <Waiting />}
      <ol class="timeline">
        {shown.slice(0, MOST_SHOWN).map((event) => (
          <li key={event.sequence} class={TONES[event.what.kind] ?? ""}>
            <span class="number">{duration(event.clock)}</span>
            <div>
              <strong>{known(key(event.what.kind), event.what.kind)}</strong>{" "}
              {event.person && <span class="quiet">{event.person}</span>}
              <p class="quiet" lang="en">
                {details(event.what)}
              </p>
            </div>
          </li>
        ))}
      </ol>
      {shown.length > MOST_SHOWN && <p class="quiet">{t("journal.more", { count: shown.length - MOST_SHOWN })}</p>}
    </div>
  );
}
