/** The live line of a run: status as it comes, frames as fast as this page can show them and no faster. */

import { signal } from "@preact/signals";
import { type Frame, readFrame } from "./frames";
import type { LiveStatus } from "./types";

/** Frames that may be under way at once: one being shown, one coming. */
const CREDITS = 2;
const AGAIN_MS = 500;
/** How long numbers may wait to be shown together [ms]: nobody reads ten a second, and every change is drawn anew. */
const NUMBERS_MS = 250;
/** The server's code for a run that is not on, or not any more. */
export const OVER = 4000;

export function socketAddress(path: string): string {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api${path}`;
}

/** Whether a status brings new numbers only: no other state, output, question, alarm, spot or ending. */
export function onlyNumbers(before: LiveStatus | null, now: LiveStatus): boolean {
  const told = (of: LiveStatus): string =>
    JSON.stringify([
      of.state,
      of.output_on,
      of.question,
      of.alarms,
      of.sounding,
      of.spot,
      of.spots_done,
      of.ending,
      of.sentence,
    ]);
  return before !== null && told(before) === told(now);
}

export class LiveLine {
  readonly status = signal<LiveStatus | null>(null);
  /** The newest frame of each kind. */
  readonly frames = { temperature: signal<Frame | null>(null), dose: signal<Frame | null>(null) };
  /** The kind that is being looked at: frames of the other are kept, and cost no waiting. */
  shownKind: Frame["head"]["kind"] = "temperature";
  /** When the last status came [ms of performance.now]. */
  heardAt = 0;
  private socket: WebSocket | null = null;
  private closed = false;
  private owed = 0;
  private waiting: LiveStatus | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly run: string) {
    this.open();
  }

  private open(): void {
    if (this.closed) return;
    const socket = new WebSocket(socketAddress(`/runs/${this.run}/live`));
    socket.binaryType = "arraybuffer";
    socket.onopen = () => socket.send(JSON.stringify({ credits: CREDITS }));
    socket.onmessage = (event) =>
      typeof event.data === "string" ? this.hear(event.data) : void this.see(event.data as ArrayBuffer);
    socket.onclose = (event) => event.code !== OVER && setTimeout(() => this.open(), AGAIN_MS);
    this.socket = socket;
    this.owed = 0;
  }

  private hear(text: string): void {
    this.heardAt = performance.now();
    this.waiting = JSON.parse(text) as LiveStatus;
    if (!onlyNumbers(this.status.value, this.waiting)) this.tell();
    else this.timer ??= setTimeout(() => this.tell(), NUMBERS_MS);
  }

  private tell(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    if (this.waiting) this.status.value = this.waiting;
  }

  private async see(message: ArrayBuffer): Promise<void> {
    const frame = await readFrame(message).catch(() => null);
    this.owed++;
    if (frame) this.frames[frame.head.kind].value = frame;
    if (frame?.head.kind !== this.shownKind) this.shown();
  }

  /** Tells the server that the last frame has been drawn, so that it may send another. */
  shown(): void {
    if (this.owed === 0 || this.socket?.readyState !== WebSocket.OPEN) return;
    this.socket.send(JSON.stringify({ credits: this.owed }));
    this.owed = 0;
  }

  close(): void {
    this.closed = true;
    this.tell();
    this.socket?.close();
  }
}
