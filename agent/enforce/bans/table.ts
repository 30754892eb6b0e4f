/** The tables in which the kernel looks up bans (probes/decide/bans.h). Bans are the members of set 0 in tables of their own. */

import { maskOf, type Network } from "../../values/address.ts";
import { BanFlag, BanRoot, FailsafePrefix } from "../../generated/layout.ts";
import { type NetworkMemory, NetworkTable } from "../networks/table.ts";

const BANNED = 0;

export interface BanMemory extends NetworkMemory {
  /** A struct ban_root, which begins with the root of the networks. */
  root: Uint8Array;
  /** Sets bits of enum weir_ban_flag, which packets look at first. */
  setFlags(flags: number): void;
}

export class BanTable {
  readonly #networks: NetworkTable;
  readonly #root: Uint8Array;

  /** Takes over the entries that an earlier agent left in the tables. */
  constructor(memory: BanMemory) {
    this.#root = memory.root;
    this.#networks = new NetworkTable(memory, (inLines, asPrefixes) =>
      memory.setFlags((inLines ? BanFlag.ADDRESSES : 0) | (asPrefixes ? BanFlag.PREFIXES : 0)),
    );
  }

  /** Yields all banned networks. */
  *networks(): Generator<Network> {
    for (const { network } of this.#networks.members()) yield network;
  }

  /** Makes room for this many bans in total. */
  makeRoom(bans: number): Promise<void> {
    return this.#networks.makeRoom(bans);
  }

  /** Removes all bans at once. */
  clear(): void {
    this.#networks.clear();
  }

  /** Sets the networks that no ban applies to, at most LIMIT_BAN_EXCEPTIONS of them. */
  setExceptions(networks: readonly Network[]): void {
    const { at, stride, count } = BanRoot.exceptions;
    if (networks.length > count) throw new RangeError(`${networks.length} exceptions from bans, at most ${count} fit`);
    for (const [index, { address, length }] of networks.entries()) {
      this.#root.set(address, at + index * stride + FailsafePrefix.address_be.at);
      this.#root.set(maskOf(length), at + index * stride + FailsafePrefix.mask_be.at);
    }
    new DataView(this.#root.buffer, this.#root.byteOffset).setUint32(BanRoot.exception_count, networks.length, true);
  }

  /** Adds a ban. `until` is a second of the boot clock, or 0 for ever. A ban that exists gets the new end. Throws TableFull. */
  add(network: Network, until: number): void {
    this.#networks.put(network, BANNED, until);
  }

  /** Returns false if there was no such ban. */
  remove(network: Network): boolean {
    return this.#networks.take(network, BANNED);
  }
}
