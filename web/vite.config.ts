import { defineConfig } from "vitest/config";
import { licences } from "./tools/licences.ts";
import { poFiles } from "./tools/po.ts";

/** The console that `npm run dev` works on; it answers only pages of its own origin, so requests say that they are. */
const server = process.env.OPENHIFU_SERVER ?? "http://127.0.0.1:8470";

export default defineConfig({
  plugins: [poFiles(), licences()],
  build: { outDir: "../src/openhifu/console/page", emptyOutDir: true, target: "es2022", assetsInlineLimit: 0 },
  server: { proxy: { "/api": { target: server, ws: true, changeOrigin: true, headers: { origin: server } } } },
  test: { include: ["tests/**/*.test.ts"] },
});
