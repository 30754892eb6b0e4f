/**
 * Finds which network namespaces of this host lie behind which device, by their addresses. The kernel side looks there for the
 * sockets of packets that this namespace forwards.
 */

import { counted } from "../../values/count.ts";
import { fromIPv4 } from "../../values/address.ts";
import { AddressNamespaces, NamespaceAddress, Limit } from "../../generated/layout.ts";
import { listAddressesIn, listLinks, NamespaceNews } from "../../kernel/links.ts";
import type { BpfMap } from "../../kernel/maps.ts";
import { type InterfaceAddress, type Link, viewOf } from "../../kernel/netlink.ts";

/** Kinds of devices whose other end lies in another namespace and receives IP packets. */
const PAIRS: ReadonlySet<string> = new Set(["veth", "netkit"]);
/** At most this many levels of masters are followed: a bridge may be part of a VRF. */
const MASTERS = 2;
const NONE = -1;

/**
 * A change is read at once. If changes are frequent, the pause before the next reading grows, so that reading takes at most a
 * twentieth of the time.
 */
const LEAST_PAUSE_MS = 100;
const PAUSE_FACTOR = 20;

export class NamespacesBehind {
  readonly #table: BpfMap;
  readonly #room: number;
  #news: NamespaceNews | undefined;
  #pause: NodeJS.Timeout | undefined;
  /** The content of the table; keys and values are hexadecimal digits. */
  #written = new Map<string, string>();
  #leftOut = 0;
  #trouble: string | undefined;
  /** The reason why the last listing failed; undefined if it succeeded. */
  #unread: string | undefined;

  constructor(table: BpfMap) {
    this.#table = table;
    this.#room = table.info.maxEntries;
  }

  start(): void {
    try {
      this.#news = new NamespaceNews(() => this.#renew());
    } catch (error) {
      this.#trouble = `the processes behind addresses of containers cannot be named: ${(error as Error).message}`;
      return;
    }
    for (const { key, value } of this.#table.entries()) this.#written.set(key.toString("hex"), value.toString("hex"));
    this.#renew();
  }

  /** Sentences about connections for which no process can be found. */
  problems(): string[] {
    const trouble = this.#trouble ?? this.#unread;
    if (trouble !== undefined) return [trouble];
    return this.#leftOut === 0
      ? []
      : [
          `the processes behind ${counted(this.#leftOut, "address", "addresses")} of containers cannot be named: there are more than ${this.#room}`,
        ];
  }

  close(): void {
    this.#news?.close();
    clearTimeout(this.#pause);
  }

  #renew(): void {
    const started = performance.now();
    this.#news!.drain();
    try {
      this.#refresh();
      this.#unread = undefined;
    } catch (error) {
      this.#unread = `the processes behind addresses of containers may be named late: ${(error as Error).message}`;
    }
    this.#pause = setTimeout(
      () => (this.#unread === undefined ? this.#news!.listen() : this.#renew()),
      Math.max(LEAST_PAUSE_MS, PAUSE_FACTOR * (performance.now() - started)),
    ).unref();
  }

  #refresh(): void {
    const found = [...entriesOf(listLinks(), addressesIn)];
    this.#leftOut = Math.max(0, found.length - this.#room);
    const wanted = new Map(found.slice(0, this.#room));
    for (const [key] of this.#written) if (!wanted.has(key)) this.#table.delete(Buffer.from(key, "hex"));
    for (const [key, value] of wanted)
      if (this.#written.get(key) !== value) this.#table.update(Buffer.from(key, "hex"), Buffer.from(value, "hex"));
    this.#written = wanted;
  }
}

/** Returns the addresses in a namespace; an empty list if it has just gone. */
function addressesIn(namespace: number): InterfaceAddress[] {
  try {
    return listAddressesIn(namespace);
  } catch {
    return [];
  }
}

/** Returns the keys and values of the table as hexadecimal digits. An address that too many namespaces have is left out. */
export function entriesOf(links: readonly Link[], addressesOf: (namespace: number) => readonly InterfaceAddress[]): Map<string, string> {
  const byIndex = new Map(links.map((link) => [link.ifindex, link]));
  const namespaces = new Map<number, Set<number>>();
  for (const link of links) {
    if (link.peerNamespace === undefined || !PAIRS.has(link.kind ?? "")) continue;
    const devices = namespaces.get(link.peerNamespace) ?? new Set();
    namespaces.set(link.peerNamespace, devices);
    for (let [at, height]: [Link | undefined, number] = [link, 0]; at !== undefined && height <= MASTERS; height++) {
      devices.add(at.ifindex);
      at = at.master === undefined ? undefined : byIndex.get(at.master);
    }
  }
  const holders = new Map<string, Set<number>>();
  for (const [namespace, devices] of namespaces) {
    for (const address of addressesOf(namespace)) {
      if (!isRouted(address)) continue;
      for (const ifindex of devices) {
        const key = keyOf(ifindex, address);
        holders.set(key, (holders.get(key) ?? new Set()).add(namespace));
      }
    }
  }
  return new Map([...holders].filter(([, of]) => of.size <= Limit.NAMESPACES).map(([key, of]) => [key, valueOf([...of])]));
}

/** Returns whether the address is neither loopback nor link-local. */
function isRouted({ family, bytes }: InterfaceAddress): boolean {
  if (family === 4) return bytes[0] !== 127;
  return !(bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0x80) && bytes.subarray(0, 15).some((byte) => byte !== 0);
}

function keyOf(ifindex: number, { family, bytes }: InterfaceAddress): string {
  const key = Buffer.alloc(NamespaceAddress.size);
  key.set(family === 4 ? fromIPv4(viewOf(bytes).getUint32(0)) : bytes, NamespaceAddress.address_be.at);
  key.writeUInt32LE(ifindex, NamespaceAddress.ifindex);
  return key.toString("hex");
}

function valueOf(namespaces: readonly number[]): string {
  const value = Buffer.alloc(AddressNamespaces.size);
  for (let i = 0; i < Limit.NAMESPACES; i++)
    value.writeInt32LE(namespaces[i] ?? NONE, AddressNamespaces.namespaces.at + i * AddressNamespaces.namespaces.stride);
  return value.toString("hex");
}
