/** What sockets tell of their TCP connections, on this kernel: against TCP_INFO of the same sockets, on loopback. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { closeSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import koffi from "koffi";

import { readFaults, readTcpStatistics } from "../../agent/observe/events/counters.ts";
import { NUMBER_BOUNDS, TIME_BOUNDS } from "../../agent/observe/events/histogram.ts";
import type { TcpRow } from "../../agent/observe/events/snapshot.ts";
import { listenerOf } from "../../agent/observe/flows/listening.ts";
import { cookieOf, liveTcp, measuresOf, tcpRecords } from "../../agent/observe/flows/tcp.ts";
import { DirectionNames, Owner, TcpConnection } from "../../agent/generated/layout.ts";
import type { Attachment } from "../../agent/kernel/attachment.ts";
import { isLoadable, PROBES } from "../../agent/kernel/dataplane.ts";
import { cgroupRoot } from "../../agent/kernel/mounts.ts";
import { type BpfObject, openObject } from "../../agent/kernel/objects.ts";
import { Ring } from "../../agent/kernel/ring.ts";
import { netnsCookie } from "../../agent/kernel/sockets.ts";
import { check, libc } from "../../agent/kernel/syscall.ts";
import { attachCgroup, attachTpBtf } from "../../agent/kernel/trace.ts";
import { eventually } from "../harness/eventually.ts";
import { enterOwnNamespace } from "../harness/own-namespace.ts";
import { requires, root } from "../harness/require.ts";

const IPPROTO_TCP = 6;
const SOL_SOCKET = 1;
const SO_COOKIE = 57;
const TCP_INFO = 11;
/** Places in struct tcp_info. */
const Info = { rtt: 68, total_retrans: 100, segs_out: 136, min_rtt: 148 } as const;
const AF_INET = 2;
const SOCK_STREAM = 1;
const LOCAL = "127.0.0.1";

const FAMILIES = {
  "over IPv4": ["127.0.0.1", "127.0.0.1"],
  "over IPv6": ["::1", "::1"],
  "over IPv4 to a socket of IPv6": ["::", "127.0.0.1"],
} as const;

