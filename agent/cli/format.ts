/** Numbers and times as people read them. */

import { isIPv6 } from "node:net";
import { printable } from "../values/quote.ts";
import type { Endpoint } from "../values/traffic.ts";

/** 3.4 MB */
export function bytes(value: number): string {
  return scaled(value, ["B", "kB", "MB", "GB", "TB", "PB"]);
}

/** 12/s, 1.2 k/s */
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

/** 45 s, 12 m 3 s, 3 h 4 m, 2 d 5 h */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${whole % 60} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} m`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

/** 35 µs, 1.2 ms, 3.4 s, and longer ones as above */
export function briefly(seconds: number): string {
  if (seconds >= 10) return duration(seconds);
  const [value, unit] = seconds < 0.001 ? [seconds * 1e6, "µs"] : seconds < 1 ? [seconds * 1000, "ms"] : [seconds, "s"];
  return `${value.toFixed(value < 9.95 ? 1 : 0)} ${unit}`;
}

/** (1.2%) */
export function share(part: number, whole: number): string {
  return whole === 0 ? "" : `(${((part / whole) * 100).toFixed(1)}%)`;
}

/** `12 m 3 s ago`, of an ISO time. */
export function since(time: string | null): string {
  return time === null ? "never" : `${duration((Date.now() - Date.parse(time)) / 1000)} ago`;
}

/** `in 3 m 2 s`, or `never`, of an ISO time. */
export function until(expires: string | undefined): string {
  if (expires === undefined) return "never";
  const seconds = (Date.parse(expires) - Date.now()) / 1000;
  return seconds > 0 ? `in ${duration(seconds)}` : `over for ${duration(-seconds)}`;
}

/** An ISO time as the clock here shows it: 03:00:00, and with its date if that is not today's. */
export function clock(time: string | number): string {
  const at = new Date(time);
  const today = new Date();
  const two = (number: number): string => String(number).padStart(2, "0");
  const hours = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(":");
  if (at.toDateString() === today.toDateString()) return hours;
  const year = at.getFullYear() === today.getFullYear() ? "" : `${at.getFullYear()}-`;
  return `${year}${two(at.getMonth() + 1)}-${two(at.getDate())} ${hours}`;
}

/** 198.18.0.1:40000, [2001:db8::1]:443 */
export function endpoint({ address, port }: Endpoint): string {
  const host = isIPv6(address) ? `[${address}]` : printable(address);
  return port === undefined ? host : `${host}:${port}`;
}

/** JSON leaves characters in strings that a terminal obeys or hides; escaped they mean the same to a program. */
export function safeJson(json: string): string {
  return json.replace(/[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    [...Array(character.length).keys()].map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`).join(""),
  );
}
