/**
 * Packets that a device carried before programs were at it: one that appears is followed as soon as the kernel tells of it,
 * but may have been up for a moment by then. Its own counters tell how many they were.
 */

import type { Direction } from "../../values/traffic.ts";
import { LinkCounts } from "../../kernel/link-counts.ts";
import type { Link, PacketCounts } from "../../kernel/netlink.ts";

const NONE: PacketCounts = { ingress: 0, egress: 0 };

export class UnseenPackets {
  /** Counts the packets of all devices, those that have gone included. */
  readonly total: Record<Direction, number> = { ingress: 0, egress: 0 };
  readonly #counts = new LinkCounts();
  /** Devices that are not watched had counted these packets when the kernel told of them last. */
  readonly #since = new Map<number, PacketCounts>();

  /** Notes a device that the kernel told of and that is not watched. A device that is up when it is first told of was made so, and all it counted is unseen. */
  note({ ifindex, up, packets = NONE }: Link): void {
    this.#since.set(ifindex, up && !this.#since.has(ifindex) ? NONE : packets);
  }

  forget(ifindex: number): void {
    this.#since.delete(ifindex);
  }

  /** Attaches, and answers how many packets had passed by then. `seen` says how many the programs have counted there. */
  around(ifindex: number, direction: Direction, attach: () => void, seen: () => number): number {
    const since = this.#since.get(ifindex) ?? NONE;
    const before = this.#counts.of(ifindex);
    const seenBefore = seen();
    attach();
    const after = this.#counts.of(ifindex);
    if (before === undefined || after === undefined) return 0;
    // The programs saw some of the packets that passed while they were being attached.
    const meanwhile = Math.max(0, after[direction] - before[direction] - (seen() - seenBefore));
    const unseen = Math.max(0, before[direction] - since[direction]) + meanwhile;
    this.total[direction] += unseen;
    return unseen;
  }

  isThere(ifindex: number): boolean {
    return this.#counts.of(ifindex) !== undefined;
  }

  close(): void {
    this.#counts[Symbol.dispose]();
  }
}
