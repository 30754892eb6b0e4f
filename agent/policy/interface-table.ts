/**
 * The table in which a program looks up the interface of its packet. An interface has the place that its index modulo PLACES
 * names. If another interface has that place already, it gets one of the places behind them, and a hash table maps its index to
 * that place. So no two interfaces can be mistaken for each other.
 */

import { endianness } from "node:os";
import { InterfaceEntry, Limit } from "../generated/layout.ts";

const LITTLE_ENDIAN = endianness() === "LE";
const PLACES = Limit.INTERFACE_PLACES;
const STRIDE = InterfaceEntry.size;
const { at: GROUPS, stride: GROUPS_STRIDE } = InterfaceEntry.groups;

/** The hash table in which the kernel looks up the place of an index that is not at home. */
export interface ApartTable {
  update(key: Uint8Array, value: Uint8Array): void;
  delete(key: Uint8Array): boolean;
}

export interface InterfaceFacts {
  ifindex: number;
  /** The slot of the traffic counters. */
  slot: number;
  /** Bits of enum weir_interface_flag. */
  flags: number;
}

export class InterfaceTable {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #apart: ApartTable;
  readonly #places = new Map<number, number>();
  /** The interfaces by their place. */
  readonly #holders = new Map<number, number>();
  readonly #freeApart: number[] = [];

  /** `memory` is the whole array. An earlier agent may have filled it. */
  constructor(memory: Uint8Array, apart: ApartTable) {
    this.#bytes = memory;
    this.#view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
    this.#apart = apart;
    for (let place = PLACES + Limit.INTERFACES_APART - 1; place >= 0; place--) {
      const ifindex = this.#view.getUint32(place * STRIDE + InterfaceEntry.ifindex, LITTLE_ENDIAN);
      if (ifindex !== 0) this.#hold(ifindex, place);
      else if (place >= PLACES) this.#freeApart.push(place);
      if (ifindex !== 0 && place >= PLACES) apart.update(numberBytes(ifindex), numberBytes(place)); // the earlier agent may have died before it did this
    }
  }

  rows(): InterfaceFacts[] {
    return [...this.#places.keys()].map((ifindex) => this.find(ifindex)!);
  }

  find(ifindex: number): InterfaceFacts | undefined {
    const place = this.#places.get(ifindex);
    if (place === undefined) return undefined;
    const [slot, flags] = [InterfaceEntry.slot, InterfaceEntry.flags].map((at) =>
      this.#view.getUint16(place * STRIDE + at, LITTLE_ENDIAN),
    ) as [number, number];
    return { ifindex, slot, flags };
  }

  groups(ifindex: number, copy: number): bigint | undefined {
    const place = this.#places.get(ifindex);
    return place === undefined ? undefined : this.#view.getBigUint64(place * STRIDE + GROUPS + copy * GROUPS_STRIDE, LITTLE_ENDIAN);
  }

  /** Gives the interface a place, which no packet looks up until `publish`. Returns false if no place is left. */
  claim(ifindex: number): boolean {
    if (this.#places.has(ifindex)) return true;
    const home = ifindex % PLACES;
    const place = this.#holders.has(home) ? this.#freeApart.pop() : home;
    if (place === undefined) return false;
    this.#hold(ifindex, place);
    return true;
  }

  #hold(ifindex: number, place: number): void {
    this.#places.set(ifindex, place);
    this.#holders.set(place, ifindex);
  }

  setGroups(ifindex: number, copy: number, groups: bigint): void {
    const place = this.#places.get(ifindex);
    if (place !== undefined) this.#view.setBigUint64(place * STRIDE + GROUPS + copy * GROUPS_STRIDE, groups, LITTLE_ENDIAN);
  }

  /** Makes the entry visible: packets of the interface find it from now on. */
  publish({ ifindex, slot, flags }: InterfaceFacts): void {
    const place = this.#places.get(ifindex);
    if (place === undefined) throw new RangeError(`interface ${ifindex} has no place`);
    this.#view.setUint16(place * STRIDE + InterfaceEntry.slot, slot, LITTLE_ENDIAN);
    this.#view.setUint16(place * STRIDE + InterfaceEntry.flags, flags, LITTLE_ENDIAN);
    this.#view.setUint32(place * STRIDE + InterfaceEntry.ifindex, ifindex, LITTLE_ENDIAN); // this is written last, because it makes the rest of the entry count
    if (place >= PLACES) this.#apart.update(numberBytes(ifindex), numberBytes(place));
  }

  remove(ifindex: number): void {
    const place = this.#places.get(ifindex);
    if (place === undefined) return;
    if (place >= PLACES) this.#apart.delete(numberBytes(ifindex));
    this.#view.setUint32(place * STRIDE + InterfaceEntry.ifindex, 0, LITTLE_ENDIAN); // this is written first, because then the rest of the entry no longer counts
    this.#bytes.fill(0, place * STRIDE, (place + 1) * STRIDE);
    this.#places.delete(ifindex);
    this.#holders.delete(place);
    if (place >= PLACES) this.#freeApart.push(place);
  }
}

function numberBytes(number: number): Uint8Array {
  return new Uint8Array(new Uint32Array([number]).buffer);
}
