import { defineConfig } from "vitest/config";
import { licences } from "./tools/licences.ts";
import { mockServer } from "./mock/server.ts";
import { poFiles } from "./tools/po.ts";

/** OPENHIFU_SERVER=http://127.0.0.1:8765 works against a running console; without it, against recorded answers. */
const server = process.env.OPENHIFU_SERVER;

export default defineConfig({
  plugins: [poFiles(), licences(), ...(server ? [] : [mockServer()])],
  build: { outDir: "../src/openhifu/console/page", emptyOutDir: true, target: "es2022", assetsInlineLimit: 0 },
  server: server ? { proxy: { "/api": { target: server, ws: true, changeOrigin: false } } } : {},
  test: { include: ["tests/**/*.test.ts"] },
});
