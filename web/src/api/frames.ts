/** Live frames as they come over the wire: a little-endian length, a JSON header, and a zlib payload of bytes. */

import type { FrameHead } from "./types";

export interface Frame {
  head: FrameHead;
  data: Uint8Array;
}

async function inflate(packed: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([packed as BlobPart]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Splits a message into its header and its packed payload. */
export function splitFrame(message: ArrayBuffer): { head: FrameHead; packed: Uint8Array } {
  const length = new DataView(message).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(message, 4, length))) as FrameHead;
  return { head, packed: new Uint8Array(message, 4 + length) };
}

export async function readFrame(message: ArrayBuffer): Promise<Frame> {
  const { head, packed } = splitFrame(message);
  const data = await inflate(packed);
  const wanted = head.shape.reduce((a, b) => a * b, 1);
  if (data.length !== wanted) throw new Error(`frame: ${data.length} values for a grid of ${wanted}`);
  return { head, data };
}
