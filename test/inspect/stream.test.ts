/** How connections become transactions, with a protocol made for the purpose: lines that the other end repeats. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { ALL, type Listener, type Parser, type Side, type StreamProtocol } from "../../agent/inspect/parser.ts";
import { type Segment, Stream } from "../../agent/inspect/stream.ts";
import type { Transaction } from "../../agent/inspect/transaction.ts";
import { NotDecided, type Undecided } from "../../agent/inspect/undecided.ts";

/** It reads lines that begin with "echo". The line "echo all" ends what matters of its side. */
const ECHO: StreamProtocol = {
  recognise: (_side, first) => {
    const begin = Buffer.from(first.subarray(0, 4)).toString();
    return begin === "echo" ? true : "echo".startsWith(begin) ? undefined : false;
  },
  open: (listener) => new Echo(listener),
};

class Echo implements Parser {
  readonly #listener: Listener;
  #open: Transaction[] = [];

  constructor(listener: Listener) {
    this.#listener = listener;
  }

  read(side: Side, unread: Uint8Array): number {
    const end = unread.indexOf(10);
    if (end < 0) return 0;
    const line = Buffer.from(unread.subarray(0, end)).toString();
    if (!line.startsWith("echo")) throw new NotDecided("malformed");
    if (line === "echo all") return ALL;
    if (side === "client") {
      const asked: Transaction = { protocol: "http", http: { path: line } };
      this.#open.push(asked);
      this.#listener.asked(asked);
    } else {
      const answered = this.#open.shift();
      if (answered === undefined) throw new NotDecided("malformed");
      answered.http = { ...answered.http, status: 200 };
      this.#listener.ended(answered);
    }
    return end + 1;
  }

  end(): void {}

  close(undecided?: Undecided): void {
    for (const open of this.#open) this.#listener.ended(open);
    if (undecided !== undefined) this.#listener.ended({ protocol: "http", undecided });
  }
}

/** One connection, in which each side sends its texts one behind the other. */
function connection(protocols: readonly StreamProtocol[] = [ECHO]) {
  const told: string[] = [];
  const stream = new Stream(protocols, {
    asked: ({ http }) => void told.push(`asked ${http?.path}`),
    ended: ({ protocol, http, undecided }) => void told.push([protocol, http?.path, http?.status, undecided].filter(Boolean).join(" ")),
  });
  const next: Record<Side, number> = { client: 0, server: 0 };
  const send = (side: Side, text: string, more: Partial<Segment> = {}): void => {
    stream.take(side, { sequence: next[side], syn: false, fin: false, payload: Buffer.from(text), ...more });
    if (more.sequence === undefined) next[side] += text.length;
  };
  return { stream, told, send };
}

describe("a connection", () => {
  it("is read by the parser of the protocol that its first bytes show, also if they come one by one", () => {
    const whole = connection();
    whole.send("client", "echo one\necho two\n");
    whole.send("server", "echo one\n");
    whole.stream.close();
    const parts = connection();
    for (const character of "echo one\necho two\n") parts.send("client", character);
    for (const character of "echo one\n") parts.send("server", character);
    parts.stream.close();
    assert.deepEqual(whole.told, ["asked echo one", "asked echo two", "http echo one 200", "http echo two"]);
    assert.deepEqual(parts.told, whole.told);
  });

  it("of a protocol that no parser knows says nothing, and is read no further", () => {
    const { stream, told, send } = connection();
    send("client", "hello");
    assert.ok(stream.isOver);
    send("client", "echo one\n");
    stream.close();
    assert.deepEqual(told, []);
  });

  it("is over when both sides have ended", () => {
    const { stream, told, send } = connection();
    send("client", "echo one\n", { fin: true });
    assert.ok(!stream.isOver);
    send("server", "echo one\n", { fin: true });
    assert.ok(stream.isOver);
    assert.deepEqual(told, ["asked echo one", "http echo one 200"]);
  });

  it("is undecided from where its parser cannot go on, and what was complete before stays", () => {
    const { told, send } = connection();
    send("client", "echo one\nwrong\necho two\n");
    assert.deepEqual(told, ["asked echo one", "http echo one", "http malformed"]);
  });

  it("is undecided if bytes came twice and differ, also before its protocol is known", () => {
    for (const [first, expected] of [
      ["echo one\n", ["asked echo one", "http echo one", "http stream_overlap"]],
      ["ec", ["unknown stream_overlap"]],
    ] as const) {
      const { told, send } = connection();
      send("client", first);
      send("client", "E", { sequence: 0 });
      assert.deepEqual(told, expected);
      const twin = connection();
      twin.send("client", first);
      twin.send("client", "e", { sequence: 0 });
      assert.deepEqual(
        twin.told.filter((line) => line.includes("overlap")),
        [],
      );
    }
  });

  it("is undecided if bytes are missing, unless they are of no concern", () => {
    const { stream, told, send } = connection();
    send("client", "echo one\n");
    send("client", "echo two\n", { sequence: 100 });
    stream.close();
    assert.deepEqual(told, ["asked echo one", "http echo one", "http stream_gap"]);
    const twin = connection();
    twin.send("client", "echo one\necho all\n");
    twin.send("client", "whatever", { sequence: 100 });
    twin.stream.close();
    assert.deepEqual(twin.told, ["asked echo one", "http echo one"]);
  });
});
