/**
 * Draws slices (and a surface pane) of one set of volumes into one canvas: textures are uploaded once and shared by
 * every pane, and what of a slice stays is kept, so that an overlay that changes several times a second costs little
 * where graphics are done by the processor.
 */

import type { Label, Vector } from "../api/types";
import { AXES, type Plane, add, invert, onPlane } from "./geometry";
import { type GL, Program, StillPicture, VolumeTexture, flatTexture, rgb } from "./gl";
import { LAID_FRAGMENT, SLICE_VERTEX, STILL_FRAGMENT } from "./shaders";
import { SurfacePainter } from "./surface-painter";
import type { Image, Labels, Overlay } from "./volumes";

export interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Look {
  /** HU at black and at white. */
  window: [low: number, high: number];
  labelStrength: number;
  overlayStrength: number;
  /** In the overlay's unit. */
  isolines: number[];
  /** Overlay values below are not coloured, in its unit. */
  visibleFrom: number;
}

/** Between two looks at a fence [ms]; by frames would make the browser compose pictures in which nothing is new. */
const FENCE_MS = 10;

const IDENTITY = [
  [1, 0, 0, 0],
  [0, 1, 0, 0],
  [0, 0, 1, 0],
  [0, 0, 0, 1],
];

export class Scene {
  private readonly gl: GL;
  private readonly still: Program;
  private readonly laid: Program;
  private readonly kept: StillPicture;
  /** What each view's part of the kept picture was drawn from. */
  private readonly keptFrom = new Map<string, string>();
  private readonly image: VolumeTexture;
  private readonly labels: VolumeTexture;
  private readonly drawn: VolumeTexture;
  private readonly overlay: VolumeTexture;
  private readonly palette: WebGLTexture;
  private readonly square: WebGLBuffer;
  readonly surfaces: SurfacePainter;
  private toImage = IDENTITY;
  private toOverlay = IDENTITY;
  private imageShape: Vector = [1, 1, 1];
  private overlayShape: Vector = [1, 1, 1];
  private shown: Overlay | null = null;
  private hasLabels = false;
  private hasDrawn = false;
  private keptSize = "";

