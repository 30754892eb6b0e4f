/**
 * Counts packets that a device carried before its programs were attached. A new device is followed as soon as the kernel reports
 * it, but it may have been up for a moment by then. Its own counters show how many packets it carried.
 */

import type { Direction } from "../../values/traffic.ts";
import { LinkCounts } from "../../kernel/link-counts.ts";
import type { Link, PacketCounts } from "../../kernel/netlink.ts";

const NONE: PacketCounts = { ingress: 0, egress: 0 };

export class UnseenPackets {
  /** The packets of all devices, including those that are gone. */
  readonly total: Record<Direction, number> = { ingress: 0, egress: 0 };
  readonly #counts = new LinkCounts();
  /** The counters of devices that are not watched, when the kernel reported them last. */
  readonly #since = new Map<number, PacketCounts>();

  /**
   * Notes a device that the kernel reported and that is not watched. If a device is up in the first report, it was created in
   * that state, and all packets that it counted are unseen.
   */
  note({ ifindex, up, packets = NONE }: Link): void {
    this.#since.set(ifindex, up && !this.#since.has(ifindex) ? NONE : packets);
  }

  forget(ifindex: number): void {
    this.#since.delete(ifindex);
  }

  /** Attaches, and returns how many packets had passed by then. `seen` returns how many packets the programs have counted there. */
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
