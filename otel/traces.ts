/** One span a connection. What was dropped, or would be, never becomes one: it gets a span without length, so that traces show it too. */

import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Context, type Tracer } from "@opentelemetry/api";
import type { ConnectionEvent, ConnectionFields, VerdictEvent } from "../agent/events/event.ts";
import { endedAttributes, verdictAttributes } from "./attributes.ts";
import { Budget } from "./budget.ts";
import type { Ledger } from "./delivery.ts";

/** Spans a second. Half of them are kept for detections, however many connections end. */
export const SPAN_BUDGET = 1000;
const RESERVED_FOR_DETECTIONS = SPAN_BUDGET / 2;

export class SpanWriter {
  readonly #tracer: Tracer;
  readonly #ledger: Ledger;
  readonly #budget = new Budget(SPAN_BUDGET, RESERVED_FOR_DETECTIONS);

  constructor(tracer: Tracer, ledger: Ledger) {
    this.#tracer = tracer;
    this.#ledger = ledger;
  }

  /** Answers the span's context, so that the log record of the same event can point at it. */
  event(event: VerdictEvent): Context | undefined {
    if (event.verdict !== "dropped" && event.verdict !== "would_drop") return undefined;
    if (!this.#budget.take(true) || this.#ledger.turnsAway()) return undefined;
    const attributes = verdictAttributes(event);
    const span = this.#tracer.startSpan(name(event), { kind: kind(event), startTime: event.time, attributes }, ROOT_CONTEXT);
    span.addEvent("weir.detection", { "security_rule.name": event.rule.name, "weir.verdict": event.verdict }, event.time);
    if (event.verdict === "dropped") span.setStatus({ code: SpanStatusCode.ERROR, message: `dropped by rule ${event.rule.name}` });
    span.end(event.time);
    return trace.setSpan(ROOT_CONTEXT, span);
  }

  connection(event: ConnectionEvent): void {
    if (!this.#budget.take(event.type !== "ALLOWED") || this.#ledger.turnsAway()) return;
    const options = { kind: kind(event), startTime: event.opened, attributes: endedAttributes(event) };
    const span = this.#tracer.startSpan(name(event), options, ROOT_CONTEXT);
    if (event.type !== "ALLOWED") span.addEvent("weir.detection", { "security_rule.name": event.rule.name }, event.opened);
    span.end(Math.max(event.opened, event.closed));
  }

  /** Spans that the budget left out. */
  get leftOut(): number {
    return this.#budget.leftOut;
  }

  close(): void {
    this.#budget.close();
  }
}

/** Few names, so that a backend can group by them: addresses and ports are attributes. */
function name(event: ConnectionFields): string {
  return `${event.protocol} ${event.direction}`;
}

function kind(event: ConnectionFields): SpanKind {
  return event.direction === "ingress" ? SpanKind.SERVER : SpanKind.CLIENT;
}
