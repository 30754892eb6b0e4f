/** The program that sees sockets begin to pass the egress hooks, on this kernel: what it tells, refuses and leaves alone. */

import assert from "node:assert/strict";
import { closeSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import {
  BypassNames,
  Control,
  Event,
  EventType,
  Holding,
  Mode,
  Policy,
  SocketCounter,
  VerdictNames,
} from "../../agent/generated/layout.ts";
import type { Attachment } from "../../agent/kernel/attachment.ts";
import { isLoadable, PROBES } from "../../agent/kernel/dataplane.ts";
import { errnoName } from "../../agent/kernel/errors.ts";
import { readIterator } from "../../agent/kernel/iterator.ts";
import { u32 } from "../../agent/kernel/maps.ts";
import { cgroupRoot } from "../../agent/kernel/mounts.ts";
import { type BpfObject, openObject } from "../../agent/kernel/objects.ts";
import { Ring } from "../../agent/kernel/ring.ts";
import { netnsCookie } from "../../agent/kernel/sockets.ts";
import { lastErrno, libc } from "../../agent/kernel/syscall.ts";
import { attachTrace } from "../../agent/kernel/trace.ts";
import { enterOwnNamespace } from "../harness/own-namespace.ts";
import { requires, root } from "../harness/require.ts";

const [AF_INET, AF_PACKET, AF_XDP] = [2, 17, 44] as const;
const [SOL_SOCKET, SOL_PACKET, SOL_XDP] = [1, 263, 283] as const;
const [SO_REUSEADDR, QDISC_BYPASS, XDP_RX_RING, XDP_TX_RING] = [2, 20, 2, 3] as const;
const LONGER_THAN_A_PAGE = 70_000; // of any kernel

class Seen implements Disposable {
  readonly object: BpfObject;
  readonly #ring: Ring;
  readonly #attachment: Attachment;
  readonly #told: string[] = [];

  constructor(cookie: bigint) {
    this.object = openObject(join(PROBES, "process.bpf.o"), { rodata: { netns_cookie: cookie, counted_netns: 0n }, autoload: isLoadable });
    this.#ring = new Ring({
      map: this.object.maps.get("events")!,
      recordSize: Event.size,
      onRecords: (records) => {
        for (let at = 0; at < records.length; at += Event.size)
          this.#told.push(`${BypassNames[records[at + Event.bypass]!]} ${VerdictNames[records[at + Event.verdict]!]}`);
      },
    });
    this.decide("report", "prevent");
    this.#attachment = attachTrace(this.object.programs.get("weir_set_option")!, cgroupRoot()!);
  }

  decide(packetSockets: "report" | "refuse", mode: "detect" | "prevent"): void {
    const [policy, control] = [Buffer.alloc(Policy.size), Buffer.alloc(Control.size)];
    policy.writeUInt32LE(100, Policy.events_per_second);
    policy.writeUInt32LE(packetSockets === "refuse" ? 1 : 0, Policy.refuses_bypass);
    control.writeUInt32LE(mode === "prevent" ? Mode.PREVENT : Mode.DETECT, Control.mode);
    this.object.maps.get("policies")!.update(u32(0), policy);
    this.object.maps.get("control")!.update(u32(0), control);
  }

  told(): string[] {
    while (this.#ring.drain() > 0);
    return this.#told.splice(0);
  }

  get happened(): number {
    return Number(this.object.maps.get("socket_counters")!.lookup(u32(EventType.PACKET_BYPASS))!.readBigUInt64LE(SocketCounter.happened));
  }

  /** What the iterator says of the sockets of this process that pass the hooks, or may. */
  held(): string[] {
    const records = readIterator(this.object.programs.get("weir_raw_sockets")!);
    const found: string[] = [];
    for (let at = 0; at + Holding.size <= records.length; at += Holding.size) {
      const record = records.subarray(at, at + Holding.size);
      if (record.readUInt32LE(Holding.holder.pid) === process.pid && record.readUInt32LE(Holding.bypass) !== 0)
        found.push(`${BypassNames[record.readUInt32LE(Holding.bypass)]} ${record.readUInt32LE(Holding.bypass_reported)}`);
    }
    return [...new Set(found)].sort();
  }

  [Symbol.dispose](): void {
    this.#attachment.detach();
    this.#ring.close();
    this.object.close();
  }
}

function open(family: number, type = 3, protocol = 0): number {
  const fd = libc().socket(family, type, protocol);
  assert.ok(fd >= 0, `socket ${family}: ${errnoName(lastErrno())}`);
  return fd;
}

