/** Lets a protocol read a connection whose bytes come in pieces of any size. */

import assert from "node:assert/strict";

import { Datagrams } from "../../agent/inspect/datagrams.ts";
import type { DatagramProtocol, Side, StreamProtocol } from "../../agent/inspect/parser.ts";
import { Stream } from "../../agent/inspect/stream.ts";
import type { Transaction } from "../../agent/inspect/transaction.ts";
import { Random } from "../harness/random.ts";

/** What a side sends; text is Latin-1. `null` ends the side. */
export type Said = readonly [side: Side, bytes: string | Uint8Array | null];

/** Returns the length of the next piece, of so many bytes. */
export type Cut = (left: number) => number;

export const WHOLE: Cut = (left) => left;
export const SINGLE: Cut = () => 1;
export const randomly =
  (seed: number, most = 40): Cut =>
  (left) =>
    Math.min(left, 1 + chanceOf(seed).below(most));

const chances = new Map<number, Random>();

function chanceOf(seed: number): Random {
  const known = chances.get(seed) ?? new Random(seed);
  chances.set(seed, known);
  return known;
}

/** Returns the transactions in the order in which they end, and checks that each is told as the contract says. */
export function read(protocols: readonly StreamProtocol[], said: readonly Said[], cut: Cut = WHOLE): Transaction[] {
  const asked = new Set<Transaction>();
  const ended = new Set<Transaction>();
  const stream = new Stream(protocols, {
    asked: (transaction) => {
      assert.ok(!asked.has(transaction) && !ended.has(transaction), "asked twice");
      asked.add(transaction);
    },
    ended: (transaction) => {
      assert.ok(!ended.has(transaction), "ended twice");
      ended.add(transaction);
    },
  });
  const next = { client: 1000, server: 5000 };
  for (const [side, bytes] of said) {
    const all = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : (bytes ?? Buffer.alloc(0));
    for (let at = 0, length = 0; at < all.length || bytes === null; at += length) {
      length = bytes === null ? 0 : cut(all.length - at);
      const acknowledgement = next[side === "client" ? "server" : "client"];
      stream.take(side, { sequence: next[side], acknowledgement, syn: false, fin: bytes === null, payload: all.subarray(at, at + length) });
      next[side] += length;
      if (bytes === null) break;
    }
  }
  stream.close();
  for (const transaction of asked) assert.ok(ended.has(transaction), "asked, and never ended");
  return [...ended];
}

/** A datagram, and the side that sends it. */
export type Sent = readonly [side: Side, datagram: Uint8Array];

/** Returns the transactions of these datagrams between two ends. */
export function readDatagrams(protocol: DatagramProtocol, datagrams: readonly Sent[]): Transaction[] {
  const ended: Transaction[] = [];
  const conversation = new Datagrams([protocol], { asked: () => undefined, ended: (transaction) => void ended.push(transaction) });
  for (const [side, datagram] of datagrams) conversation.take(side, datagram);
  conversation.close();
  return ended;
}

/** Returns what is read of a connection, which must be the same however its bytes are cut. */
export function readInEverySplit(protocols: readonly StreamProtocol[], said: readonly Said[]): Transaction[] {
  const whole = read(protocols, said);
  for (const cut of [SINGLE, randomly(1), randomly(2, 5)]) assert.deepEqual(read(protocols, said, cut), whole);
  return whole;
}

/** Returns how many bytes a parser looks at or copies if those of the client come one by one. */
export function stepsOf(protocol: StreamProtocol, bytes: Uint8Array): number {
  let steps = 0;
  const counted = (unread: Uint8Array): Uint8Array =>
    new Proxy(unread, {
      get: (of, name) => {
        if (name === "subarray") return (from: number, to: number) => ((steps += to - from), of.subarray(from, to));
        if (typeof name === "string" && /^\d+$/.test(name)) steps++;
        return Reflect.get(of, name, of);
      },
    });
  const parser = protocol.open({ asked: () => undefined, ended: () => undefined });
  for (let start = 0, end = 1; end <= bytes.length; end++) start += parser.read("client", counted(bytes.subarray(start, end)));
  return steps;
}
