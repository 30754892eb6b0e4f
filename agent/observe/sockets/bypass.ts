/**
 * Finds the sockets whose frames now pass the egress hooks unseen. The kernel reports most of them when they begin to do so.
 * Sockets that began before the agent are found here, and those of 32-bit programs, for which the kernel runs no program.
 */

import type { Bypass, SocketEvent } from "../events/event.ts";
import { type Describer, describeRecord } from "../flows/describe.ts";
import { type Held, heldByInode } from "./holders.ts";
import { listPacketSockets } from "./raw.ts";

/** One search reports at most this many sockets one by one. */
const MOST_TOLD = 100;
/** A search goes through all descriptors of the host, which takes some milliseconds, so it is repeated at most this often. */
const LOOK_AGAIN_MS = 30_000;

export interface BypassParts {
  describer: Describer;
  nextNumber(): number;
  /** Reads records of struct holding: the processes that have packet and AF_XDP sockets open. */
  rawHolders(): Promise<Buffer>;
  report(event: SocketEvent): void;
}

export class BypassingSockets {
  /** The number of such sockets, by how their frames pass. */
  counts: Record<Bypass, number> = { qdisc: 0, af_xdp: 0, unknown: 0 };
  /** `happened` counts the sockets that the kernel did not report, `suppressed` those of them that were not reported one by one. */
  readonly found = { happened: 0, suppressed: 0 };
  readonly #parts: BypassParts;
  readonly #list: () => bigint[];
  #known: ReadonlySet<bigint> = new Set();
  #lookAt = 0;
  #looking = false;

  /** `list` returns the inode numbers of the packet sockets of this network namespace. */
  constructor(parts: BypassParts, list = (): bigint[] => listPacketSockets().map(({ inode }) => inode)) {
    this.#parts = parts;
    this.#list = list;
  }

  /** Makes the next search come at once, because a socket may have come or gone. */
  changed(): void {
    this.#lookAt = 0;
  }

  /** Call this once a second. */
  async look(): Promise<void> {
    if (this.#looking || performance.now() < this.#lookAt) return;
    this.#looking = true;
    this.#lookAt = performance.now() + LOOK_AGAIN_MS;
    try {
      const list = this.#list();
      const there = bypassing(heldByInode(await this.#parts.rawHolders()), list);
      const known = this.#known;
      this.#known = new Set(there.map(({ inode }) => inode));
      const counts = { qdisc: 0, af_xdp: 0, unknown: 0 };
      for (const { bypass } of there) counts[bypass]++;
      this.counts = counts;
      for (const [index, one] of there.filter(({ inode, bypassReported }) => !bypassReported && !known.has(inode)).entries())
        this.#report(one, index < MOST_TOLD);
    } finally {
      this.#looking = false;
    }
  }

  #report({ bypass, owner }: Bypassing, isReported: boolean): void {
    this.found.happened++;
    if (!isReported) this.found.suppressed++;
    else
      this.#parts.report({
        seq: this.#parts.nextNumber(),
        type: "PACKET_BYPASS",
        time: Date.now(),
        bypass,
        outcome: "found",
        ...(owner === undefined ? {} : describeRecord(owner, this.#parts.describer)),
      });
  }
}

export interface Bypassing extends Pick<Held, "owner" | "bypassReported"> {
  inode: bigint;
  bypass: Bypass;
}

/** A packet socket that no process has open, as far as weir can see, may be one of them. */
export function bypassing(held: ReadonlyMap<bigint, Held>, packetSockets: readonly bigint[]): Bypassing[] {
  const packets = packetSockets.flatMap((inode) => asBypassing(inode, held.get(inode) ?? { bypass: "unknown" }));
  return [...packets, ...[...held].flatMap(([inode, of]) => (of.bypass === "af_xdp" ? asBypassing(inode, of) : []))];
}

function asBypassing(inode: bigint, { bypass, ...rest }: Partial<Held>): Bypassing[] {
  return bypass === undefined ? [] : [{ inode, bypass, ...rest }];
}