/** "" where it worked. */
function set(fd: number, level: number, name: number, value: number, length = 4): string {
  const bytes = Buffer.alloc(Math.max(4, length));
  bytes.writeInt32LE(value);
  return libc().setsockopt(fd, level, name, bytes, length) < 0 ? errnoName(lastErrno()) : "";
}

/** A kernel without AF_XDP has nothing to be told. */
const xdp = ((): boolean => {
  const fd = libc().socket(AF_XDP, 3, 0);
  if (fd >= 0) closeSync(fd);
  return fd >= 0;
})();

describe("a socket that begins to pass the egress hooks", requires(root()), () => {
  let seen: Seen;

  before(() => {
    enterOwnNamespace();
    seen = new Seen(netnsCookie());
  });
  after(() => seen[Symbol.dispose]());

  it("is told once, whatever it sets again, and found by its state", () => {
    const fds = [open(AF_PACKET), open(AF_PACKET)];
    assert.deepEqual(
      [set(fds[0]!, SOL_PACKET, QDISC_BYPASS, 1), set(fds[0]!, SOL_PACKET, QDISC_BYPASS, 1), set(fds[1]!, SOL_PACKET, QDISC_BYPASS, 0)],
      ["", "", ""],
    );
    assert.deepEqual(seen.told(), ["qdisc passed"]);
    // Before Linux 6.6 the state of a packet socket is not there to be read.
    const held = seen.held();
    assert.ok(held.join() === "qdisc 1" || held.join() === "unknown 0,unknown 1", held.join());
    if (xdp) {
      const socket = open(AF_XDP);
      assert.deepEqual([set(socket, SOL_XDP, XDP_TX_RING, 64), set(socket, SOL_XDP, XDP_RX_RING, 64)], ["", ""]);
      assert.deepEqual(seen.told(), ["af_xdp passed"]);
      assert.ok(seen.held().includes("af_xdp 1"));
      fds.push(socket);
    }
    fds.forEach(closeSync);
    assert.deepEqual(seen.held(), []);
  });

  it("is refused in prevent where that is asked for, and only told in detect", () => {
    const fd = open(AF_PACKET);
    seen.decide("refuse", "prevent");
    assert.deepEqual([set(fd, SOL_PACKET, QDISC_BYPASS, 1), seen.told()], ["EPERM", ["qdisc dropped"]]);
    assert.deepEqual([set(fd, SOL_PACKET, QDISC_BYPASS, 0), seen.told()], ["", []]);
    if (xdp) {
      const socket = open(AF_XDP);
      assert.deepEqual([set(socket, SOL_XDP, XDP_TX_RING, 64), seen.told()], ["EPERM", ["af_xdp dropped"]]);
      closeSync(socket);
    }
    seen.decide("refuse", "detect");
    assert.deepEqual([set(fd, SOL_PACKET, QDISC_BYPASS, 1), seen.told()], ["", ["qdisc would_drop"]]);
    closeSync(fd);
    seen.decide("report", "prevent");
  });

  it("is no other socket, option or length, and those fare as without the program", () => {
    seen.decide("refuse", "prevent");
    const happened = seen.happened;
    const [datagram, packet] = [open(AF_INET, 2), open(AF_PACKET)];
    assert.equal(set(datagram, SOL_PACKET, QDISC_BYPASS, 1), "ENOPROTOOPT");
    assert.equal(set(packet, SOL_PACKET, QDISC_BYPASS, 1, 2), "EINVAL");
    assert.equal(set(datagram, SOL_SOCKET, SO_REUSEADDR, 1, 0), "EINVAL");
    assert.equal(set(datagram, SOL_SOCKET, SO_REUSEADDR, 1, LONGER_THAN_A_PAGE), "");
    const [value, length] = [Buffer.alloc(4), Buffer.from(u32(4))];
    assert.equal(libc().getsockopt(datagram, SOL_SOCKET, SO_REUSEADDR, value, length), 0);
    assert.equal(value.readInt32LE(), 1, "the long value was set");
    assert.deepEqual([seen.told(), seen.happened], [[], happened]);
    [datagram, packet].forEach(closeSync);
    seen.decide("report", "prevent");
  });

  it("is nobody's business in another network namespace", () => {
    using other = new Seen(1n);
    other.decide("refuse", "prevent");
    const fd = open(AF_PACKET);
    assert.deepEqual([set(fd, SOL_PACKET, QDISC_BYPASS, 1), other.told(), other.happened], ["", [], 0]);
    closeSync(fd);
  });
});
