/** How fast the simulated time of a treatment runs: 1 is as fast as a clock. */

import { t } from "../words/words";

export function Pace({ pace, change }: { pace: number; change: (pace: number) => void }) {
  return (
    <label>
      {t("approve.pace")}
      <input
        type="number"
        min={0.1}
        max={1000}
        step="any"
        value={pace}
        onInput={(event) => change(event.currentTarget.valueAsNumber || 1)}
      />
    </label>
  );
}
