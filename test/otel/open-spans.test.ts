import assert from "node:assert/strict";
import { test } from "node:test";

import type { Span } from "@opentelemetry/api";
import { OpenSpans } from "../../otel/open-spans.ts";
import { verdict } from "./fixtures.ts";

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
  assert.deepEqual(ended, [["span 1", 10], ["span 3", 3]]);
});
