/** The agent's own log, on standard error: one JSON object or one readable line a message. */

import { type DestinationStream, destination, pino, type Logger } from "pino";
import type { LogLevel } from "../../config/types.ts";

export type Log = Logger;

const STANDARD_ERROR = 2;
const LEVELS: Record<number, string> = { 10: "trace", 20: "debug", 30: "info", 40: "warn", 50: "error", 60: "fatal" };
const HIDDEN = new Set(["level", "time", "msg"]);

export function createLog(logging: { level: LogLevel; format: "pretty" | "json" }, out: DestinationStream = standardError()): Log {
  const stream = logging.format === "json" ? out : { write: (line: string) => void out.write(readable(line)) };
  return pino({ level: logging.level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream);
}

/** Never waits for a slow reader; what is left is written at exit. */
function standardError(): DestinationStream {
  const stream = destination({ fd: STANDARD_ERROR, sync: false });
  process.once("exit", () => {
    try {
      stream.flushSync();
    } catch {
      // nobody reads it any more
    }
  });
  return stream;
}

/** `03:00:00.123 warn  message key=value` */
export function readable(line: string): string {
  const record = JSON.parse(line) as Record<string, unknown>;
  const time = String(record["time"]).slice(11, 23);
  const level = (LEVELS[Number(record["level"])] ?? "info").padEnd(5);
  const fields = Object.entries(record).filter(([key]) => !HIDDEN.has(key)).map(([key, value]) => ` ${key}=${plain(value)}`);
  return `${time} ${level} ${plainText(String(record["msg"] ?? ""))}${fields.join("")}\n`;
}

function plain(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /[\s"=]/.test(text) ? JSON.stringify(text) : plainText(text);
}

/** Control characters never reach a terminal. */
function plainText(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
