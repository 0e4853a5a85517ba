/** The few things asked of WebGL2: programs, three-dimensional textures, uniforms by name. */

import type { Affine, Vector } from "../api/types";

export type GL = WebGL2RenderingContext;

function compile(gl: GL, kind: number, source: string): WebGLShader {
  const shader = gl.createShader(kind)!;
  gl.shaderSource(shader, source);
  gl.compileShader(shader);
  if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader) ?? "shader");
  return shader;
}

/** A linked program with its uniforms looked up once. */
export class Program {
  readonly handle: WebGLProgram;
  private readonly places = new Map<string, WebGLUniformLocation | null>();

  constructor(
    private readonly gl: GL,
    vertex: string,
    fragment: string,
    attributes: string[],
  ) {
    this.handle = gl.createProgram()!;
    gl.attachShader(this.handle, compile(gl, gl.VERTEX_SHADER, vertex));
    gl.attachShader(this.handle, compile(gl, gl.FRAGMENT_SHADER, fragment));
    attributes.forEach((name, at) => gl.bindAttribLocation(this.handle, at, name));
    gl.linkProgram(this.handle);
    if (!gl.getProgramParameter(this.handle, gl.LINK_STATUS))
      throw new Error(gl.getProgramInfoLog(this.handle) ?? "program");
  }

  use(): void {
    this.gl.useProgram(this.handle);
  }

  private at(name: string): WebGLUniformLocation | null {
    if (!this.places.has(name)) this.places.set(name, this.gl.getUniformLocation(this.handle, name));
    return this.places.get(name)!;
  }

  whole(name: string, value: number | boolean): void {
    this.gl.uniform1i(this.at(name), Number(value));
  }

  real(name: string, ...values: number[]): void {
    const setters = [this.gl.uniform1fv, this.gl.uniform2fv, this.gl.uniform3fv, this.gl.uniform4fv];
    setters[values.length - 1]!.call(this.gl, this.at(name), values);
  }

  /** A 4x4 affine of rows. */
  affine(name: string, rows: Affine): void {
    this.gl.uniformMatrix4fv(this.at(name), true, rows.flat());
  }

  matrix3(name: string, rows: number[]): void {
    this.gl.uniformMatrix3fv(this.at(name), true, rows);
  }
}

interface Form {
  internal: number;
  format: number;
  type: number;
  smooth: boolean;
}

/** A volume of C order (i, j, k) as a texture of width k, height j, depth i. */
export class VolumeTexture {
  private readonly handle: WebGLTexture;
  private shape: Vector = [1, 1, 1];

  constructor(
    private readonly gl: GL,
    private readonly form: Form,
  ) {
    this.handle = gl.createTexture()!;
  }

  fill(shape: Vector, data: ArrayBufferView | null): void {
    const { gl, form } = this;
    this.shape = shape;
    this.bind(0);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.texImage3D(gl.TEXTURE_3D, 0, form.internal, shape[2], shape[1], shape[0], 0, form.format, form.type, data);
    const filter = form.smooth ? gl.LINEAR : gl.NEAREST;
    gl.texParameteri(gl.TEXTURE_3D, gl.TEXTURE_MIN_FILTER, filter);
    gl.texParameteri(gl.TEXTURE_3D, gl.TEXTURE_MAG_FILTER, filter);
    for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T, gl.TEXTURE_WRAP_R])
      gl.texParameteri(gl.TEXTURE_3D, side, gl.CLAMP_TO_EDGE);
  }

  /** Replaces the slabs i = from..to (inclusive) out of the whole array. */
  refresh(data: Uint8Array, from: number, to: number): void {
    const { gl, form, shape } = this;
    const slab = shape[1] * shape[2];
    this.bind(0);
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    gl.texSubImage3D(
      gl.TEXTURE_3D,
      0,
      0,
      0,
      from,
      shape[2],
      shape[1],
      to - from + 1,
      form.format,
      form.type,
      data.subarray(from * slab, (to + 1) * slab),
    );
  }

  bind(slot: number): void {
    this.gl.activeTexture(this.gl.TEXTURE0 + slot);
    this.gl.bindTexture(this.gl.TEXTURE_3D, this.handle);
  }
}

/** A picture kept beside the canvas, of its size, to be drawn into and read from. */
export class StillPicture {
  private readonly texture: WebGLTexture;
  private readonly frame: WebGLFramebuffer;

  constructor(private readonly gl: GL) {
    this.texture = flatTexture(gl);
    this.frame = gl.createFramebuffer()!;
  }

  resize(width: number, height: number): void {
    const { gl } = this;
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, width, height, 0, gl.RGBA, gl.UNSIGNED_BYTE, null);
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.frame);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, this.texture, 0);
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  }

  /** Everything drawn in `paint` goes into it. */
  into(paint: () => void): void {
    const { gl } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.frame);
    paint();
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  }

  bind(slot: number): void {
    this.gl.activeTexture(this.gl.TEXTURE0 + slot);
    this.gl.bindTexture(this.gl.TEXTURE_2D, this.texture);
  }
}

/** A flat texture that is read texel by texel. */
export function flatTexture(gl: GL): WebGLTexture {
  const handle = gl.createTexture()!;
  gl.bindTexture(gl.TEXTURE_2D, handle);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  return handle;
}

/** Red, green, blue from `#rrggbb`. */
export function rgb(colour: string): Vector {
  const whole = Number.parseInt(colour.slice(1), 16);
  return [(whole >> 16) & 255, (whole >> 8) & 255, whole & 255];
}
