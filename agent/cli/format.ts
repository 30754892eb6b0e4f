/** Formats numbers and times for people. */

import { isIPv6 } from "node:net";
import { printable } from "../values/quote.ts";
import type { Endpoint } from "../values/traffic.ts";

/** Writes bytes as `3.4 MB`. */
export function bytes(value: number): string {
  return scaled(value, ["B", "kB", "MB", "GB", "TB", "PB"]);
}

/** Writes a rate as `12/s` or `1.2 k/s`. */
export function perSecond(value: number): string {
  if (value > 0 && value < 10) return `${value.toFixed(1)}/s`;
  return `${scaled(value, ["", "k", "M", "G"]).trimEnd()}/s`;
}

function scaled(value: number, units: readonly string[]): string {
  let unit = 0;
  let rest = value;
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1000;
    unit++;
  }
  return `${unit === 0 ? Math.round(rest) : rest.toFixed(rest < 9.95 ? 1 : 0)} ${units[unit]}`;
}

/** Writes a duration as `45 s`, `12 m 3 s`, `3 h 4 m` or `2 d 5 h`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${whole % 60} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} m`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

/** Writes a short duration as `35 µs`, `1.2 ms` or `3.4 s`, and a longer one as above. */
export function briefly(seconds: number): string {
  if (seconds >= 10) return duration(seconds);
  const [value, unit] = seconds < 0.001 ? [seconds * 1e6, "µs"] : seconds < 1 ? [seconds * 1000, "ms"] : [seconds, "s"];
  return `${value.toFixed(value < 9.95 ? 1 : 0)} ${unit}`;
}

/** Writes a share as `(1.2%)`. */
export function share(part: number, whole: number): string {
  return whole === 0 ? "" : `(${((part / whole) * 100).toFixed(1)}%)`;
}

/** Writes an ISO time as `12 m 3 s ago`. */
export function since(time: string | null): string {
  return time === null ? "never" : `${duration((Date.now() - Date.parse(time)) / 1000)} ago`;
}

/** Writes an ISO time as `in 3 m 2 s`, or `never`. */
export function until(expires: string | undefined): string {
  if (expires === undefined) return "never";
  const seconds = (Date.parse(expires) - Date.now()) / 1000;
  return seconds > 0 ? `in ${duration(seconds)}` : `over for ${duration(-seconds)}`;
}

/** Writes an ISO time by the local clock: `03:00:00`, with the date if it is not today. */
export function clock(time: string | number): string {
  const at = new Date(time);
  const today = new Date();
  const two = (number: number): string => String(number).padStart(2, "0");
  const hours = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(":");
  if (at.toDateString() === today.toDateString()) return hours;
  const year = at.getFullYear() === today.getFullYear() ? "" : `${at.getFullYear()}-`;
  return `${year}${two(at.getMonth() + 1)}-${two(at.getDate())} ${hours}`;
}

/** Writes an endpoint as `198.18.0.1:40000` or `[2001:db8::1]:443`. */
export function endpoint({ address, port }: Endpoint): string {
  const host = isIPv6(address) ? `[${address}]` : printable(address);
  return port === undefined ? host : `${host}:${port}`;
}

/** Escapes characters in JSON strings that a terminal obeys or hides. For a program the escaped text means the same. */
export function safeJson(json: string): string {
  return json.replace(/[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    [...Array(character.length).keys()].map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`).join(""),
  );
}
