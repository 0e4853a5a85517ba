/** Sends what was drawn: always as a new version of the case. */

import { ask, send } from "../api/client";
import type { Vector } from "../api/types";

async function gzip(data: Uint8Array): Promise<Blob> {
  const stream = new Blob([data as BlobPart]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Response(stream).blob();
}

/** Saves a mask as a label; a label new to the case needs its tissue. Returns the new version's id. */
export async function saveLabel(id: string, name: string, tissue: string | null, mask: Uint8Array): Promise<string> {
  const query = tissue ? `?tissue=${encodeURIComponent(tissue)}` : "";
  const answer = await send(`/cases/${id}/labels/${encodeURIComponent(name)}${query}`, {
    method: "PUT",
    body: await gzip(mask),
  });
  return ((await answer.json()) as { id: string }).id;
}

export async function saveTarget(
  id: string,
  target: { kind: "label"; label: string } | { kind: "sphere"; centre: Vector; radius: number },
): Promise<string> {
  return (await ask<{ id: string }>("PUT", `/cases/${id}/target`, target)).id;
}
