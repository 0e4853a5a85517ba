/** The viewer's programs: what of a slice stays, the overlay laid over it, and lit surfaces. */

export const SLICE_VERTEX = `#version 300 es
in vec2 corner;
uniform vec2 halfSize;
uniform vec3 centre, right, down;
out vec3 place;
void main() {
  place = centre + right * corner.x * halfSize.x - down * corner.y * halfSize.y;
  gl_Position = vec4(corner, 0.0, 1.0);
}`;

const PLACES = `
vec3 texture3(mat4 inverse, vec3 shape, vec3 p) { return (((inverse * vec4(p, 1.0)).xyz + 0.5) / shape).zyx; }
bool inside(vec3 t) { return all(greaterThanEqual(t, vec3(0.0))) && all(lessThanEqual(t, vec3(1.0))); }`;

/**
 * What of a slice stays while a treatment goes on: image, labels, what is being drawn. Each volume is sampled at the
 * patient position of the pixel, so grids may differ and be oblique. Textures hold k, j, i as x, y, z.
 */
export const STILL_FRAGMENT = `#version 300 es
precision highp float;
precision highp sampler3D;
precision highp usampler3D;
in vec3 place;
out vec4 colour;
uniform sampler3D image;
uniform usampler3D labels;
uniform usampler3D drawn;
uniform sampler2D palette;
uniform mat4 toImage;
uniform vec3 imageShape;
uniform vec2 window;
uniform float labelStrength;
uniform bool hasLabels, hasDrawn;
uniform vec3 stepRight, stepDown;
${PLACES}
uint labelAt(vec3 p) { vec3 t = texture3(toImage, imageShape, p); return inside(t) ? texture(labels, t).r : 0u; }
bool drawnAt(vec3 p) { vec3 t = texture3(toImage, imageShape, p); return inside(t) && texture(drawn, t).r > 0u; }

void showLabels(inout vec3 shade) {
  uint here = labelAt(place);
  if (here == 0u) return;
  vec3 paint = texelFetch(palette, ivec2(int(here), 0), 0).rgb;
  bool across = labelAt(place + stepRight) != here || labelAt(place - stepRight) != here;
  bool rim = across || labelAt(place + stepDown) != here || labelAt(place - stepDown) != here;
  shade = mix(shade, paint, rim ? min(1.0, labelStrength * 2.6) : labelStrength);
}

void showDrawn(inout vec3 shade) {
  bool here = drawnAt(place);
  bool across = drawnAt(place + stepRight) && drawnAt(place - stepRight);
  bool rim = here && !(across && drawnAt(place + stepDown) && drawnAt(place - stepDown));
  if (here) shade = mix(shade, vec3(0.36, 0.90, 0.95), rim ? 1.0 : 0.28);
}

void main() {
  vec3 t = texture3(toImage, imageShape, place);
  vec3 shade = vec3(0.0);
  if (inside(t)) shade = vec3(clamp((texture(image, t).r - window.x) / (window.y - window.x), 0.0, 1.0));
  if (hasLabels && labelStrength > 0.0) showLabels(shade);
  if (hasDrawn) showDrawn(shade);
  colour = vec4(shade, 1.0);
}`;

/** The overlay of a slice, laid over what stays of it. */
export const LAID_FRAGMENT = `#version 300 es
precision highp float;
precision highp sampler3D;
in vec3 place;
out vec4 colour;
uniform sampler2D still;
uniform sampler3D overlay;
uniform mat4 toOverlay;
uniform vec3 overlayShape;
uniform float overlayStrength;
uniform vec2 overlayRange;
uniform float visibleFrom;
uniform vec4 isolines;
uniform int isolineCount;
uniform bool hasOverlay;
${PLACES}
vec3 heat(float x) {
  vec3 a = mix(vec3(0.10, 0.12, 0.45), vec3(0.55, 0.12, 0.55), smoothstep(0.0, 0.35, x));
  vec3 b = mix(a, vec3(0.95, 0.45, 0.20), smoothstep(0.30, 0.68, x));
  return mix(b, vec3(1.0, 0.96, 0.62), smoothstep(0.65, 1.0, x));
}

void showOverlay(inout vec3 shade) {
  vec3 t = texture3(toOverlay, overlayShape, place);
  if (!inside(t)) return;
  float stored = texture(overlay, t).r;
  float value = mix(overlayRange.x, overlayRange.y, stored);
  float shown = smoothstep(visibleFrom, visibleFrom + 0.12 * (overlayRange.y - visibleFrom), value);
  float along = clamp((value - visibleFrom) / max(1e-6, overlayRange.y - visibleFrom), 0.0, 1.0);
  shade = mix(shade, heat(along), shown * overlayStrength);
  float slope = max(fwidth(value), 1e-6);
  for (int line = 0; line < 4; line++) {
    if (line >= isolineCount) break;
    float away = abs(value - isolines[line]) / slope;
    vec3 paint = line == 0 ? vec3(0.55, 0.93, 1.0) : vec3(1.0);
    shade = mix(shade, paint, 1.0 - smoothstep(0.9, 1.7, away));
  }
}

void main() {
  vec3 shade = texelFetch(still, ivec2(gl_FragCoord.xy), 0).rgb;
  if (hasOverlay && overlayStrength > 0.0) showOverlay(shade);
  colour = vec4(shade, 1.0);
}`;

export const SURFACE_VERTEX = `#version 300 es
in vec3 point;
in vec3 normal;
uniform mat4 view;
uniform mat3 turn;
out vec3 facing;
void main() {
  facing = turn * normal;
  gl_Position = view * vec4(point, 1.0);
}`;

export const SURFACE_FRAGMENT = `#version 300 es
precision highp float;
in vec3 facing;
out vec4 colour;
uniform vec4 paint;
void main() {
  vec3 n = normalize(facing);
  float light = 0.25 + 0.75 * abs(dot(n, normalize(vec3(0.25, 0.35, 1.0))));
  float edge = pow(1.0 - abs(n.z), 1.5);
  colour = vec4(paint.rgb * light, paint.a < 1.0 ? paint.a * (0.22 + edge) : 1.0);
}`;
