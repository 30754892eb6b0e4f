/**
 * Packet sockets that came since the last look: those that nobody told of when they were made are found so. Kernels before
 * 6.14 tell of none, and none tells of those that io_uring makes.
 */

import { listPacketSockets } from "./raw.ts";

export class PacketSockets {
  readonly #list: () => bigint[];
  #known: ReadonlySet<bigint> | undefined;

  /** `list` answers the numbers of all there are. */
  constructor(list = (): bigint[] => listPacketSockets().map(({ inode }) => inode)) {
    this.#list = list;
  }

  /** Their numbers. At the first look none is new. */
  look(): bigint[] {
    const there = this.#list();
    const known = this.#known;
    this.#known = new Set(there);
    return known === undefined ? [] : there.filter((inode) => !known.has(inode));
  }
}
