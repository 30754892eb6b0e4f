import assert from "node:assert/strict";
import { test } from "node:test";

import type { Span, Tracer } from "@opentelemetry/api";
import { OpenSpans } from "../../otel/open-spans.ts";
import { SpanWriter } from "../../otel/traces.ts";
import { connection, verdict } from "./fixtures.ts";

test("there are so many open spans at most, and the one that is open for longest ends where it was detected last", () => {
  const ended: [string, number][] = [];
  const spanOf = (name: string) => ({ end: (time: number) => void ended.push([name, time]) }) as unknown as Span;
  const eventOf = (port: number, time: number) => verdict({ source: { address: "198.18.0.1", port }, time });
  const spans = new OpenSpans(2);
  for (const port of [1, 2]) spans.add(eventOf(port, port), spanOf(`span ${port}`));
  assert.ok(spans.find(eventOf(1, 10)) !== undefined);
  spans.add(eventOf(3, 3), spanOf("span 3"));
  assert.deepEqual(ended, [["span 1", 10]]);
  assert.equal(spans.find(eventOf(1, 11)), undefined);
  assert.ok(spans.take(eventOf(2, 2)) !== undefined);
  assert.equal(spans.take(eventOf(2, 2)), undefined, "a connection ends once");
  spans.close();
  assert.deepEqual(ended, [
    ["span 1", 10],
    ["span 3", 3],
  ]);
});

test("a span does not end before the detection that it began with", () => {
  const times: { start?: number; end?: number } = {};
  const span = {
    addEvent: () => span,
    setStatus: () => span,
    setAttributes: () => span,
    end: (time: number) => void (times.end = time),
  } as unknown as Span;
  const tracer = { startSpan: (_: string, { startTime }: { startTime: number }) => ((times.start = startTime), span) } as unknown as Tracer;
  const traces = new SpanWriter(tracer, { turnsAway: () => false } as unknown as ConstructorParameters<typeof SpanWriter>[1]);
  const detected = verdict({ would_drop: true, time: 1005 });
  traces.event(detected);
  traces.connection(connection({ ...detected, opened: 1000, closed: 1003 }));
  assert.deepEqual(times, { start: 1005, end: 1005 });
  traces.close();
});
