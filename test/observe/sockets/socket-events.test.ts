/** What user space adds to what the kernel tells of sockets. */

import assert from "node:assert/strict";
import { test } from "node:test";

import type { SocketEvent } from "../../../agent/observe/events/event.ts";
import type { Describer } from "../../../agent/observe/flows/describe.ts";
import { Holding } from "../../../agent/generated/layout.ts";
import type { BpfMap } from "../../../agent/kernel/maps.ts";
import { overlap } from "../../../agent/observe/sockets/bind-failure.ts";
import { KnownListeners } from "../../../agent/observe/sockets/known-listeners.ts";
import { BypassingSockets } from "../../../agent/observe/sockets/bypass.ts";
import { PacketSockets } from "../../../agent/observe/sockets/packet-sockets.ts";
import { SocketEvents } from "../../../agent/observe/sockets/socket-events.ts";

const describer = {
  names: { program: () => ({}), user: () => undefined, workload: () => ({}) },
  owners: { lookup: () => undefined },
} as unknown as Describer;

/** Of each socket, which process has it open. */
function holdings(held: Readonly<Record<number, number>>): Buffer {
  return Buffer.concat(
    Object.entries(held).map(([inode, pid]) => {
      const record = Buffer.alloc(Holding.size);
      record.writeBigUInt64LE(BigInt(inode) + 1000n, Holding.cookie);
      record.writeBigUInt64LE(BigInt(inode), Holding.inode);
      record.writeUInt32LE(pid, Holding.holder.pid);
      return record;
    }),
  );
}

/** Whom the kernel calls by another number than `process.pid`, as it does in a pid namespace. */
const SELF = process.pid + 100_000;

/** Packet sockets that are there at one look after the other, and what was told after each. */
class Looks {
  readonly told: SocketEvent[] = [];
  asked = 0;
  readonly events: SocketEvents;
  #there: bigint[] = [];
  #held: Readonly<Record<number, number>> = {};

  constructor() {
    let seq = 0;
    const parts = {
      describer,
      self: { pid: SELF, startedNs: 7n },
      counters: { lookup: () => Buffer.alloc(24) } as unknown as BpfMap,
      errors: { entries: () => [] } as unknown as BpfMap,
      nextNumber: () => ++seq,
      settleBindings: () => {},
      rawHolders: async () => (this.asked++, holdings(this.#held)),
      report: (event: SocketEvent) => void this.told.push(event),
    };
    const bypassing = new BypassingSockets({ ...parts, rawHolders: async () => Buffer.alloc(0) }, () => []);
    this.events = new SocketEvents(parts, new PacketSockets(() => this.#there), bypassing);
    this.events.look();
  }

  /** Processes by the sockets that they have; the answer is who was told of. */
  async next(held: Readonly<Record<number, number>>): Promise<(number | undefined)[]> {
    this.#held = held;
    this.#there = Object.keys(held).map(BigInt);
    this.told.length = 0;
    this.events.look();
    await new Promise(setImmediate);
    return this.told.map(({ process }) => process?.pid);
  }

  /** The kernel tells of one. */
  opens(pid: number, startedNs = 8n): void {
    this.events.take(
      { seq: 0, type: "PACKET_SOCKET", time: 0, process: { pid, name: "sniffer", uid: 0 } },
      { cookie: 0n, unprivileged: false, owner: { pid, startedNs } },
    );
  }
}

test("a packet socket is told once: by the kernel, or where it does not when it is found", async () => {
  const looks = new Looks();
  assert.deepEqual(await looks.next({ 1: 100 }), [100], "nobody told");
  assert.deepEqual(await looks.next({ 1: 100 }), []);
  looks.opens(200);
  assert.deepEqual([await looks.next({ 1: 100, 2: 200 }), looks.asked], [[], 1], "told, and nobody is asked who has it");
  looks.opens(300);
  assert.deepEqual(await looks.next({ 1: 100, 2: 200, 3: 300, 4: 400 }), [400], "one more than was told");
  assert.deepEqual(await looks.next({ 4: 400, 5: 400 }), [400], "another one of the same process");
  assert.equal(looks.events.figures().events["packet_socket"]!.happened, 3);
});

test("of many that are found at once a part is told, and all are counted", async () => {
  const looks = new Looks();
  const told = await looks.next(Object.fromEntries(Array.from({ length: 250 }, (_, at) => [at + 1, 100])));
  assert.equal(told.length, 100);
  assert.deepEqual(looks.events.figures().events["packet_socket"], { happened: 250, suppressed: 150 });
});

test("what weir itself does is not told", () => {
  const looks = new Looks();
  looks.opens(SELF, 7n);
  looks.opens(SELF, 9n);
  looks.opens(SELF + 1, 7n);
  assert.deepEqual(
    looks.told.map(({ process: of }) => of?.pid),
    [SELF, SELF + 1],
    "another one that once had or will have its number",
  );
});

test("a list that cannot be read is a trouble, and none once it can", async () => {
  let broken = true;
  const { events } = new Looks();
  const parts = new SocketEvents(
    {
      describer,
      self: { pid: SELF, startedNs: 7n },
      counters: undefined as never,
      errors: undefined as never,
      nextNumber: () => 1,
      settleBindings: () => {},
      report: () => {},
      rawHolders: async () => Buffer.alloc(0),
    },
    new PacketSockets(() => {
      if (broken) throw new Error("it is locked");
      return [];
    }),
  );
  parts.look();
  assert.deepEqual(parts.trouble, ["some events about sockets are not reported: it is locked"]);
  broken = false;
  parts.look();
  assert.deepEqual([parts.trouble, events.trouble], [[], []]);
});

test("a listener is new by protocol, port and program, and not where it may have been anybody's", () => {
  const known = new KnownListeners();
  const nginx = { pid: 1, name: "nginx", uid: 0, executable: "/usr/sbin/nginx" };
  assert.deepEqual([known.isNew("tcp", 80, nginx), known.isNew("tcp", 80, { ...nginx, pid: 2 })], [true, false]);
  assert.deepEqual([known.isNew("tcp", 443, nginx), known.isNew("sctp", 80, nginx)], [true, true]);
  assert.equal(known.isNew("tcp", 80, { pid: 3, name: "nginx", uid: 0, executable: "/tmp/nginx" }), true);
  assert.deepEqual([known.isNew("tcp", 22, undefined), known.isNew("tcp", 22, nginx), known.isNew("tcp", 23, nginx)], [true, false, true]);
});

test("sockets are in each other's way where their addresses overlap", () => {
  for (const [one, other] of [
    ["0.0.0.0", "127.0.0.1"],
    ["127.0.0.1", "127.0.0.1"],
    ["::", "127.0.0.1"],
    ["::1", "::"],
    ["0.0.0.0", "::"],
  ] as const) {
    assert.ok(overlap(one, other) && overlap(other, one), `${one} and ${other}`);
  }
  for (const [one, other] of [
    ["127.0.0.1", "127.0.0.2"],
    ["::1", "127.0.0.1"],
    ["::1", "0.0.0.0"],
    ["::1", "::2"],
  ] as const) {
    assert.ok(!overlap(one, other) && !overlap(other, one), `${one} and ${other}`);
  }
});
