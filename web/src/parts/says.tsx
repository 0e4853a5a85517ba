/** What the page says about an act: a problem with its remedy, a verdict, progress. */

import type { ComponentChildren } from "preact";
import { Problem } from "../api/client";
import type { Verdict } from "../api/types";
import { t } from "../words/words";
import { Said } from "./said";

export function ProblemSays({ problem }: { problem: unknown }) {
  if (!problem) return null;
  const what = problem instanceof Error ? problem.message : String(problem);
  const remedy = problem instanceof Problem ? problem.remedy : "";
  return (
    <div class="says error" role="alert">
      <strong>
        <Said text={what} />
      </strong>
      {remedy && (
        <span>
          {" "}
          <Said text={remedy} />
        </span>
      )}
    </div>
  );
}

const MARKS = { ok: "✓", warning: "!", error: "✕" } as const;

/** A verdict by shape and word as well as by colour. */
export function VerdictSays({ verdict, children }: { verdict: Verdict; children?: ComponentChildren }) {
  return (
    <li class={`verdict ${verdict.verdict}`}>
      <span class="mark" role="img" aria-label={t(`verdict.${verdict.verdict}`)}>
        {MARKS[verdict.verdict]}
      </span>
      <div>
        <p>
          <Said text={verdict.sentence} />
        </p>
        {verdict.remedy && (
          <p class="quiet">
            <Said text={verdict.remedy} />
          </p>
        )}
        {children}
      </div>
    </li>
  );
}

export function Progress({ fraction, label }: { fraction: number | null; label: string }) {
  return <progress aria-label={label} max={1} value={fraction ?? undefined} />;
}

/** A name and its value, in the two columns of a <dl>. */
export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

/** What stands where something is still on its way. */
export function Waiting() {
  return (
    <p class="quiet waiting" role="status">
      {t("page.opening")}
    </p>
  );
}

/** What stands where a record is still being opened, or why it cannot be. */
export function Opening({ problem }: { problem: unknown }) {
  return <div class="pad">{problem ? <ProblemSays problem={problem} /> : <Waiting />}</div>;
}
