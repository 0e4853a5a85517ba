/** The journal as a timeline: what was done, by whom, when; readings folded away unless asked for. */

import { useEffect, useState } from "preact/hooks";
import { get } from "../api/client";
import type { JournalEvent } from "../api/types";
import { duration } from "../words/numbers";
import { known, t } from "../words/words";
import { JournalDetails } from "./journal-details";
import { ProblemSays, Waiting } from "./says";

const MOST_SHOWN = 500;
const key = (kind: string): string => `event.${kind.replaceAll(" ", "_")}`;

interface Lines {
  lines: JournalEvent[];
  alarms: Record<string, string>;
}

async function whole(run: string): Promise<Lines> {
  const all: Lines = { lines: [], alarms: {} };
  for (;;) {
    const after = all.lines.at(-1)?.sequence ?? -1;
    const { lines, alarms } = await get<Lines>(`/runs/${run}/journal?after=${after}`);
    if (lines.length === 0) return all;
    all.lines.push(...lines);
    Object.assign(all.alarms, alarms);
  }
}

const TONES: Record<string, string> = {
  "interlock tripped": "danger",
  "patient pressed": "danger",
  "run ended": "end",
  "sonication started": "work",
  asked: "ask",
};

export function JournalView({ run }: { run: string }) {
  const [events, setEvents] = useState<Lines | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const [readings, setReadings] = useState(false);
  useEffect(() => void whole(run).then(setEvents, setProblem), [run]);
  const shown =
    events?.lines.filter((event) => readings || !["reading", "step started", "step ended"].includes(event.what.kind)) ??
    [];
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
              <JournalDetails what={event.what} alarms={events!.alarms} />
            </div>
          </li>
        ))}
      </ol>
      {shown.length > MOST_SHOWN && <p class="quiet">{t("journal.more", { count: shown.length - MOST_SHOWN })}</p>}
    </div>
  );
}
