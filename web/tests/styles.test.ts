/**
 * A class that qualifies another is never a room of its own: the treat screen once took the layout of `.work` while
 * output was on, which put STOP out of sight.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const FOLDER = join(import.meta.dirname, "..", "src", "styles");

it("gives no qualifying class rules that stand alone", () => {
  const css = readdirSync(FOLDER).map((name) => readFileSync(join(FOLDER, name), "utf8"));
  const all = css.join("\n");
  const alone = new Set([...all.matchAll(/^\.([a-z-]+)\s*[,{]/gm)].map(([, name]) => name!));
  const qualifying = [...all.matchAll(/\.[a-z-]+\.([a-z-]+)/g)].map(([, name]) => name!);
  expect(qualifying.length).toBeGreaterThan(3);
  expect(qualifying.filter((name) => alone.has(name))).toEqual([]);
});
