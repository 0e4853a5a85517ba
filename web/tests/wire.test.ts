/** What goes over the wire: frames in, zips out. */

import { deflateSync } from "node:zlib";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readFrame } from "../src/api/frames";
import { crc32, zip } from "../src/parts/zip";

function message(shape: number[], data: Uint8Array): ArrayBuffer {
  const head = new TextEncoder().encode(JSON.stringify({ kind: "temperature", shape, sequence: 7 }));
  const packed = deflateSync(data);
  const whole = new Uint8Array(4 + head.length + packed.length);
  new DataView(whole.buffer).setUint32(0, head.length, true);
  whole.set(head, 4);
  whole.set(packed, 4 + head.length);
  return whole.buffer;
}

it("reads a frame's header and its bytes", async () => {
  const frame = await readFrame(message([2, 1, 3], Uint8Array.of(1, 2, 3, 4, 5, 250)));
  expect(frame.head.sequence).toBe(7);
  expect([...frame.data]).toEqual([1, 2, 3, 4, 5, 250]);
});

it("refuses a frame whose bytes do not fill its grid", async () => {
  await expect(readFrame(message([2, 2, 2], Uint8Array.of(1, 2)))).rejects.toThrow("2 values for a grid of 8");
});

it("knows the checksum of zip archives", () => {
  expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
});

it("packs a folder that another program unpacks", async () => {
  const data = new TextEncoder().encode("slice");
  const packed = zip([
    { name: "series/1.dcm", data },
    { name: "series/ü.dcm", data: Uint8Array.of(0, 255) },
  ]);
  const file = join(mkdtempSync(join(tmpdir(), "zip-")), "a.zip");
  writeFileSync(file, Buffer.from(await packed.arrayBuffer()));
  const names =
    "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(z.testzip(), z.namelist(), z.read('series/1.dcm'))";
  expect(execFileSync("python3", ["-c", names, file], { encoding: "utf8" })).toBe(
    "None ['series/1.dcm', 'series/ü.dcm'] b'slice'\n",
  );
  expect(readFileSync(file).length).toBeGreaterThan(100);
});
