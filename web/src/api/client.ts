/** The one place that speaks HTTP to the console's server. */

import { signal } from "@preact/signals";
import { t } from "../words/words";
import type { Job, Me } from "./types";

export const me = signal<Me | null>(null);

/** An answer that is not a success: what was wrong and what would help, as the server wrote it. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly what: string,
    readonly remedy: string,
  ) {
    super(what);
  }
}

async function problemOf(answer: Response): Promise<Problem> {
  const said = (await answer.json().catch(() => ({}))) as { what?: string; remedy?: string };
  const wait = answer.headers.get("Retry-After");
  const remedy = said.remedy || (wait ? t("problem.retry_after", { seconds: wait }) : "");
  return new Problem(answer.status, said.what ?? t("problem.status", { status: answer.status }), remedy);
}

/** Sends a request with the session's cookie and token; anything but a success is thrown as a Problem. */
export async function send(path: string, options: RequestInit = {}): Promise<Response> {
  const headers = new Headers(options.headers);
  if (options.method && options.method !== "GET" && me.value) headers.set("X-CSRF-Token", me.value.csrf);
  const answer = await fetch(`/api${path}`, { ...options, headers, credentials: "same-origin" }).catch(() => {
    throw new Problem(0, t("problem.unreachable"), t("problem.unreachable.remedy"));
  });
  if (answer.ok) return answer;
  if (answer.status === 401) me.value = null;
  throw await problemOf(answer);
}

export async function get<T>(path: string): Promise<T> {
  return (await (await send(path)).json()) as T;
}

/** Sends JSON and reads JSON; an empty answer is undefined. */
export async function ask<T>(method: "POST" | "PUT" | "PATCH", path: string, body: unknown = {}): Promise<T> {
  const headers = { "Content-Type": "application/json" };
  const answer = await send(path, { method, headers, body: JSON.stringify(body) });
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

export async function bytes(path: string): Promise<ArrayBuffer> {
  return (await send(path)).arrayBuffer();
}

export function may(...roles: string[]): boolean {
  return me.value?.roles.some((role) => roles.includes(role)) ?? false;
}

const FINISHED = new Set(["done", "failed", "cancelled"]);

/** Follows a job once a second until it has finished; `seen` hears every state of it. */
export async function follow(id: string, seen: (job: Job) => void, signal?: AbortSignal): Promise<Job | null> {
  while (!signal?.aborted) {
    const job = await get<Job>(`/jobs/${id}`);
    seen(job);
    if (FINISHED.has(job.state)) return job;
    await new Promise((done) => setTimeout(done, 1000));
  }
  return null;
}
