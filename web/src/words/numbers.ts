/** Numbers, dates and units in the reader's form. A value that is missing is a dash, never a zero. */

import { language } from "./words";

const DASH = "–";

/** A number with at most `digits` decimals; a dash where there is none. */
export function number(value: number | null | undefined, digits = 0): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return DASH;
  return new Intl.NumberFormat(language.value, { maximumFractionDigits: digits, minimumFractionDigits: digits }).format(
    value,
  );
}

/** A number and its unit, kept on one line. */
export function quantity(value: number | null | undefined, unit: string, digits = 0): string {
  const written = number(value, digits);
  return written === DASH ? DASH : `${written}\u202f${unit}`;
}

export function percent(share: number | null | undefined, digits = 0): string {
  if (share === null || share === undefined) return DASH;
  return new Intl.NumberFormat(language.value, { style: "percent", maximumFractionDigits: digits }).format(share);
}

/** A day and a time of day, from ISO 8601 or seconds since 1970. */
export function moment(at: string | number | null | undefined): string {
  if (!at) return DASH;
  const date = new Date(typeof at === "number" ? at * 1000 : at);
  return new Intl.DateTimeFormat(language.value, { dateStyle: "medium", timeStyle: "short" }).format(date);
}

/** Seconds as h:mm:ss or m:ss. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return DASH;
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (part: number): string => String(part).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** A unit as people write it. */
export function unitSign(unit: string): string {
  return unit === "degC" ? "°C" : unit;
}

/** Degrees by their sign, on the line of their number. */
export function signed(text: string): string {
  return text.replace(/ ?\bdegC\b/g, "\u00a0°C");
}

/** A sentence of the server's as people write it: its first letter large, units by their signs, a full stop. */
export function sentence(text: string): string {
  const said = signed(text.trim());
  const stop = /[\u3040-\u30ff\u4e00-\u9fff]$/.test(said) ? "。" : ".";
  const whole = /[.!?:…。？！]$/.test(said) ? said : said + stop;
  return said === "" ? "" : whole.charAt(0).toUpperCase() + whole.slice(1);
}

/** Text with its fingerprints cut to what people compare. */
export function cut(text: string): string {
  return text.replace(/\b[0-9a-f]{64}\b/g, (whole) => whole.slice(0, 12));
}
