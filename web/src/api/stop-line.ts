/**
 * The stop line of a run: open all the time, apart from everything else.
 *
 * The page says it is alive on every tick of a metronome, and hears an answer. The tick comes from a worker but the
 * message is sent by the page
 * itself: a page that hangs falls silent, and a run whose last stop line is silent stops.
 */

import { signal } from "@preact/signals";
import { send } from "./client";
import { OVER, socketAddress } from "./live";

const LOST_MS = 1000;
const HEARTBEAT = ".";
const STOP = "stop";

export class StopLine {
  /** No answer for a second. */
  readonly lost = signal(false);
  /** When stop was pressed here. */
  readonly pressed = signal(false);
  private socket: WebSocket | null = null;
  private answeredAt = performance.now();
  private closed = false;
  private readonly metronome = new Worker(new URL("./metronome.ts", import.meta.url), { type: "module" });
  private readonly watch: ReturnType<typeof setInterval>;

  constructor(private readonly run: string) {
    this.metronome.onmessage = () => this.tick();
    this.watch = setInterval(() => this.check(), 100);
    this.open();
  }

  private open(): void {
    if (this.closed) return;
    const socket = new WebSocket(socketAddress(`/runs/${this.run}/stop-line`));
    socket.onmessage = () => {
      this.answeredAt = performance.now();
      this.check();
    };
    socket.onclose = (event) => (event.code === OVER ? this.close() : setTimeout(() => this.open(), 300));
    this.socket = socket;
  }

  private tick(): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(HEARTBEAT);
  }

  private check(): void {
    this.lost.value = performance.now() - this.answeredAt > LOST_MS;
  }

  /** Stops the run: by this line, and by a request of its own in case the line is not what it seems. */
  stop(): void {
    this.pressed.value = true;
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(STOP);
    void send(`/runs/${this.run}/stop`, { method: "POST" }).catch(() => undefined);
  }

  close(): void {
    this.closed = true;
    clearInterval(this.watch);
    this.metronome.terminate();
    this.socket?.close();
  }
}
