/**
 * Keeps in the kernel's tables which tunnels end on this host, and which addresses it has: failsafes hold inside of those
 * tunnels (probes/carried.h).
 */

import { endianness } from "node:os";
import { Limit, TunnelEnd, TunnelForm } from "../generated/layout.ts";
import { KernelError } from "../kernel/errors.ts";
import type { BpfMap } from "../kernel/maps.ts";
import type { Address, Change, Link } from "../kernel/netlink.ts";
import type { OwnEnds } from "../rules/reference.ts";
import type { TunnelDevice, TunnelKind } from "../kernel/tunnel-device.ts";
import { mapped, textOfAddress, textOfDevice } from "./own-ends.ts";

const LITTLE_ENDIAN = endianness() === "LE";
/** These are the numbers of enum tunnel_kind in probes/packet.h. */
const KINDS: Readonly<Record<TunnelKind, number>> = { gre: 1, ipip: 2, vxlan: 3, geneve: 4 };
const PRESENT = new Uint8Array(new Uint32Array([1]).buffer);

export interface TunnelEndTables {
  ends: BpfMap;
  addresses: BpfMap;
  /** Sets the forms that packets have to look for. */
  setForms(forms: number): void;
}

export class TunnelEnds {
  readonly #tables: TunnelEndTables;
  readonly #ends: KeySet;
  readonly #addresses: KeySet;
  readonly #devices = new Map<number, TunnelDevice[]>();
  /** Addresses by interface, and there by their text. */
  readonly #known = new Map<number, Map<string, Uint8Array>>();
  #writes = false;
  #closed = false;

  constructor(tables: TunnelEndTables) {
    this.#tables = tables;
    this.#ends = new KeySet(tables.ends, Limit.TUNNEL_ENDS);
    this.#addresses = new KeySet(tables.addresses, Limit.OWN_ADDRESSES);
  }

  /** Takes all devices and addresses that there are. */
  list(links: readonly Link[], addresses: readonly Address[]): void {
    this.#devices.clear();
    this.#known.clear();
    for (const link of links) this.#noteLink(link);
    for (const address of addresses) this.#noteAddress(address, true);
    this.#write();
  }

  apply(change: Change): void {
    if (change.what === "link") this.#noteLink(change.link);
    else if (change.what === "link-gone") for (const known of [this.#devices, this.#known]) known.delete(change.ifindex);
    else this.#noteAddress(change.address, change.what === "address");
    if (this.#writes) return; // changes come many at a time
    this.#writes = true;
    setImmediate(() => this.#write());
  }

  /** The tables stay as they are, and may go. */
  close(): void {
    this.#closed = true;
  }

  #noteLink({ ifindex, up, tunnels }: Link): void {
    if (up && tunnels !== undefined) this.#devices.set(ifindex, tunnels);
    else this.#devices.delete(ifindex);
  }

  #noteAddress({ ifindex, bytes }: Address, present: boolean): void {
    const known = this.#known.get(ifindex) ?? new Map<string, Uint8Array>();
    this.#known.set(ifindex, known);
    if (present) known.set(bytes.join(), bytes);
    else known.delete(bytes.join());
  }

  /** What packets find in the tables, for people and for the reference. */
  inForce(): OwnEnds {
    return {
      tunnels: [...this.#devices.values()].flat().filter((device) => this.#ends.has(endOf(device).key)).map(textOfDevice),
      addresses: this.#knownAddresses().filter((address) => this.#addresses.has(mapped(address))).map(textOfAddress),
    };
  }

  #knownAddresses(): Uint8Array[] {
    return [...this.#known.values()].flatMap((known) => [...known.values()]);
  }

  #write(): void {
    this.#writes = false;
    if (this.#closed) return;
    this.#addresses.become(this.#knownAddresses().map(mapped));
    const ends = [...this.#devices.values()].flat().map(endOf);
    this.#ends.become(ends.map(({ key }) => key));
    this.#tables.setForms(ends.reduce((forms, { form }) => forms | (1 << form), 0));
  }

  problems(): string[] {
    const beyond = [
      ...(this.#ends.beyond === 0 ? [] : [`${this.#ends.beyond} ends of tunnels`]),
      ...(this.#addresses.beyond === 0 ? [] : [`${this.#addresses.beyond} addresses of this host`]),
    ];
    return beyond.map((what) => `failsafes do not hold inside tunnels for ${what}, because the table is full; name who you manage the host from in failsafe.addresses`);
  }
}

/** A hash table that only tells what is in it. An agent before this one may have filled it. */
class KeySet {
  readonly #map: BpfMap;
  readonly #most: number;
  #present: Set<string>;
  /** Counts the keys that found no room. */
  beyond = 0;

  constructor(map: BpfMap, most: number) {
    this.#map = map;
    this.#most = most;
    this.#present = new Set([...map.entries()].map(({ key }) => key.toString("latin1")));
  }

  has(key: Uint8Array): boolean {
    return this.#present.has(textOf(key));
  }

  become(keys: readonly Uint8Array[]): void {
    const all = [...new Set(keys.map(textOf))];
    const wanted = new Set(all.slice(0, this.#most));
    for (const key of this.#present) if (!wanted.has(key)) this.#map.delete(Buffer.from(key, "latin1"));
    const present = new Set([...wanted].filter((key) => this.#present.has(key) || this.#add(key)));
    this.beyond = all.length - present.size;
    this.#present = present;
  }

  #add(key: string): boolean {
    try {
      this.#map.update(Buffer.from(key, "latin1"), PRESENT);
      return true;
    } catch (error) {
      if (error instanceof KernelError) return false; // the kernel has no memory for it; the next change tries again
      throw error;
    }
  }
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key).toString("latin1");
}

function endOf({ kind, id, local, remote, port }: TunnelDevice): { key: Uint8Array; form: number } {
  const key = new Uint8Array(TunnelEnd.size);
  const view = new DataView(key.buffer);
  const form = (local ? 0 : TunnelForm.ANY_LOCAL) | (remote ? 0 : TunnelForm.ANY_REMOTE) | (id === undefined ? TunnelForm.ANY_IDENTIFIER : 0);
  if (local) key.set(mapped(local), TunnelEnd.local_be.at);
  if (remote) key.set(mapped(remote), TunnelEnd.remote_be.at);
  // Only the key of GRE is longer than 24 bits.
  view.setUint32(TunnelEnd.tunnel, ((KINDS[kind] << 24) | ((id ?? 0) & 0xff_ffff)) >>> 0, LITTLE_ENDIAN);
  view.setUint32(TunnelEnd.tunnel_high, (id ?? 0) >>> 24, LITTLE_ENDIAN);
  view.setUint16(TunnelEnd.port, port, LITTLE_ENDIAN);
  view.setUint16(TunnelEnd.form, form, LITTLE_ENDIAN);
  return { key, form };
}