describe("what sockets tell of their TCP connections", requires(root()), () => {
  before(enterOwnNamespace);

  for (const [how, [local, to]] of Object.entries(FAMILIES)) {
    it(`${how}, both ends, and who opened it`, async () => {
      using probe = new Probe();
      await using pair = await connected(local, to);
      const cookies = [pair.client, pair.accepted].map(cookie);
      pair.client.write("hello");
      await once(pair.accepted, "data");
      const info = await quietInfo(pair.client);
      const live = await probe.live();
      assert.deepEqual(measuresOf(live.get(cookies[0]!)!), {
        roundTrip: info.rtt,
        leastRoundTrip: info.min_rtt,
        segments: info.segs_out,
        retransmissions: info.total_retrans,
      });
      assert.ok(info.rtt > 0, "it was measured");

      await pair.end();
      const ended = await probe.ended(cookies);
      for (const record of [...ended, ...cookies.map((one) => live.get(one)!)]) {
        const isClient = cookieOf(record) === cookies[0];
        assert.equal(DirectionNames[record[TcpConnection.direction]!], isClient ? "egress" : "ingress");
        const ports = [record.readUInt16LE(TcpConnection.local_port), record.readUInt16LE(TcpConnection.remote_port)];
        assert.deepEqual(isClient ? ports : ports.reverse(), [pair.ports.client, pair.ports.server]);
      }
      assert.deepEqual(
        ended.map((record) => record.readUInt32LE(TcpConnection.owner.pid)),
        [process.pid, 0],
        "only who connected was seen",
      );
      assert.equal(probe.listenerOf(live.get(cookies[1]!)!), process.pid, "the other end is its listener's");
      assert.ok(measuresOf(ended[0]!).segments > info.segs_out, "its end was sent, too");
    });
  }

  it("tells all that live, also where they are more than one reading takes", async () => {
    using probe = new Probe();
    const server = await listening(LOCAL);
    const { port } = server.address() as AddressInfo;
    const sockets = Array.from({ length: 400 }, () => connect(port, LOCAL));
    server.on("connection", (socket) => sockets.push(socket));
    await eventually("all are connected", () => sockets.length === 800 && sockets.every(({ connecting }) => !connecting));
    const live = [...(await probe.live()).values()].filter((record) =>
      [TcpConnection.local_port, TcpConnection.remote_port].some((at) => record.readUInt16LE(at) === port),
    );
    for (const socket of sockets) socket.destroy();
    server.close();
    assert.ok(live.length * TcpConnection.size > 2 * (32 << 10));
    assert.deepEqual([live.length, live.filter((record) => record[TcpConnection.direction] === 0).length], [800, 400]);
  });

  it("names no listener where there are several, and one again where there is one", async () => {
    using probe = new Probe();
    const listenerOf = async (port: number): Promise<number | undefined> => {
      const client = connect(port, LOCAL);
      await once(client, "connect");
      const record = await eventually("it is accepted", async () =>
        [...(await probe.live()).values()].find((one) => one.readUInt16LE(TcpConnection.local_port) === port),
      );
      client.destroy();
      await eventually(
        "it ends",
        async () => ![...(await probe.live()).values()].some((one) => one.readUInt16LE(TcpConnection.local_port) === port),
      );
      return probe.listenerOf(record);
    };
    const open = (port: number, host: string): Server => createServer((socket) => socket.resume()).listen({ port, host, reusePort: true });
    const first = open(0, LOCAL);
    await once(first, "listening");
    const { port } = first.address() as AddressInfo;
    assert.equal(await listenerOf(port), process.pid);
    const second = open(port, LOCAL);
    await once(second, "listening");
    assert.equal(await listenerOf(port), undefined);
    for (const server of [first, second]) {
      server.close();
      await once(server, "close");
    }
    const third = open(port, "0.0.0.0");
    await once(third, "listening");
    assert.equal(await listenerOf(port), process.pid);
    third.close();
  });

  it("counts each connection once, however it ends", async () => {
    using probe = new Probe();
    const ways: ((pair: Pair) => void)[] = [
      ({ client }) => client.end(),
      ({ accepted }) => accepted.end(),
      ({ client }) => client.resetAndDestroy(),
      ({ accepted }) => accepted.resetAndDestroy(),
      ({ client, accepted }) => (client.end(), accepted.end()),
      ({ client }) => client.destroy(),
    ];
    for (const way of ways) {
      await using pair = await connected("127.0.0.1", "127.0.0.1");
      const cookies = [pair.client, pair.accepted].map(cookie);
      way(pair);
      await probe.ended(cookies);
    }
    for (const row of probe.statistics()) {
      assert.deepEqual(
        [sum(row.round_trip.counts), sum(row.retransmissions.counts), row.retransmissions.counts[0]],
        [ways.length, ways.length, ways.length],
        row.direction,
      );
      assert.ok(row.round_trip.sum > 0 && row.segments > 0, row.direction);
      assert.equal(sum(row.connecting.counts), row.direction === "egress" ? ways.length : 0);
    }
    assert.equal(probe.records, 2 * ways.length);
  });

  it("says nothing of connections that were refused, or that live in another namespace", async () => {
    using probe = new Probe();
    using elsewhere = new Probe(1n);
    using everywhere = new Probe(0n);
    const server = await listening("127.0.0.1");
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    const [error] = await once(connect(port, "127.0.0.1"), "error");
    assert.equal((error as NodeJS.ErrnoException).code, "ECONNREFUSED");
    await using pair = await connected("127.0.0.1", "127.0.0.1");
    const cookies = [pair.client, pair.accepted].map(cookie);
    for (const [of, sees] of [
      [probe, true],
      [everywhere, true],
      [elsewhere, false],
    ] as const)
      assert.equal((await of.live()).has(cookies[0]!), sees);
    await pair.end();
    await probe.ended(cookies);
    await everywhere.ended(cookies);
    assert.deepEqual([probe.drain(), probe.records, elsewhere.drain(), elsewhere.records], [0, 2, 0, 0]);
    assert.ok(elsewhere.statistics().every(({ round_trip }) => sum(round_trip.counts) === 0));
  });

  it("measures how long connecting took where the first SYN was lost", async () => {
    using probe = new Probe();
    using crowded = new CrowdedListener();
    const first = connect(crowded.port, LOCAL);
    await once(first, "connect");
    const second = connect(crowded.port, LOCAL);
    try {
      await eventually("its SYN is sent again", () => fdOf(second) >= 0 && infoOf(second).total_retrans > 0);
      crowded.accept();
      await once(second, "connect");
      const cookies = [first, second].map(cookie);
      first.resetAndDestroy();
      second.resetAndDestroy();
      const [smooth, lossy] = (await probe.ended(cookies)).map(measuresOf);
      assert.ok(smooth!.retransmissions === 0 && lossy!.retransmissions > 0);
    } finally {
      first.destroy();
      second.destroy();
    }
    const { connecting, retransmissions } = probe.statistics().find(({ direction }) => direction === "egress")!;
    assert.deepEqual([sum(connecting.counts), sum(connecting.counts.filter((_, bucket) => TIME_BOUNDS[bucket]! > 0.5))], [2, 1]);
    assert.ok(connecting.sum > 0.5, `${connecting.sum} s`);
    assert.deepEqual([retransmissions.counts[0], sum(retransmissions.counts)], [1, 2]);
  });

  it("counts what finds the ring full, and goes on", async () => {
    using probe = new Probe(netnsCookie(), { tcp_connections: 64 << 10 });
    const server = await listening(LOCAL);
    const { port } = server.address() as AddressInfo;
    server.on("connection", (socket) => socket.on("error", () => {}));
    const room = Math.floor((64 << 10) / (TcpConnection.size + 8));
    const counted = () => sum(probe.statistics().map(({ retransmissions }) => sum(retransmissions.counts)));
    while (counted() < room + 100) {
      const sockets = Array.from({ length: 50 }, () => connect(port, LOCAL));
      await Promise.all(sockets.map((socket) => once(socket, "connect")));
      for (const socket of sockets) socket.resetAndDestroy();
    }
    server.close();
    await once(server, "close");
    const all = counted();
    probe.drain();
    assert.ok(probe.records >= room - 1 && probe.records <= room, `${probe.records} of ${room}`);
    assert.equal(probe.records + probe.lost(), all, "each is told, or counted as lost");
  });
});

