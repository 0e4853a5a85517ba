/**
 * Draws slices (and a surface pane) of one set of volumes into one canvas: textures are uploaded once and shared by
 * every pane.
 */

import type { Label, Vector } from "../api/types";
import { AXES, type Plane, add, invert, onPlane } from "./geometry";
import { type GL, Program, VolumeTexture, paletteTexture, rgb } from "./gl";
import { SLICE_FRAGMENT, SLICE_VERTEX } from "./shaders";
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
  private readonly slices: Program;
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

  constructor(private readonly canvas: HTMLCanvasElement) {
    const gl = canvas.getContext("webgl2", { antialias: true, alpha: false });
    if (!gl) throw new Error("webgl2");
    this.gl = gl;
    this.slices = new Program(gl, SLICE_VERTEX, SLICE_FRAGMENT, ["corner"]);
    const bytes = { internal: gl.R8UI, format: gl.RED_INTEGER, type: gl.UNSIGNED_BYTE, smooth: false };
    this.image = new VolumeTexture(gl, { internal: gl.R16F, format: gl.RED, type: gl.FLOAT, smooth: true });
    this.labels = new VolumeTexture(gl, bytes);
    this.drawn = new VolumeTexture(gl, bytes);
    this.overlay = new VolumeTexture(gl, { internal: gl.R8, format: gl.RED, type: gl.UNSIGNED_BYTE, smooth: true });
    for (const texture of [this.image, this.labels, this.drawn, this.overlay]) texture.fill([1, 1, 1], null);
    this.palette = paletteTexture(gl);
    this.square = gl.createBuffer()!;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.square);
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 1, -1, -1, 1, 1, 1]), gl.STATIC_DRAW);
    this.surfaces = new SurfacePainter(gl);
  }

  setImage(image: Image): void {
    // Half floats hold every HU from -2048 to 2048, and 2 HU beyond: finer than any window shows.
    this.image.fill(image.shape, Float32Array.from(image.data));
    this.toImage = invert(image.affine);
    this.imageShape = image.shape;
  }

  setLabels(labels: Labels | null): void {
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
    this.hasDrawn = mask !== null;
    if (mask) this.drawn.fill(shape, mask);
  }

  refreshDrawn(mask: Uint8Array, from: number, to: number): void {
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
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    gl.disable(gl.SCISSOR_TEST);
    gl.clearColor(0, 0, 0, 1);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    gl.enable(gl.SCISSOR_TEST);
  }

  /** Draws one slice into a rectangle of the canvas, CSS pixels from its top left. */
  slice(at: Rectangle, plane: Plane, look: Look): void {
    const { gl, slices } = this;
    this.viewport(at);
    slices.use();
    this.bindVolumes();
    const { right, down } = AXES[plane.view];
    const pixel = plane.scale / (window.devicePixelRatio || 1);
    slices.real("centre", ...onPlane(plane, 0, 0));
    slices.real("right", ...right);
    slices.real("down", ...down);
    slices.real("halfSize", (at.width / 2) * plane.scale, (at.height / 2) * plane.scale);
    slices.real("stepRight", ...add([0, 0, 0], right, pixel * 1.2));
    slices.real("stepDown", ...add([0, 0, 0], down, pixel * 1.2));
    this.setLook(look);
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.BLEND);
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

  private bindVolumes(): void {
    const { gl, slices } = this;
    (
      [
        ["image", this.image],
        ["labels", this.labels],
        ["drawn", this.drawn],
        ["overlay", this.overlay],
      ] as const
    ).forEach(([name, texture], slot) => {
      texture.bind(slot);
      slices.whole(name, slot);
    });
    gl.activeTexture(gl.TEXTURE0 + 4);
    gl.bindTexture(gl.TEXTURE_2D, this.palette);
    slices.whole("palette", 4);
    slices.affine("toImage", this.toImage);
    slices.affine("toOverlay", this.toOverlay);
    slices.real("imageShape", ...this.imageShape);
    slices.real("overlayShape", ...this.overlayShape);
  }

  private setLook(look: Look): void {
    const { slices, shown } = this;
    const stored = (value: number): number => (shown?.scale === "log10" ? Math.log10(Math.max(value, 1e-9)) : value);
    slices.real("window", ...look.window);
    slices.real("labelStrength", look.labelStrength);
    slices.real("overlayStrength", look.overlayStrength);
    slices.whole("hasLabels", this.hasLabels);
    slices.whole("hasDrawn", this.hasDrawn);
    slices.whole("hasOverlay", shown !== null);
    slices.real("overlayRange", shown?.lowest ?? 0, shown?.highest ?? 1);
    slices.real("visibleFrom", Math.max(stored(look.visibleFrom), shown?.lowest ?? 0));
    const lines = look.isolines.slice(0, 4).map(stored);
    slices.whole("isolineCount", lines.length);
    slices.real("isolines", ...[...lines, 0, 0, 0, 0].slice(0, 4));
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
