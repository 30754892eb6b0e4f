/** The programs at tracepoints of system calls, on this kernel: each failure is told as soon as the call has ended, and no success. */

import assert from "node:assert/strict";
import { closeSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { Call, CallNames, Event, Limit, Policy } from "../../agent/generated/layout.ts";
import type { Attachment } from "../../agent/kernel/attachment.ts";
import { isLoadable, PROBES } from "../../agent/kernel/dataplane.ts";
import { u32 } from "../../agent/kernel/maps.ts";
import { cgroupRoot } from "../../agent/kernel/mounts.ts";
import { type BpfObject, openObject } from "../../agent/kernel/objects.ts";
import { Ring } from "../../agent/kernel/ring.ts";
import { netnsCookie } from "../../agent/kernel/sockets.ts";
import { libc, systemCall } from "../../agent/kernel/syscall.ts";
import { attachTrace } from "../../agent/kernel/trace.ts";
import { readCounts } from "../../agent/observe/events/counters.ts";
import { Decoder, type Names } from "../../agent/observe/events/decode.ts";
import type { SocketEvent } from "../../agent/observe/events/event.ts";
import { enterOwnNamespace } from "../harness/own-namespace.ts";
import { requires, root } from "../harness/require.ts";

const [AF_INET, AF_PACKET] = [2, 17];
const [STREAM, RAW] = [1, 3];
const [SOL_SOCKET, SO_REUSEADDR] = [1, 2];
const arm = process.arch === "arm64";
const NUMBER = { setsockopt: arm ? 208 : 54, listen: arm ? 201 : 50, connect: arm ? 203 : 42 };
const [ENETUNREACH, EADDRINUSE] = [101, 98];

const NAMES: Names = {
  rule: () => ({ name: "none", action: "allow", enforce: false, source: "" }),
  interface: (ifindex) => `#${ifindex}`,
  namespace: () => undefined,
  workload: () => ({}),
  program: () => ({}),
  user: () => undefined,
};

/** The programs, attached, and what they told. */
class Traced implements Disposable {
  readonly calls: BpfObject;
  readonly #processes: BpfObject;
  readonly #attachments: Attachment[] = [];
  readonly #events: SocketEvent[] = [];
  readonly #ring: Ring;

  /** `own`: the cookie of the agent's network namespace. `counted`: that of the only one that is told of; 0 for all. */
  constructor(own: bigint, counted: bigint) {
    const rodata = { netns_cookie: own, counted_netns: counted };
    this.#processes = openObject(join(PROBES, "process.bpf.o"), { rodata, autoload: isLoadable });
    const { maps } = this.#processes;
    this.calls = openObject(join(PROBES, "calls.bpf.o"), { rodata, autoload: isLoadable, reuse: maps });
    const policy = Buffer.alloc(Policy.size);
    policy.writeUInt32LE(1000, Policy.events_per_second);
    maps.get("policies")!.update(u32(0), policy);
    const decoder = new Decoder(NAMES, {
      verdict: () => assert.fail("a verdict"),
      connection: () => assert.fail("a connection"),
      socket: (event) => this.#events.push(event),
    });
    this.#ring = new Ring({ map: maps.get("events")!, recordSize: Event.size, onRecords: (records) => decoder.decode(records) });
    const places = [...this.#processes.programs.values()].filter(({ section }) => /^cgroup\/|inet_s|cap_capable/.test(section));
    for (const program of [...places, ...this.calls.programs.values()]) this.#attachments.push(attachTrace(program, cgroupRoot()!));
    maps.get("traced_calls")!.update(u32(0), u32(2 ** CallNames.length - 1));
  }

  /** What this process did since the last call of this. */
  told(): SocketEvent[] {
    while (this.#ring.drain() > 0);
    return this.#events.splice(0).filter(({ process: of }) => of?.pid === process.pid);
  }

  [Symbol.dispose](): void {
    for (const attachment of this.#attachments) attachment.detach();
    this.#ring.close();
    for (const object of [this.calls, this.#processes]) object.close();
  }
}

describe("the end of a system call", requires(root()), () => {
  let traced: Traced;

  before(() => {
    enterOwnNamespace();
    traced = new Traced(netnsCookie(), netnsCookie());
  });
  after(() => traced?.[Symbol.dispose]());

  const told = (): unknown[] =>
    traced.told().map(({ type, call, error, local, remote }) => [type, call, error, remote?.port ?? local?.port]);

  function open(family: number, type: number): number {
    const fd = libc().socket(family, type, 0);
    assert.ok(fd >= 0);
    return fd;
  }

  const address = (port: number, ...bytes: number[]): Buffer =>
    Buffer.from([AF_INET, 0, port >> 8, port & 255, ...bytes, ...Buffer.alloc(8)]);
  const bind = (fd: number, port: number): boolean => libc().bind(fd, address(port, 127, 0, 0, 1), 16) === 0;
  const listen = (fd: number): boolean => systemCall(NUMBER.listen, fd, 1) === 0;
  const connect = (fd: number, to: Buffer): boolean => systemCall(NUMBER.connect, fd, to, to.length) === 0;

  it("of bind and listen says why a port is not to be had", () => {
    const sockets = Array.from({ length: 3 }, () => open(AF_INET, STREAM)) as [number, number, number];
    told();
    for (const fd of sockets.slice(0, 2)) systemCall(NUMBER.setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, u32(1), 4);
    assert.deepEqual([bind(sockets[0], 7001), bind(sockets[1], 7001), told()], [true, true, []]);
    assert.deepEqual([listen(sockets[0]), told()], [true, [["LISTENING", undefined, undefined, 7001]]]);
    assert.equal(listen(sockets[1]), false);
    assert.deepEqual(told().at(-1), ["BIND_FAILED", "listen", "EADDRINUSE", 7001]);
    assert.deepEqual([bind(sockets[2], 7001), told()], [false, [["BIND_FAILED", "bind", "EADDRINUSE", 7001]]]);
    assert.deepEqual([bind(sockets[2], 7002), told()], [true, []]);
    sockets.forEach(closeSync);
  });

  it("of connect says why there is no connection", () => {
    const [server, client, other] = [open(AF_INET, STREAM), open(AF_INET, STREAM), open(AF_INET, STREAM)];
    assert.ok(bind(server, 7003) && listen(server));
    told();
    assert.deepEqual([connect(client, address(7003, 127, 0, 0, 1)), told()], [true, []]);
    assert.deepEqual(
      [connect(other, address(7004, 203, 0, 113, 9)), told()],
      [false, [["CONNECT_FAILED", "connect", "ENETUNREACH", 7004]]],
    );
    [server, client, other].forEach(closeSync);
  });

  it("of socket says that there is a packet socket", () => {
    told();
    const fds = [open(AF_PACKET, RAW), open(AF_INET, STREAM)];
    assert.deepEqual(told(), [["PACKET_SOCKET", "socket", undefined, undefined]]);
    assert.equal(libc().socket(AF_PACKET, 77, 0), -1, "there is no such kind");
    assert.deepEqual(told(), []);
    fds.forEach(closeSync);
  });

  it("of socket in another network namespace tells which one it is, to an agent that watches all", () => {
    const own = netnsCookie();
    using elsewhere = new Traced(own + 1n, 0n);
    const fds = [open(AF_PACKET, RAW), open(AF_INET, STREAM)];
    const number = Number(/\d+/.exec(readlinkSync("/proc/self/ns/net"))![0]);
    assert.deepEqual(
      elsewhere.told().map(({ type, network_namespace }) => [type, network_namespace?.id]),
      [["PACKET_SOCKET", number]],
    );
    using others = new Traced(own + 1n, own + 1n);
    fds.push(open(AF_PACKET, RAW));
    assert.deepEqual(others.told(), [], "an agent that watches only its own is not told");
    fds.forEach(closeSync);
    told();
  });

  it("is counted by its error", () => {
    const counts = readCounts(traced.calls.maps.get("call_counts")!);
    const count = (call: number, error: number): number => counts[call * Limit.SOCKET_ERRORS + error]!;
    assert.ok(count(Call.BIND, EADDRINUSE) >= 1 && count(Call.LISTEN, EADDRINUSE) >= 1 && count(Call.CONNECT, ENETUNREACH) >= 1);
    assert.ok(count(Call.SOCKET, 0) >= 8 && count(Call.CONNECT, 0) >= 1);
  });
});
