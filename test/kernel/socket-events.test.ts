/** The programs that tell what processes do with sockets, on this kernel: each deed beside one that tells nothing. */

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { closeSync, readlinkSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { readEventCounts } from "../../agent/observe/events/counters.ts";
import { Decoder, type Names, type SocketFacts } from "../../agent/observe/events/decode.ts";
import type { SocketEvent, SocketEventType } from "../../agent/observe/events/event.ts";
import { Event, EventType, Policy, SocketCounter } from "../../agent/generated/layout.ts";
import type { Attachment } from "../../agent/kernel/attachment.ts";
import { isLoadable, PROBES } from "../../agent/kernel/dataplane.ts";
import { u32 } from "../../agent/kernel/maps.ts";
import { cgroupRoot } from "../../agent/kernel/mounts.ts";
import { type BpfObject, openObject } from "../../agent/kernel/objects.ts";
import { Ring } from "../../agent/kernel/ring.ts";
import { netnsCookie } from "../../agent/kernel/sockets.ts";
import { libc } from "../../agent/kernel/syscall.ts";
import { attachTrace, hasTracepoint } from "../../agent/kernel/trace.ts";
import { PacketSockets } from "../../agent/observe/sockets/packet-sockets.ts";
import { listPacketSockets } from "../../agent/observe/sockets/raw.ts";
import { eventually } from "../harness/eventually.ts";
import { enterOwnNamespace } from "../harness/own-namespace.ts";
import { requires, root } from "../harness/require.ts";

const AF_INET = 2;
const AF_INET6 = 10;
const AF_PACKET = 17;
const AF_NETLINK = 16;
const [STREAM, DATAGRAM, RAW] = [1, 2, 3] as const;
const CAPABLE = "tp_btf/cap_capable";
const LIMIT = 100;

const NAMES: Names = {
  rule: () => ({ name: "none", action: "allow", enforce: false, source: "" }),
  interface: (ifindex) => `#${ifindex}`,
  namespace: () => undefined,
  workload: () => ({}),
  program: () => ({}),
  user: () => undefined,
};

/** The programs, attached, and what they told. */
class Told implements Disposable {
  readonly object: BpfObject;
  readonly ring: Ring;
  readonly #attachments: Attachment[];
  readonly #events: { event: SocketEvent; facts: SocketFacts }[] = [];

  constructor(netns_cookie: bigint, counted_netns: bigint) {
    this.object = openObject(join(PROBES, "process.bpf.o"), { rodata: { netns_cookie, counted_netns }, autoload: isLoadable });
    const policy = Buffer.alloc(Policy.size);
    policy.writeUInt32LE(LIMIT, Policy.events_per_second);
    this.object.maps.get("policies")!.update(u32(0), policy);
    const decoder = new Decoder(NAMES, {
      verdict: () => assert.fail("a verdict"),
      connection: () => assert.fail("a connection"),
      socket: (event, facts) => this.#events.push({ event, facts }),
    });
    this.ring = new Ring({ map: this.object.maps.get("events")!, recordSize: Event.size, onRecords: (records) => decoder.decode(records) });
    const places = [...this.object.programs.values()].filter(
      ({ section }) => section.startsWith("cgroup/") || /inet_s|cap_capable/.test(section),
    );
    this.#attachments = places.map((program) => attachTrace(program, cgroupRoot()!));
  }

  /** By this process, since the last call: others may be in this namespace, but for tests none is. */
  since(): { event: SocketEvent; facts: SocketFacts }[] {
    const events = this.#all();
    for (const { event } of events) assert.equal(event.process?.pid, process.pid, JSON.stringify(event));
    return events;
  }

  /** Of this process, whoever else does something. */
  mine(): { event: SocketEvent; facts: SocketFacts }[] {
    return this.#all().filter(({ event }) => event.process?.pid === process.pid);
  }

  #all(): { event: SocketEvent; facts: SocketFacts }[] {
    while (this.ring.drain() > 0);
    return this.#events.splice(0);
  }

  types(): SocketEventType[] {
    return this.since().map(({ event }) => event.type);
  }

  counted(type: number): { happened: number; suppressed: number } {
    const value = this.object.maps.get("socket_counters")!.lookup(u32(type))!;
    return {
      happened: Number(value.readBigUInt64LE(SocketCounter.happened)),
      suppressed: Number(value.readBigUInt64LE(SocketCounter.suppressed)),
    };
  }

  [Symbol.dispose](): void {
    for (const attachment of this.#attachments) attachment.detach();
    this.ring.close();
    this.object.close();
  }
}

function open(family: number, type: number, protocol: number): number {
  const fd = libc().socket(family, type, protocol);
  assert.ok(fd >= 0, `socket ${family} ${type} ${protocol}`);
  return fd;
}

/** Tries to bind to a port of 127.0.0.1. */
function bind(fd: number, port: number): boolean {
  const address = Buffer.from([AF_INET, 0, port >> 8, port & 0xff, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  return libc().bind(fd, address, address.length) >= 0;
}

async function listening(host: string): Promise<{ port: number; close(): void }> {
  const server = createServer((socket) => socket.destroy()).listen(0, host);
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
}

describe("what a process does with a socket", requires(root()), () => {
  let told: Told;

  before(() => {
    enterOwnNamespace();
    told = new Told(netnsCookie(), netnsCookie());
  });
  after(() => told[Symbol.dispose]());

  for (const [host, family] of [
    ["127.0.0.1", "udp4"],
    ["::1", "udp6"],
  ] as const) {
    it(`listening is told with address and port, and being bound is not (${host})`, async () => {
      told.since();
      const datagrams = createSocket(family).bind(0, host);
      await once(datagrams, "listening");
      assert.deepEqual(told.types(), []);
      datagrams.close();
      const server = await listening(host);
      const { event } = told.since()[0]!;
      assert.deepEqual(
        [event.type, event.protocol, event.local, event.remote],
        ["LISTENING", "tcp", { address: host, port: event.local!.port }, undefined],
      );
      server.close();
    });

    it(`a connection that is refused is told with both ends, and one that is not is not (${host})`, async () => {
      const server = await listening(host);
      told.since();
      await once(connect(server.port, host).resume(), "close");
      assert.deepEqual(told.types(), []);
      server.close();
      await once(connect(server.port, host), "error");
      const datagrams = createSocket(family);
      datagrams.connect(server.port, host);
      await once(datagrams, "connect");
      datagrams.send("anybody there?");
      await once(datagrams, "error");
      datagrams.close();
      const events = told
        .since()
        .map(({ event: { type, protocol, local, remote } }) => [type, protocol, local?.address, local!.port! > 0, remote]);
      const remote = { address: host, port: server.port };
      assert.deepEqual(events, [
        ["CONNECT_REFUSED", "tcp", host, true, remote],
        ["CONNECT_REFUSED", "udp", host, true, remote],
      ]);
      const errors = told.object.maps.get("socket_errors")!.lookup(u32(111))!;
      assert.ok(
        errors.some((byte) => byte > 0),
        "and counted by its number",
      );
    });
  }

  it("binding that fails is told at the next one of the thread or a second later, and that which succeeds never", async () => {
    const server = await listening("127.0.0.1");
    const sockets = Array.from({ length: 4 }, () => open(AF_INET, STREAM, 0)) as [number, number, number, number];
    told.since();
    assert.deepEqual([bind(sockets[0], server.port), told.types()], [false, []]);
    assert.deepEqual([bind(sockets[1], 0), bind(sockets[2], server.port)], [true, false]);
    const [{ event, facts }] = told.since() as [{ event: SocketEvent; facts: SocketFacts }];
    assert.deepEqual(
      [event.type, event.protocol, event.local, facts.unprivileged],
      ["BIND_FAILED", "tcp", { address: "127.0.0.1", port: server.port }, false],
    );
    const settle = told.object.programs.get("weir_settle_bindings")!;
    const later = await eventually("the second", () => {
      settle.run();
      return told.since()[0];
    });
    assert.deepEqual([later.event.type, later.facts.cookie !== facts.cookie], ["BIND_FAILED", true]);
    server.close();
    assert.equal(bind(sockets[3], server.port), true);
    await sleep(1100);
    settle.run();
    assert.deepEqual(told.types(), []);
    for (const fd of sockets) closeSync(fd);
  });

  it("raw sockets are told, and others of the same protocols are not", () => {
    told.since();
    const fds = [
      open(AF_INET, RAW, 1),
      open(AF_INET6, RAW, 58),
      open(AF_INET, DATAGRAM, 0),
      open(AF_INET6, STREAM, 0),
      open(AF_NETLINK, RAW, 0),
    ];
    const events = told.since().map(({ event: { type, protocol, local } }) => [type, protocol, local?.address]);
    assert.deepEqual(events, [
      ["RAW_SOCKET", "icmp", "0.0.0.0"],
      ["RAW_SOCKET", "icmpv6", "::"],
    ]);
    fds.forEach(closeSync);
  });

  it("packet sockets are told where the kernel tells of rights, and are found in any case", () => {
    told.since();
    const sockets = new PacketSockets();
    const before = listPacketSockets();
    assert.deepEqual([sockets.look(), sockets.look()], [[], []]);
    const fds = [open(AF_PACKET, RAW, 0), open(AF_PACKET, DATAGRAM, 0)];
    assert.deepEqual(told.types(), hasTracepoint(CAPABLE) ? ["PACKET_SOCKET", "PACKET_SOCKET"] : []);
    const found = sockets.look();
    assert.deepEqual([found.length, sockets.look(), listPacketSockets().length], [2, [], before.length + 2]);
    fds.forEach(closeSync);
    assert.deepEqual([sockets.look(), listPacketSockets().length], [[], before.length]);
  });

  it("of what happens too often a part is told, and all is counted", () => {
    told.since();
    const counts = readEventCounts(told.object.maps.get("event_counters")!);
    const was = told.counted(EventType.RAW_SOCKET);
    for (let opened = 0; opened < 5 * LIMIT; opened++) closeSync(open(AF_INET, RAW, 1));
    const now = told.counted(EventType.RAW_SOCKET);
    const [happened, suppressed, heard] = [now.happened - was.happened, now.suppressed - was.suppressed, told.since().length];
    assert.equal(happened, 5 * LIMIT);
    assert.ok(suppressed > 0 && heard > 0, `${suppressed} suppressed, ${heard} told`);
    assert.equal(heard + suppressed, happened);
    const { emitted, lost, suppressed: all } = readEventCounts(told.object.maps.get("event_counters")!);
    assert.deepEqual([emitted - counts.emitted, lost, all - counts.suppressed], [heard, 0, suppressed]);
    const { producer, consumer } = told.ring.state();
    assert.deepEqual([emitted, consumer], [producer / told.ring.stride, producer]);
  });

  /** One deed of each kind; two binds, for the second tells of the first. */
  async function everything(): Promise<void> {
    const server = await listening("127.0.0.1");
    for (let tries = 0; tries < 2; tries++) {
      const taken = open(AF_INET, STREAM, 0);
      assert.equal(bind(taken, server.port), false);
      closeSync(taken);
    }
    closeSync(open(AF_INET, RAW, 1));
    closeSync(open(AF_PACKET, RAW, 0));
    server.close();
    await once(connect(server.port, "127.0.0.1"), "error");
  }

  it("what happens in another network namespace is neither told nor counted", async () => {
    using other = new Told(1n, 1n);
    await everything();
    assert.deepEqual([other.types(), [...other.object.maps.get("bindings")!.entries()].length], [[], 0]);
    for (const type of Object.values(EventType).slice(0, -1)) assert.equal(other.counted(type).happened, 0);
  });

  it("an agent that counts all network namespaces is told of others with their numbers", async () => {
    using all = new Told(1n, 0n);
    await everything();
    const number = Number(/\d+/.exec(readlinkSync("/proc/thread-self/ns/net"))![0]);
    // Others do things on this host, too.
    const events = all.mine().filter(({ event }) => event.network_namespace?.id === number);
    const types = events.map(({ event }) => event.type);
    assert.deepEqual(types, [
      "LISTENING",
      "BIND_FAILED",
      "RAW_SOCKET",
      ...(hasTracepoint(CAPABLE) ? ["PACKET_SOCKET"] : []),
      "CONNECT_REFUSED",
    ]);
  });
});
