/** Paints surfaces, solid ones first and clear ones over them. */

import type { Vector } from "../api/types";
import { add, cross, dot, unit } from "./geometry";
import { type GL, Program } from "./gl";
import { SURFACE_FRAGMENT, SURFACE_VERTEX } from "./shaders";
import type { Surface } from "./surface";

export interface Eye {
  /** Looked at [m]. */
  centre: Vector;
  /** Turned about the patient's long axis, and up [rad]. */
  azimuth: number;
  elevation: number;
  /** Half height of what is seen [m]. */
  reach: number;
}

interface Held {
  paint: [number, number, number, number];
  buffers: WebGLBuffer[];
  count: number;
}

/** Right, up and towards-the-eye of a viewer who stands in front of the patient at azimuth 0. */
export function eyeAxes(eye: Eye): { right: Vector; up: Vector; near: Vector } {
  const flat = Math.cos(eye.elevation);
  const near: Vector = [Math.sin(eye.azimuth) * flat, -Math.cos(eye.azimuth) * flat, Math.sin(eye.elevation)];
  const right = unit(cross([0, 0, 1], near));
  return { right, up: cross(near, right), near };
}

export class SurfacePainter {
  private readonly program: Program;
  private held = new Map<string, Held>();

  constructor(private readonly gl: GL) {
    this.program = new Program(gl, SURFACE_VERTEX, SURFACE_FRAGMENT, ["point", "normal"]);
  }

  set(name: string, surface: Surface | null, paint: Held["paint"]): void {
    this.held.get(name)?.buffers.forEach((buffer) => this.gl.deleteBuffer(buffer));
    this.held.delete(name);
    if (!surface) return;
    const { gl } = this;
    const arrays = [surface.points, surface.normals, surface.triangles];
    const buffers = arrays.map((array, which) => {
      const buffer = gl.createBuffer()!;
      const target = which === 2 ? gl.ELEMENT_ARRAY_BUFFER : gl.ARRAY_BUFFER;
      gl.bindBuffer(target, buffer);
      gl.bufferData(target, array, gl.STATIC_DRAW);
      return buffer;
    });
    this.held.set(name, { paint, buffers, count: surface.triangles.length });
  }

  paint(eye: Eye, aspect: number): void {
    const { gl, program } = this;
    const { right, up, near } = eyeAxes(eye);
    const row = (axis: Vector, scale: number): number[] => [
      ...add([0, 0, 0], axis, scale),
      -dot(axis, eye.centre) * scale,
    ];
    program.use();
    program.affine("view", [
      row(right, 1 / (eye.reach * aspect)),
      row(up, 1 / eye.reach),
      row(near, -1 / (eye.reach * 8)),
      [0, 0, 0, 1],
    ]);
    program.matrix3("turn", [...right, ...up, ...near]);
    gl.enable(gl.DEPTH_TEST);
    gl.depthFunc(gl.LESS);
    const solidFirst = [...this.held.values()].sort((a, b) => b.paint[3] - a.paint[3]);
    for (const held of solidFirst) this.paintOne(held);
    gl.depthMask(true);
  }

  private paintOne({ paint, buffers, count }: Held): void {
    const { gl, program } = this;
    const clear = paint[3] < 1;
    gl.depthMask(!clear);
    if (clear) {
      gl.enable(gl.BLEND);
      gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
    } else gl.disable(gl.BLEND);
    program.real("paint", ...paint);
    [0, 1].forEach((at) => {
      gl.bindBuffer(gl.ARRAY_BUFFER, buffers[at]!);
      gl.enableVertexAttribArray(at);
      gl.vertexAttribPointer(at, 3, gl.FLOAT, false, 0, 0);
    });
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, buffers[2]!);
    gl.drawElements(gl.TRIANGLES, count, gl.UNSIGNED_INT, 0);
  }
}
