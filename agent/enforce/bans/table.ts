/** Bans as the kernel looks them up (probes/decide/bans.h): the members of set 0 in tables of their own. */

import { maskOf, type Network } from "../../values/address.ts";
import { BanFlag, BanRoot, FailsafePrefix } from "../../generated/layout.ts";
import { type NetworkMemory, NetworkTable } from "../networks/table.ts";

const BANNED = 0;

export interface BanMemory extends NetworkMemory {
  /** A struct ban_root, which begins with that of the networks. */
  root: Uint8Array;
  /** Bits of enum weir_ban_flag, which packets look at first. */
  setFlags(flags: number): void;
}

export class BanTable {
  readonly #networks: NetworkTable;
  readonly #root: Uint8Array;

  /** Takes over what an agent before left in the tables. */
  constructor(memory: BanMemory) {
    this.#root = memory.root;
    this.#networks = new NetworkTable(memory, (inLines, asPrefixes) =>
      memory.setFlags((inLines ? BanFlag.ADDRESSES : 0) | (asPrefixes ? BanFlag.PREFIXES : 0)),
    );
  }

  /** All that is there. */
  *networks(): Generator<Network> {
    for (const { network } of this.#networks.members()) yield network;
  }

  /** For so many in all. */
  makeRoom(bans: number): Promise<void> {
    return this.#networks.makeRoom(bans);
  }

  /** Lifts all bans at once. */
  clear(): void {
    this.#networks.clear();
  }

  /** Networks that no ban reaches. At most LIMIT_BAN_EXCEPTIONS of them. */
  setExceptions(networks: readonly Network[]): void {
    const { at, stride, count } = BanRoot.exceptions;
    if (networks.length > count) throw new RangeError(`${networks.length} exceptions from bans, at most ${count} fit`);
    for (const [index, { address, length }] of networks.entries()) {
      this.#root.set(address, at + index * stride + FailsafePrefix.address_be.at);
      this.#root.set(maskOf(length), at + index * stride + FailsafePrefix.mask_be.at);
    }
    new DataView(this.#root.buffer, this.#root.byteOffset).setUint32(BanRoot.exception_count, networks.length, true);
  }

  /** `until`: second of the boot clock, 0 for ever. A ban that is there gets the new end. Throws TableFull. */
  add(network: Network, until: number): void {
    this.#networks.put(network, BANNED, until);
  }

  /** False when it was not there. */
  remove(network: Network): boolean {
    return this.#networks.take(network, BANNED);
  }
}
