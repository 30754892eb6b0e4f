/** The log of the agent on stderr, because stdout belongs to the view and to scripts. */

import { type Logger, pino, stdTimeFunctions } from "pino";
import { printable } from "../values/quote.ts";
import type { WeirConfig } from "../../config/types.ts";
import { LineOutput } from "./output.ts";

export type Log = Logger;
export type LineTarget = { write(line: string): void };

const LONGEST_MESSAGE = 4096;
const LONGEST_VALUE = 512;
/** The fields that pino always writes. They are not shown as key=value. */
const OWN_FIELDS = new Set(["level", "time", "msg", "pid", "hostname"]);

let stderr: LineTarget | undefined;
let target: LineTarget | undefined;

/** Sends log lines to another target while the live view has the terminal; null sends them to stderr again. */
export function redirectLog(other: LineTarget | null): void {
  target = other ?? undefined;
}

export function createLog(logging: WeirConfig["logging"], output?: LineTarget): Log {
  const write = (line: string) => (output ?? target ?? (stderr ??= new LineOutput(process.stderr))).write(line);
  const stream = {
    write: (json: string) => write(logging.format === "pretty" ? prettyLine(JSON.parse(json) as Record<string, unknown>) : json.trimEnd()),
  };
  return pino({ level: logging.level, timestamp: stdTimeFunctions.isoTime, formatters: { level: (level) => ({ level }) } }, stream);
}

/** Writes `2026-11-21T03:00:00.123Z info  watched interface=eth0 direction=ingress`. */
function prettyLine(record: Record<string, unknown>): string {
  const fields = Object.entries(record).filter(([key]) => !OWN_FIELDS.has(key));
  const words = [String(record["time"]), String(record["level"]).padEnd(5), printable(String(record["msg"] ?? ""), LONGEST_MESSAGE)];
  return [...words, ...fields.map(([key, value]) => `${printable(key)}=${shown(value)}`)].join(" ");
}

function shown(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return /^[^\s"=]+$/.test(text) || typeof value !== "string"
    ? printable(text, LONGEST_VALUE)
    : printable(JSON.stringify(text), LONGEST_VALUE);
}
