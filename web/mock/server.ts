/**
 * Answers recorded from a running console (mock/record.py), replayed inside `vite dev`: screens can be worked on
 * without a server.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

/** File name of a recorded answer: the path with everything but letters, digits, dot and dash as `_`. */
export function recordedName(url: string): string {
  return url.replace(/^\/api\//, "").replace(/[^\w.-]+/g, "_");
}

export function mockServer(): Plugin {
  return {
    name: "mock-server",
    configureServer(server) {
      const folder = join(server.config.root, "mock", "recorded");
      server.middlewares.use("/api", (request, answer) => {
        const file = join(folder, recordedName(`/api${request.url ?? ""}`));
        const binary = existsSync(`${file}.bin`);
        if (!binary && !existsSync(`${file}.json`)) {
          answer.statusCode = 404;
          answer.setHeader("Content-Type", "application/json");
          answer.end(
            JSON.stringify({
              what: `no recorded answer ${recordedName(`/api${request.url ?? ""}`)}`,
              remedy: "mock/record.py",
            }),
          );
          return;
        }
        answer.setHeader("Content-Type", binary ? "application/octet-stream" : "application/json");
        answer.end(readFileSync(binary ? `${file}.bin` : `${file}.json`));
      });
    },
  };
}
