/** The house rules of the Python side, as far as they go for TypeScript: small files, short lines. */

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "..");

it("keeps files at most 400 lines and lines at most 120 characters", () => {
  const files = ["src", "tests", "tools"].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(tsx?|css)$/.test(name))
      .map((name) => join(folder, name)),
  );
  expect(files.length).toBeGreaterThan(50);
  const long = files.flatMap((file) => {
    const lines = readFileSync(join(ROOT, file), "utf8").split("\n");
    return [
      ...(lines.length > 401 ? [`${file}: ${lines.length} lines`] : []),
      ...lines.flatMap((line, at) => (line.length > 120 ? [`${file}:${at + 1}: ${line.length}`] : [])),
    ];
  });
  expect(long).toEqual([]);
});