it("has bounds that double", () => {
  assert.deepEqual([TIME_BOUNDS[0], TIME_BOUNDS[1], TIME_BOUNDS.at(-1)! > 60], [16e-6, 32e-6, true]);
  assert.deepEqual(NUMBER_BOUNDS.slice(0, 5), [0, 1, 2, 4, 8]);
});

/** The program with tables of its own. */
class Probe implements Disposable {
  readonly object: BpfObject;
  readonly #attachments: Attachment[];
  readonly #ring: Ring;
  readonly #found = new Map<bigint, Buffer>();
  records = 0;

  constructor(namespace = netnsCookie(), maxEntries: Record<string, number> = {}) {
    this.object = openObject(join(PROBES, "process.bpf.o"), { rodata: { counted_netns: namespace }, maxEntries, autoload: isLoadable });
    const program = (name: string) => this.object.programs.get(name)!;
    this.#attachments = [
      ...["weir_sock_create", "weir_connect4", "weir_connect6"].map((name) => attachCgroup(program(name), cgroupRoot()!)),
      attachTpBtf(program("weir_set_state")),
    ];
    this.#ring = new Ring({
      map: this.object.maps.get("tcp_connections")!,
      recordSize: TcpConnection.size,
      onRecords: (records) => {
        for (const record of tcpRecords(records)) this.#found.set(cookieOf(record), Buffer.from(record));
        this.records += records.length / TcpConnection.size;
      },
    });
  }

  /** How many records there were. */
  drain(): number {
    const before = this.records;
    while (this.#ring.drain() > 0);
    return this.records - before;
  }

  ended(cookies: readonly bigint[]): Promise<Buffer[]> {
    return eventually("the connections end", () => {
      this.drain();
      const found = cookies.map((one) => this.#found.get(one));
      return found.every((record) => record !== undefined) && (found as Buffer[]);
    });
  }

  async live(): Promise<Map<bigint, Buffer>> {
    const found = new Map<bigint, Buffer>();
    await liveTcp(this.object.programs.get("weir_live_connections")!)((record, cookie) => void found.set(cookie, Buffer.from(record)));
    return found;
  }

  /** The process that listens where it was accepted. */
  listenerOf(record: Buffer): number | undefined {
    return listenerOf(record, {
      places: this.object.maps.get("listening_places")!,
      listeners: this.object.maps.get("listeners")!,
    })?.readUInt32LE(Owner.pid);
  }

  statistics(): TcpRow[] {
    return readTcpStatistics(this.object.maps.get("tcp_statistics")!);
  }

  lost(): number {
    return readFaults(this.object.maps.get("faults")!)["connection_told"] ?? 0;
  }

  [Symbol.dispose](): void {
    for (const attachment of this.#attachments) attachment.detach();
    this.#ring.close();
    this.object.close();
  }
}

/** The kernel drops a SYN where too many connections wait to be accepted. */
class CrowdedListener implements Disposable {
  readonly port: number;
  readonly #calls = koffi.load("libc.so.6");
  readonly #fds: number[] = [];

  constructor() {
    const fd = this.#own(libc().socket(AF_INET, SOCK_STREAM, 0));
    const address = Buffer.alloc(16);
    address[0] = AF_INET;
    Buffer.from([127, 0, 0, 1]).copy(address, 4);
    check("bind", libc().bind(fd, address, address.length));
    check("listen", this.#call("int listen(int fd, int backlog)")(fd, 0));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(address.length);
    check("ask for the port", this.#call("int getsockname(int fd, void *address, void *length)")(fd, address, length));
    this.port = address.readUInt16BE(2);
  }

  accept(): void {
    this.#own(this.#call("int accept(int fd, void *address, void *length)")(this.#fds[0], null, null));
  }

  #own(fd: number): number {
    this.#fds.push(check("make a socket", fd));
    return fd;
  }

  #call(definition: string): (...values: unknown[]) => number {
    return this.#calls.func(definition) as unknown as (...values: unknown[]) => number;
  }

  [Symbol.dispose](): void {
    for (const fd of this.#fds) closeSync(fd);
  }
}

interface Pair extends AsyncDisposable {
  client: Socket;
  accepted: Socket;
  ports: { client: number; server: number };
  /** Both ends say that it is over. */
  end(): Promise<void>;
}

async function listening(local: string): Promise<Server> {
  const server = createServer().listen(0, local);
  await once(server, "listening");
  return server;
}

async function connected(local: string, to: string): Promise<Pair> {
  const server = await listening(local);
  const { port } = server.address() as AddressInfo;
  const client = connect(port, to).setNoDelay(true);
  const [accepted] = (await once(server, "connection")) as [Socket];
  if (client.connecting) await once(client, "connect");
  for (const socket of [client, accepted]) socket.on("error", () => {}); // a reset
  accepted.resume();
  return {
    client,
    accepted,
    ports: { client: client.localPort!, server: port },
    async end() {
      client.end();
      await once(accepted, "close");
    },
    async [Symbol.asyncDispose]() {
      client.destroy();
      accepted.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function fdOf(socket: Socket): number {
  return (socket as unknown as { _handle: { fd: number } })._handle.fd;
}

function option(socket: Socket, level: number, name: number, size: number): Buffer {
  const value = Buffer.alloc(size);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(size);
  check("ask the socket", libc().getsockopt(fdOf(socket), level, name, value, length));
  return value;
}

function cookie(socket: Socket): bigint {
  return option(socket, SOL_SOCKET, SO_COOKIE, 8).readBigUInt64LE();
}

function infoOf(socket: Socket): Record<keyof typeof Info, number> {
  const info = option(socket, IPPROTO_TCP, TCP_INFO, 232);
  return Object.fromEntries(Object.entries(Info).map(([name, at]) => [name, info.readUInt32LE(at)])) as Record<keyof typeof Info, number>;
}

/** Once nothing is under way any more. */
async function quietInfo(socket: Socket): Promise<ReturnType<typeof infoOf>> {
  return eventually("nothing is under way", async () => {
    const before = infoOf(socket);
    await sleep(100);
    const now = infoOf(socket);
    return JSON.stringify(before) === JSON.stringify(now) && now;
  });
}

function sum(counts: readonly number[]): number {
  return counts.reduce((all, count) => all + count, 0);
}
