/** A check of a plan: its verdict, its name, its value beside its limit, and where the limit comes from. */

import type { Check } from "../api/types";
import { number, signed, unitSign } from "../words/numbers";
import { spoken } from "./said";
import { VerdictSays } from "./says";

export function CheckLine({ check }: { check: Check }) {
  return (
    <VerdictSays verdict={check}>
      <p class="quiet">
        <strong>{spoken(check.name).words}</strong>
        {check.limit !== null && (
          <span>
            {" "}
            · {number(check.value, 1)} / {number(check.limit, 1)} {unitSign(check.unit)}
          </span>
        )}
        {check.source && <span lang="en"> · {signed(check.source)}</span>}
      </p>
    </VerdictSays>
  );
}
