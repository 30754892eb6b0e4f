/**
 * Writes one span for each connection. The span of a detected connection begins with the detection, whose log record points at
 * it, and ends with the connection. A packet that is dropped, or belongs to no connection, gets a span without length, so that
 * traces show it too.
 */

import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Context, type Tracer } from "@opentelemetry/api";
import type { ConnectionEvent, ConnectionFields, VerdictEvent } from "../agent/observe/events/event.ts";
import { endedAttributes, reportedVerdict, verdictAttributes } from "./attributes.ts";
import { Budget } from "./budget.ts";
import type { DeliveryLedger } from "./delivery.ts";
import { goesOn, OpenSpans } from "./open-spans.ts";

/** The most spans a second. Half of them are kept for detections, however many connections end. */
const SPAN_BUDGET = 1000;
const RESERVED_FOR_DETECTIONS = SPAN_BUDGET / 2;

export class SpanWriter {
  readonly #tracer: Tracer;
  readonly #ledger: DeliveryLedger;
  readonly #budget = new Budget(SPAN_BUDGET, RESERVED_FOR_DETECTIONS);
  readonly #open = new OpenSpans();

  constructor(tracer: Tracer, ledger: DeliveryLedger) {
    this.#tracer = tracer;
    this.#ledger = ledger;
  }

  /** Returns the span's context, so that the log record of the same event can point at it. */
  event(event: VerdictEvent): Context | undefined {
    if (event.verdict !== "dropped" && !event.would_drop) return undefined;
    const known = this.#open.find(event);
    if (known === undefined && (!this.#budget.take(true) || this.#ledger.turnsAway())) return undefined;
    const span =
      known ??
      this.#tracer.startSpan(name(event), { kind: kind(event), startTime: event.time, attributes: verdictAttributes(event) }, ROOT_CONTEXT);
    span.addEvent("weir.detection", detection(event), event.time);
    if (event.verdict === "dropped") span.setStatus({ code: SpanStatusCode.ERROR, message: `dropped by rule ${event.rule.name}` });
    if (known === undefined && goesOn(event)) this.#open.add(event, span);
    else if (known === undefined) span.end(event.time);
    return trace.setSpan(ROOT_CONTEXT, span);
  }

  connection(event: ConnectionEvent): void {
    const open = this.#open.take(event);
    if (open !== undefined) {
      open.span.setAttributes(endedAttributes(event));
      // The end of a connection is dated in ticks of the kernel, and may seem to lie before its detection.
      open.span.end(Math.max(open.time, event.closed));
      return;
    }
    if (!this.#budget.take(event.type !== "ALLOWED") || this.#ledger.turnsAway()) return;
    const options = { kind: kind(event), startTime: event.opened, attributes: endedAttributes(event) };
    const span = this.#tracer.startSpan(name(event), options, ROOT_CONTEXT);
    if (event.type !== "ALLOWED") span.addEvent("weir.detection", detection(event), event.opened);
    span.end(Math.max(event.opened, event.closed));
  }

  /** The number of spans that the budget left out. */
  get leftOut(): number {
    return this.#budget.leftOut;
  }

  close(): void {
    this.#open.close();
    this.#budget.close();
  }
}

function detection(event: ConnectionEvent | VerdictEvent): { "security_rule.name": string; "weir.verdict": string } {
  return { "security_rule.name": event.rule.name, "weir.verdict": reportedVerdict(event) };
}

/** Span names are few, so that a backend can group by them: addresses and ports are attributes. */
function name(event: ConnectionFields): string {
  return `${event.protocol} ${event.direction}`;
}

function kind(event: ConnectionFields): SpanKind {
  return event.direction === "ingress" ? SpanKind.SERVER : SpanKind.CLIENT;
}
