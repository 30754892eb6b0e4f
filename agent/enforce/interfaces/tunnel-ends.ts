/**
 * Keeps in the kernel's tables which tunnels end on this host, and which addresses it has. Failsafes hold inside of those tunnels
 * (probes/decide/carried.h).
 */

import { endianness } from "node:os";
import { Limit, TunnelEnd, TunnelForm } from "../../generated/layout.ts";
import { KernelError } from "../../kernel/errors.ts";
import type { BpfMap } from "../../kernel/maps.ts";
import type { InterfaceAddress, Change, Link } from "../../kernel/netlink.ts";
import type { OwnEnds } from "../../policy/reference.ts";
import type { TunnelDevice } from "../../kernel/tunnel-device.ts";
import type { TunnelKind } from "../../values/traffic.ts";
import { isAtUsualPort, mapped, textOfAddress, textOfDevice } from "./own-ends.ts";

const LITTLE_ENDIAN = endianness() === "LE";
/** The numbers of enum tunnel_kind in probes/base/packet.h. */
const KINDS: Readonly<Record<TunnelKind, number>> = { gre: 1, ipip: 2, vxlan: 3, geneve: 4 };
const PRESENT = 1;

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
  /** The addresses of each interface, by their text. */
  readonly #known = new Map<number, Map<string, Uint8Array>>();
  #writes = false;
  #closed = false;

  constructor(tables: TunnelEndTables) {
    this.#tables = tables;
    this.#ends = new KeySet(tables.ends, Limit.TUNNEL_ENDS);
    this.#addresses = new KeySet(tables.addresses, Limit.OWN_ADDRESSES);
  }

  /** Takes a list of all devices and addresses. */
  list(links: readonly Link[], addresses: readonly InterfaceAddress[]): void {
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

  /** Stops using the tables, which may then be closed. */
  close(): void {
    this.#closed = true;
  }

  #noteLink({ ifindex, up, tunnels }: Link): void {
    if (up && tunnels !== undefined) this.#devices.set(ifindex, tunnels);
    else this.#devices.delete(ifindex);
  }

  #noteAddress({ ifindex, bytes }: InterfaceAddress, present: boolean): void {
    const known = this.#known.get(ifindex) ?? new Map<string, Uint8Array>();
    this.#known.set(ifindex, known);
    if (present) known.set(bytes.join(), bytes);
    else known.delete(bytes.join());
  }

  /** Returns what packets find in the tables, for people and for the reference. */
  inForce(): OwnEnds {
    return {
      tunnels: [...this.#devices.values()]
        .flat()
        .filter((device) => this.#ends.has(endOf(device).key))
        .map(textOfDevice),
      addresses: this.#knownAddresses()
        .filter((address) => this.#addresses.has(mapped(address)))
        .map(textOfAddress),
    };
  }

  #knownAddresses(): Uint8Array[] {
    return [...this.#known.values()].flatMap((known) => [...known.values()]);
  }

  #write(): void {
    this.#writes = false;
    if (this.#closed) return;
    this.#addresses.become(this.#knownAddresses().map((address) => ({ key: mapped(address), value: PRESENT })));
    const devices = [...this.#devices.values()].flat();
    const ports = devices.filter((device) => device.port !== 0 && !isAtUsualPort(device)).map(portOf);
    const ends = [...ports, ...devices.map(endOf)];
    this.#ends.become(ends);
    this.#tables.setForms(ends.reduce((forms, { form }) => forms | (1 << form), 0));
  }

  problems(): string[] {
    const beyond = [
      ...(this.#ends.overflow === 0 ? [] : [`${this.#ends.overflow} ends of tunnels`]),
      ...(this.#addresses.overflow === 0 ? [] : [`${this.#addresses.overflow} addresses of this host`]),
    ];
    return beyond.map(
      (what) =>
        `failsafes do not hold inside tunnels for ${what}, because the table is full; add the addresses from which you manage the host to failsafe.addresses`,
    );
  }
}

interface Entry {
  key: Uint8Array;
  value: number;
}

/** A hash table of small numbers in the kernel, most of which only tell that a key is there. An earlier agent may have filled it. */
class KeySet {
  readonly #map: BpfMap;
  readonly #most: number;
  #present: ReadonlyMap<string, number>;
  /** The number of keys that found no room. */
  overflow = 0;

  constructor(map: BpfMap, most: number) {
    this.#map = map;
    this.#most = most;
    this.#present = new Map([...map.entries()].map(({ key, value }) => [textOf(key), viewOf(value).getUint32(0, LITTLE_ENDIAN)]));
  }

  has(key: Uint8Array): boolean {
    return this.#present.has(textOf(key));
  }

  /** Makes the table hold exactly these entries. If several have the same key, the first counts. */
  become(entries: readonly Entry[]): void {
    const all = new Map(entries.toReversed().map(({ key, value }) => [textOf(key), value]));
    const wanted = new Map([...all].toReversed().slice(0, this.#most));
    for (const key of this.#present.keys()) if (!wanted.has(key)) this.#map.delete(Buffer.from(key, "latin1"));
    const present = new Map([...wanted].filter(([key, value]) => this.#present.get(key) === value || this.#add(key, value)));
    this.overflow = all.size - present.size;
    this.#present = present;
  }

  #add(key: string, value: number): boolean {
    try {
      this.#map.update(Buffer.from(key, "latin1"), new Uint8Array(new Uint32Array([value]).buffer));
      return true;
    } catch (error) {
      if (error instanceof KernelError) return false; // the kernel has no memory for it; the next change tries again
      throw error;
    }
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key).toString("latin1");
}

/** Returns the entry that tells packets that a device of this kind receives at the port. */
function portOf({ kind, port }: TunnelDevice): Entry & { form: number } {
  const key = new Uint8Array(TunnelEnd.size);
  const view = viewOf(key);
  view.setUint16(TunnelEnd.port, port, LITTLE_ENDIAN);
  view.setUint16(TunnelEnd.form, TunnelForm.AT_PORT, LITTLE_ENDIAN);
  return { key, value: KINDS[kind], form: TunnelForm.AT_PORT };
}

function endOf({ kind, id, local, remote, port }: TunnelDevice): Entry & { form: number } {
  const key = new Uint8Array(TunnelEnd.size);
  const view = viewOf(key);
  const form =
    (local ? 0 : TunnelForm.ANY_LOCAL) | (remote ? 0 : TunnelForm.ANY_REMOTE) | (id === undefined ? TunnelForm.ANY_IDENTIFIER : 0);
  if (local) key.set(mapped(local), TunnelEnd.local_be.at);
  if (remote) key.set(mapped(remote), TunnelEnd.remote_be.at);
  // Only the key of GRE is longer than 24 bits.
  view.setUint32(TunnelEnd.tunnel, ((KINDS[kind] << 24) | ((id ?? 0) & 0xff_ffff)) >>> 0, LITTLE_ENDIAN);
  view.setUint32(TunnelEnd.tunnel_high, (id ?? 0) >>> 24, LITTLE_ENDIAN);
  view.setUint16(TunnelEnd.port, port, LITTLE_ENDIAN);
  view.setUint16(TunnelEnd.form, form, LITTLE_ENDIAN);
  return { key, value: PRESENT, form };
}
