/** Segments of one side of a connection, in every order. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { Reassembly } from "../../agent/inspect/reassembly.ts";
import { Random } from "../harness/random.ts";

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
const bytes = (of: string): Uint8Array => Buffer.from(of, "latin1");

/** A side whose first byte has this number. */
function side(first = 1000): { take(at: number, of: string, isLast?: boolean): void; readonly bytes: Reassembly } {
  const reassembly = new Reassembly(first | 0);
  return { take: (at, of, isLast = false) => reassembly.take((first + at) | 0, bytes(of), isLast), bytes: reassembly };
}

describe("one side of a connection", () => {
  it("is in order whatever order its segments come in, also where numbers wrap around", () => {
    const random = new Random(1);
    const whole = Array.from({ length: 200 }, (_, index) => String.fromCharCode(33 + (index % 90))).join("");
    for (let round = 0; round < 500; round++) {
      const first = [0, 1000, 2 ** 31 - 50, 2 ** 32 - 50][round % 4]!;
      const one = side(first);
      const cuts = [...new Set(Array.from({ length: 12 }, () => random.below(whole.length)))].sort((a, b) => a - b);
      const parts = [0, ...cuts].map((from, index) => ({ from, to: cuts[index] ?? whole.length }));
      const sent = [...parts, ...parts.slice(0, 3)].map((part) => ({ part, rank: random.below(1000) }));
      for (const { part } of sent.sort((a, b) => a.rank - b.rank))
        one.take(part.from, whole.slice(part.from, part.to), part.to === whole.length);
      assert.equal(text(one.bytes.unread), whole);
      assert.ok(one.bytes.ended && !one.bytes.hasGap);
    }
  });

  it("is read as far as it is there, and what is read comes no second time", () => {
    const one = side();
    one.take(0, "abc");
    one.take(5, "fg");
    assert.equal(text(one.bytes.unread), "abc");
    assert.ok(one.bytes.hasGap);
    one.bytes.advance(2);
    one.take(0, "abcde");
    assert.equal(text(one.bytes.unread), "cdefg");
    assert.ok(!one.bytes.hasGap);
  });

  it("is undecided if bytes that nobody has acknowledged come again and differ, read or not, in order or early", () => {
    for (const [name, prepare] of Object.entries({
      unread: (one: ReturnType<typeof side>) => one.take(0, "GET /a"),
      read: (one: ReturnType<typeof side>) => (one.take(0, "GET /a"), one.bytes.advance(6)),
      early: (one: ReturnType<typeof side>) => one.take(4, "/a"),
    })) {
      const one = side();
      prepare(one);
      one.take(4, "/a"); // the same again is no difference
      assert.throws(() => one.take(4, "/b"), { reason: "stream_overlap" }, name);
    }
  });

  it("does not care about bytes that its receiver has acknowledged", () => {
    const one = side();
    one.take(0, "GET /a");
    one.bytes.advance(6);
    one.bytes.acknowledge(1006);
    one.take(0, "GET /bc");
    assert.equal(text(one.bytes.unread), "c");
  });

  it("skips what is of no concern, also if it is missing", () => {
    const one = side();
    one.take(0, "head");
    one.bytes.advance(4 + 100);
    one.take(4, "x".repeat(10));
    one.take(54, "y".repeat(50));
    one.take(104, "next");
    assert.equal(text(one.bytes.unread), "next");
    one.bytes.advance(Number.MAX_SAFE_INTEGER);
    one.take(5000, "tail");
    assert.equal(text(one.bytes.unread), "");
    assert.ok(!one.bytes.hasGap);
  });

  it("keeps no more than it may", () => {
    const unread = side();
    unread.take(0, "x".repeat(65_536));
    assert.throws(() => unread.take(65_536, "x"), { reason: "too_long" });
    const early = side();
    assert.throws(
      () => {
        for (let at = 1; at < 200; at++) early.take(at * 2, "x");
      },
      { reason: "stream_gap" },
    );
    const far = side();
    far.take(2 ** 30 + 1, "x");
    assert.ok(!far.bytes.hasGap);
  });
});
