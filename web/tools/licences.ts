/** Lists the licences of what is bundled, so that the page can show them. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

const PACKAGE = /node_modules\/((?:@[^/]+\/)?[^/]+)\//;

function licenceOf(root: string, name: string): string {
  const folder = join(root, "node_modules", name);
  const about = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string; license: string };
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file ? readFileSync(join(folder, file), "utf8").trim() : "";
  return `${name} ${about.version} (${about.license})\n\n${text}\n`;
}

/** Writes `assets/licences.txt`: name, version and licence text of every package that got into the bundle. */
export function licences(): Plugin {
  let root = ".";
  return {
    name: "licences",
    configResolved(config) {
      root = config.root;
    },
    generateBundle(_options, bundle) {
      const names = new Set<string>();
      for (const chunk of Object.values(bundle)) {
        for (const id of chunk.type === "chunk" ? chunk.moduleIds : []) {
          const name = PACKAGE.exec(id)?.[1];
          if (name && existsSync(join(root, "node_modules", name, "package.json"))) names.add(name);
        }
      }
      const source = [...names]
        .sort()
        .map((name) => licenceOf(root, name))
        .join(`\n${"-".repeat(72)}\n\n`);
      this.emitFile({ type: "asset", fileName: "assets/licences.txt", source });
    },
  };
}
