/**
 * Finds packet sockets that are new since the last call, and that nobody reported. Kernels before 6.14 report none, and no kernel
 * reports those that io_uring makes.
 */

import { listPacketSockets } from "./raw.ts";

export class PacketSockets {
  readonly #list: () => bigint[];
  #known: ReadonlySet<bigint> | undefined;

  /** `list` returns the inode numbers of all packet sockets. */
  constructor(list = (): bigint[] => listPacketSockets().map(({ inode }) => inode)) {
    this.#list = list;
  }

  /** Returns the numbers of the new ones. In the first call none is new. */
  look(): bigint[] {
    const there = this.#list();
    const known = this.#known;
    this.#known = new Set(there);
    return known === undefined ? [] : there.filter((inode) => !known.has(inode));
  }
}
