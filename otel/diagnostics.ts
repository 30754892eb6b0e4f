/**
 * Takes the messages of the OpenTelemetry SDK about itself, so that none of them reaches the console.
 *
 * The exporters answer "success" to any 2xx. Only this log learns that the collector refused a part of the batch, or that the
 * answer was not OTLP at all. Both messages come right before the batch's result, in the same turn; `takeRemark` adds them to
 * that result.
 */

import type { DiagLogger } from "@opentelemetry/api";
import { DeliveryProblem, type Say } from "./trouble.ts";

export interface Remark {
  problem: DeliveryProblem;
  /** The number of refused records in the batch. */
  refused: number;
}

const PARTIAL = /^Received Partial Success response/;
const NOT_OTLP = /^(Failed to parse \w+ export response|Export succeeded but could not deserialize response)/;

export class Diagnostics implements DiagLogger {
  readonly #say: Say;
  readonly #verbose: boolean;
  #remark: Remark | undefined;

  /** @param verbose also pass on messages below a warning */
  constructor(say: Say, verbose: boolean) {
    this.#say = say;
    this.#verbose = verbose;
  }

  takeRemark(): Remark | undefined {
    const remark = this.#remark;
    this.#remark = undefined;
    return remark;
  }

  error(message: string, ...details: unknown[]): void {
    this.#tell("warn", message, details);
  }

  warn(message: string, ...details: unknown[]): void {
    const remark = remarkIn(message, details);
    if (remark === undefined) this.#tell("warn", message, details);
    else this.#remark = remark;
  }

  info(message: string, ...details: unknown[]): void {
    if (this.#verbose) this.#tell("info", message, details);
  }

  debug(message: string, ...details: unknown[]): void {
    this.info(message, ...details);
  }

  verbose(message: string, ...details: unknown[]): void {
    this.info(message, ...details);
  }

  #tell(level: "info" | "warn", message: string, details: unknown[]): void {
    const rest = details.filter((detail) => typeof detail !== "object" || detail instanceof Error).map(String);
    this.#say(level, ["OpenTelemetry:", message, ...rest].join(" "));
  }
}

function remarkIn(message: string, details: unknown[]): Remark | undefined {
  // Component loggers put their name before the message.
  const texts = [message, ...details].filter((text) => typeof text === "string");
  if (texts.some((text) => NOT_OTLP.test(text))) return { problem: new DeliveryProblem("not_otlp"), refused: Infinity };
  const at = texts.findIndex((text) => PARTIAL.test(text));
  if (at < 0) return undefined;
  const answer = JSON.parse(texts[at + 1] ?? "{}") as Record<string, unknown>;
  const refused = Number(answer["rejectedSpans"] ?? answer["rejectedDataPoints"] ?? answer["rejectedLogRecords"] ?? 0);
  return { problem: new DeliveryProblem("partial", String(answer["errorMessage"] ?? "")), refused };
}
