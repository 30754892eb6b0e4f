/** Explains to the operator in one sentence why records do not arrive. It is reported when it changes, and not for every attempt. */

import { counted } from "../agent/values/count.ts";
import type { Signal } from "./delivery.ts";
import type { Target } from "./environment.ts";

export type Say = (level: "info" | "warn", text: string) => void;

/** The errors that an exporter itself finds. All others come from the network or the SDK. */
export class DeliveryProblem extends Error {
  readonly reason: "silent" | "not_otlp" | "overloaded" | "partial" | "stranger";

  constructor(reason: DeliveryProblem["reason"], detail = "") {
    super(detail);
    this.reason = reason;
  }
}

const NOBODY: ReadonlySet<unknown> = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT"]);

/** Returns whether nobody was reached who could have taken the records. */
export function isUnreachable(problem: unknown): boolean {
  return (problem instanceof DeliveryProblem && problem.reason === "stranger") || NOBODY.has(codeOf(problem));
}

/** gRPC hides the network's error in its text. */
function codeOf(problem: unknown): unknown {
  const { code, message } = (problem ?? {}) as { code?: unknown; message?: unknown };
  return isGrpcCode(code) && /ECONNREFUSED|No connection established/.test(String(message)) ? "ECONNREFUSED" : code;
}

function isGrpcCode(code: unknown): code is number {
  return typeof code === "number" && code < 100;
}

export function explain(problem: unknown, target: Pick<Target, "url" | "setBy">): string {
  const { what, meanwhile, next } = diagnose(problem, target);
  return `${what}; ${meanwhile ?? "weir goes on without telemetry"}; ${next}`;
}

interface Diagnosis {
  what: string;
  /** The end of the sentence, if it is not "weir goes on without telemetry". */
  meanwhile?: string;
  next: string;
}

function diagnose(problem: unknown, { url, setBy }: Pick<Target, "url" | "setBy">): Diagnosis {
  const { origin, hostname } = new URL(url);
  const change = setBy === "otel.endpoint" ? "set otel.endpoint" : `change ${setBy}`;
  if (problem instanceof DeliveryProblem) {
    switch (problem.reason) {
      case "silent":
        return { what: `${origin} takes the connection and does not answer in time`, next: "look at the collector's load" };
      case "not_otlp":
        return { what: `what answers at ${origin} does not speak OTLP`, next: `${change} to the collector's OTLP HTTP port, usually 4318` };
      case "stranger":
        return {
          what: `weir sends nothing to ${origin}: ${problem.message}`,
          next: `if it should get weir's telemetry all the same, write into weir.yaml: otel: { endpoint: "${origin}" }`,
        };
      case "overloaded":
        return {
          what: `${origin} asks weir to stop sending for a while (429, 502, 503 or 504)`,
          next: "look at the collector's load and limits",
        };
      case "partial":
        return {
          what: `${origin} complains about the records: ${problem.message || "it does not say why"}`,
          meanwhile: "weir goes on sending",
          next: "look at the collector's log",
        };
    }
  }
  const { code, message } = problem as { code?: unknown; message?: unknown };
  switch (codeOf(problem)) {
    case "ECONNREFUSED":
      return { what: `nobody listens at ${origin}`, next: `start a collector or ${change}` };
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return { what: `the name ${hostname} cannot be resolved`, next: `check the resolver or ${change}` };
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "ETIMEDOUT":
      return { what: `${origin} cannot be reached (${code})`, next: `check the network or ${change}` };
    case "ECONNRESET":
    case "EPIPE":
      return { what: `${origin} closes the connection without an answer`, next: `look at the collector's log or ${change}` };
    case 401:
    case 403:
      return { what: `${origin} refuses weir (${code})`, next: "set OTEL_EXPORTER_OTLP_HEADERS" };
    case 404:
    case 405:
      return { what: `${url} takes no telemetry (${code})`, next: `${change} to the collector's OTLP HTTP port, usually 4318` };
  }
  if (typeof code === "number" && !isGrpcCode(code))
    return { what: `${origin} answers ${code} ${message ?? ""}`.trimEnd(), next: "look at the collector's log" };
  return { what: `${origin} does not take telemetry: ${message ?? String(problem)}`, next: `look at the collector's log or ${change}` };
}

/** A recovery is reported after this long without a failure. Another failure is not reported sooner than this either. */
const CALM_MS = 10_000;

/** Three signals usually fail for one reason: it is reported once, and once more when there are no problems any more. */
export class Announcer {
  readonly #say: Say;
  readonly #now: () => number;
  readonly #current = new Map<Signal, string>();
  #told: string | undefined;
  #lastTrouble = 0;
  #lastTold = 0;

  constructor(say: Say, now: () => number = () => performance.now()) {
    this.#say = say;
    this.#now = now;
  }

  failed(signal: Signal, sentence: string): void {
    const now = this.#now();
    this.#current.set(signal, sentence);
    this.#lastTrouble = now;
    if (sentence === this.#told || (this.#told !== undefined && now - this.#lastTold < CALM_MS)) return;
    this.#told = sentence;
    this.#lastTold = now;
    this.#say("warn", sentence);
  }

  arrived(signal: Signal, target: Pick<Target, "url">, lost: number): void {
    this.#current.delete(signal);
    if (this.#told === undefined || this.#current.size > 0 || this.#now() - this.#lastTrouble < CALM_MS) return;
    this.#told = undefined;
    this.#say(
      "info",
      `telemetry reaches ${new URL(target.url).origin} again; ${counted(lost, "record was", "records were")} not acknowledged since the start`,
    );
  }
}