  /** `smooth` takes several samples a pixel: edges of surfaces need it, slices have none and would pay for it. */
  constructor(
    private readonly canvas: HTMLCanvasElement,
    smooth: boolean,
  ) {
    const gl = canvas.getContext("webgl2", { antialias: smooth, alpha: false });
    if (!gl) throw new Error("webgl2");
    this.gl = gl;
    this.still = new Program(gl, SLICE_VERTEX, STILL_FRAGMENT, ["corner"]);
    this.laid = new Program(gl, SLICE_VERTEX, LAID_FRAGMENT, ["corner"]);
    this.kept = new StillPicture(gl);
    const bytes = { internal: gl.R8UI, format: gl.RED_INTEGER, type: gl.UNSIGNED_BYTE, smooth: false };
    this.image = new VolumeTexture(gl, { internal: gl.R16F, format: gl.RED, type: gl.FLOAT, smooth: true });
    this.labels = new VolumeTexture(gl, bytes);
    this.drawn = new VolumeTexture(gl, bytes);
    this.overlay = new VolumeTexture(gl, { internal: gl.R8, format: gl.RED, type: gl.UNSIGNED_BYTE, smooth: true });
    for (const texture of [this.image, this.labels, this.drawn, this.overlay]) texture.fill([1, 1, 1], null);
    this.palette = flatTexture(gl);
    this.square = gl.createBuffer()!;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.square);
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 1, -1, -1, 1, 1, 1]), gl.STATIC_DRAW);
    this.surfaces = new SurfacePainter(gl);
  }

  setImage(image: Image): void {
    // Half floats hold every HU from -2048 to 2048, and 2 HU beyond: finer than any window shows.
    this.image.fill(image.shape, Float32Array.from(image.data));
    this.keptFrom.clear();
    this.toImage = invert(image.affine);
    this.imageShape = image.shape;
  }

  setLabels(labels: Labels | null): void {
    this.keptFrom.clear();
    this.hasLabels = labels !== null;
    if (!labels) return;
    this.labels.fill(labels.shape, labels.data);
    this.paint(labels.names);
  }

  private paint(names: Label[]): void {
    const { gl } = this;
    const colours = new Uint8Array(256 * 4).fill(160);
    for (const label of names) colours.set([...rgb(label.colour), 255], label.value * 4);
    gl.activeTexture(gl.TEXTURE0 + 4);
    gl.bindTexture(gl.TEXTURE_2D, this.palette);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, colours);
  }

  /** The mask being drawn; null hides it. */
  setDrawn(shape: Vector, mask: Uint8Array | null): void {
    this.keptFrom.clear();
    this.hasDrawn = mask !== null;
    if (mask) this.drawn.fill(shape, mask);
  }

  refreshDrawn(mask: Uint8Array, from: number, to: number): void {
    this.keptFrom.clear();
    this.drawn.refresh(mask, from, to);
  }

  setOverlay(overlay: Overlay | null): void {
    this.shown = overlay;
    if (!overlay) return;
    this.overlay.fill(overlay.shape, overlay.data);
    this.toOverlay = invert(overlay.affine);
    this.overlayShape = overlay.shape;
  }

  /** Fits the drawing buffer to the canvas and clears it. */
  begin(): void {
    const { gl, canvas } = this;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
    if (this.keptSize !== `${width} ${height}`) {
      Object.assign(canvas, { width, height });
      this.kept.resize(width, height);
      this.keptFrom.clear();
      this.keptSize = `${width} ${height}`;
    }
    gl.disable(gl.SCISSOR_TEST);
    gl.clearColor(0, 0, 0, 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.enable(gl.SCISSOR_TEST);
  }

  /** Draws one slice into a rectangle of the canvas, CSS pixels from its top left. */
  slice(at: Rectangle, plane: Plane, look: Look): void {
    const { gl } = this;
    this.viewport(at);
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.BLEND);
    const from = JSON.stringify([at, plane, look.window, look.labelStrength]);
    if (this.keptFrom.get(plane.view) !== from) {
      this.kept.into(() => this.drawStill(at, plane, look));
      this.keptFrom.set(plane.view, from);
    }
    this.drawLaid(at, plane, look);
  }

  private drawStill(at: Rectangle, plane: Plane, look: Look): void {
    const { gl, still } = this;
    still.use();
    this.attach(still, { image: this.image, labels: this.labels, drawn: this.drawn });
    gl.activeTexture(gl.TEXTURE0 + 4);
    gl.bindTexture(gl.TEXTURE_2D, this.palette);
    still.whole("palette", 4);
    still.affine("toImage", this.toImage);
    still.real("imageShape", ...this.imageShape);
    still.real("window", ...look.window);
    still.real("labelStrength", look.labelStrength);
    still.whole("hasLabels", this.hasLabels);
    still.whole("hasDrawn", this.hasDrawn);
    const { right, down } = AXES[plane.view];
    const pixel = plane.scale / (window.devicePixelRatio || 1);
    still.real("stepRight", ...add([0, 0, 0], right, pixel * 1.2));
    still.real("stepDown", ...add([0, 0, 0], down, pixel * 1.2));
    this.fillPane(still, at, plane);
  }

  private drawLaid(at: Rectangle, plane: Plane, look: Look): void {
    const { laid, shown } = this;
    const stored = (value: number): number => (shown?.scale === "log10" ? Math.log10(Math.max(value, 1e-9)) : value);
    laid.use();
    this.attach(laid, { still: this.kept, overlay: this.overlay });
    laid.affine("toOverlay", this.toOverlay);
    laid.real("overlayShape", ...this.overlayShape);
    laid.real("overlayStrength", look.overlayStrength);
    laid.whole("hasOverlay", shown !== null);
    laid.real("overlayRange", shown?.lowest ?? 0, shown?.highest ?? 1);
    laid.real("visibleFrom", Math.max(stored(look.visibleFrom), shown?.lowest ?? 0));
    const lines = look.isolines.slice(0, 4).map(stored);
    laid.whole("isolineCount", lines.length);
    laid.real("isolines", ...[...lines, 0, 0, 0, 0].slice(0, 4));
    this.fillPane(laid, at, plane);
  }

  private attach(program: Program, textures: Record<string, { bind: (slot: number) => void }>): void {
    Object.entries(textures).forEach(([name, texture], slot) => {
      texture.bind(slot);
      program.whole(name, slot);
    });
  }

  /** Runs a program for every pixel of a pane. */
  private fillPane(program: Program, at: Rectangle, plane: Plane): void {
    const { gl } = this;
    const { right, down } = AXES[plane.view];
    program.real("centre", ...onPlane(plane, 0, 0));
    program.real("right", ...right);
    program.real("down", ...down);
    program.real("halfSize", (at.width / 2) * plane.scale, (at.height / 2) * plane.scale);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.square);
    gl.enableVertexAttribArray(0);
    gl.disableVertexAttribArray(1);
    gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
  }

  viewport(at: Rectangle): void {
    const ratio = window.devicePixelRatio || 1;
    const [x, y, width, height] = [at.x, this.canvas.clientHeight - at.y - at.height, at.width, at.height].map((v) =>
      Math.round(v * ratio),
    );
    this.gl.viewport(x!, y!, width!, height!);
    this.gl.scissor(x!, y!, width!, height!);
  }

  /** Calls back once everything asked for so far is in the picture, not only on its way to it. */
  whenDrawn(then: () => void): void {
    const { gl } = this;
    const fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    gl.flush();
    const look = (): void => {
      if (fence && gl.clientWaitSync(fence, 0, 0) === gl.TIMEOUT_EXPIRED) return void setTimeout(look, FENCE_MS);
      gl.deleteSync(fence);
      then();
    };
    setTimeout(look, FENCE_MS);
  }

  /** Gives the context back: browsers keep only a few. */
  release(): void {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}
