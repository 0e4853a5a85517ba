/** One drawing in progress: a mask, the tool in hand, and the viewer that shows it. */

import { signal } from "@preact/signals";
import type { Vector } from "../api/types";
import { AXES, type View, indexAxis } from "../viewer/geometry";
import type { DrawTool } from "../viewer/pane";
import type { ViewerState } from "../viewer/state";
import { Mask } from "./mask";

export const TOOLS = ["brush", "eraser", "sphere"] as const;
export type Tool = (typeof TOOLS)[number];

export class Drawing {
  readonly mask: Mask;
  readonly tool = signal<Tool>("brush");
  /** Radius of brush, eraser and sphere [m]. */
  readonly radius = signal(5e-3);
  /** HU that a brush may paint and a threshold keeps. */
  readonly within = signal<[number, number]>([0, 200]);
  readonly obeysThreshold = signal(false);
  /** Grows with every change. */
  readonly turn = signal(0);

  constructor(
    private readonly state: ViewerState,
    start: Uint8Array | null,
    ball: { centre: Vector; radius: number } | null = null,
  ) {
    const image = state.image.value!;
    this.mask = new Mask(image.shape, image.affine, start ?? undefined);
    if (ball) this.mask.ball(ball.centre, ball.radius, 1);
    this.mask.end();
    this.show();
  }

  private show(): void {
    this.turn.value++;
    this.state.drawn.value = { mask: this.mask.data, turn: this.turn.value };
  }

  hide(): void {
    this.state.drawn.value = null;
  }

  /** Volume of what is drawn [m3]. */
  volume(): number {
    const steps = this.state.image.value!.affine;
    const column = (c: number): Vector => [steps[0]![c]!, steps[1]![c]!, steps[2]![c]!];
    const [a, b, c] = [column(0), column(1), column(2)];
    const cell = Math.abs(
      a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0]),
    );
    return this.mask.count() * cell;
  }

  private touch(view: View, p: Vector): void {
    const image = this.state.image.value!;
    const flat = this.tool.value === "sphere" ? null : indexAxis(image.affine, AXES[view].into);
    const [low, high] = this.within.value;
    const allowed = this.obeysThreshold.value
      ? (at: number): boolean => image.data[at]! >= low && image.data[at]! <= high
      : undefined;
    this.mask.ball(
      p,
      this.radius.value,
      this.tool.value === "eraser" ? 0 : 1,
      flat,
      this.tool.value === "eraser" ? undefined : allowed,
    );
    this.show();
  }

  readonly hand: DrawTool = {
    start: (view, p) => {
      this.state.moveTo(p);
      this.touch(view, p);
    },
    along: (view, p) => this.tool.value !== "sphere" && this.touch(view, p),
    end: () => {
      this.mask.end();
      this.show();
    },
  };

  private after(act: () => unknown): void {
    act();
    this.mask.end();
    this.show();
  }

  threshold(): void {
    const [low, high] = this.within.value;
    this.after(() => this.mask.keepWithin(this.state.image.value!.data, low, high));
  }

  /** Fills the gaps between drawn axial slices. */
  interpolate(): void {
    this.after(() => this.mask.interpolate(indexAxis(this.state.image.value!.affine, AXES.axial.into)));
  }

  undo(): void {
    this.mask.undo();
    this.show();
  }

  redo(): void {
    this.mask.redo();
    this.show();
  }
}
