/** What a treatment's curves are drawn from: every status, thinned out as it grows. */

import type { LiveStatus } from "./api/types";

const MOST = 1600;

export interface Curves {
  minutes: number[];
  target: (number | null)[];
  organs: Map<string, (number | null)[]>;
  power: (number | null)[];
  asked: (number | null)[];
  water: (number | null)[];
}

export class History {
  private lastAt = -1;
  curves: Curves = { minutes: [], target: [], organs: new Map(), power: [], asked: [], water: [] };

  /** Takes a status in; false if it says nothing new. */
  add(status: LiveStatus): boolean {
    if (status.elapsed_s <= this.lastAt) return false;
    this.lastAt = status.elapsed_s;
    const { minutes, target, organs, power, asked, water } = this.curves;
    for (const organ of status.organs) {
      if (!organs.has(organ.name))
        organs.set(
          organ.name,
          minutes.map(() => null),
        );
    }
    minutes.push(status.elapsed_s / 60);
    target.push(status.temperature_c);
    power.push(status.power_w);
    asked.push(status.asked_power_w);
    water.push(status.water_c);
    for (const [name, values] of organs)
      values.push(status.organs.find((organ) => organ.name === name)?.temperature_c ?? null);
    if (minutes.length > MOST) this.thin();
    this.curves = { ...this.curves };
    return true;
  }

  /** Keeps every second point of the older half. */
  private thin(): void {
    const half = MOST / 2;
    const keep = <T>(values: T[]): void => {
      const kept = values.filter((_, at) => at >= half || at % 2 === 0);
      values.splice(0, values.length, ...kept);
    };
    const { minutes, target, organs, power, asked, water } = this.curves;
    [minutes, target, power, asked, water, ...organs.values()].forEach((values) => keep(values as unknown[]));
  }
}
