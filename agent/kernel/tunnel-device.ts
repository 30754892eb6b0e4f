/**
 * Reads from rtnetlink which packets a tunnel device decapsulates. The numbers of attributes are those of linux/if_link.h and
 * linux/if_tunnel.h.
 */

import type { TunnelKind } from "../values/traffic.ts";

/** The device decapsulates packets of this kind from `remote` to `local`. If an end is absent, any address fits. */
export interface TunnelDevice {
  kind: TunnelKind;
  /** The identifier or key; for kind ipip the ethertype of the inner packet. Absent if any fits. */
  id?: number;
  /** The local address, 4 or 16 bytes. It can be a multicast group. */
  local?: Uint8Array;
  remote?: Uint8Array;
  /** The UDP port on which the device receives; 0 for tunnels without UDP. */
  port: number;
}

type Attributes = ReadonlyMap<number, Uint8Array>;

const GRE_KEY = 0x2000;
const ETHERTYPES: Readonly<Record<number, number>> = { 4: 0x0800, 41: 0x86dd };

/** Functions that read the attributes of each kind of device, by the kind's name. */
const READERS: Readonly<Record<string, (data: Attributes) => TunnelDevice[]>> = {
  vxlan: readVxlan,
  geneve: readGeneve,
  gre: (data) => readGre(data, keyOf(data)),
  gretap: (data) => readGre(data, keyOf(data)),
  ip6gre: (data) => readGre(data, keyOf(data)),
  ip6gretap: (data) => readGre(data, keyOf(data)),
  // An ERSPAN packet has its session number behind the GRE header, so the key of these devices counts as 0.
  erspan: (data) => readGre(data, 0),
  ip6erspan: (data) => readGre(data, 0),
  ipip: (data) => readIpInIp(data, [4]),
  sit: (data) => readIpInIp(data, [41]),
  ip6tnl: (data) => readIpInIp(data, [4, 41]),
};

export function parseTunnel(kind: string, data: Attributes): TunnelDevice[] {
  return Object.hasOwn(READERS, kind) ? READERS[kind]!(data) : [];
}

function readVxlan(data: Attributes): TunnelDevice[] {
  const port = bigEndian(data.get(15), 2) ?? 0;
  const far = addressOf(data.get(2)) ?? addressOf(data.get(16));
  const local = addressOf(data.get(4)) ?? addressOf(data.get(17));
  const id = data.has(25) && data.get(25)![0] !== 0 ? undefined : littleEndian(data.get(1));
  const base = { kind: "vxlan", port, ...(id === undefined ? {} : { id }) } as const;
  if (far === undefined || !isGroup(far)) return [{ ...base, ...(local && { local }), ...(far && { remote: far }) }];
  return [
    { ...base, ...(local && { local }) },
    { ...base, local: far },
  ];
}

function readGeneve(data: Attributes): TunnelDevice[] {
  const remote = addressOf(data.get(2)) ?? addressOf(data.get(7));
  const id = data.has(6) ? undefined : littleEndian(data.get(1));
  return [{ kind: "geneve", port: bigEndian(data.get(5), 2) ?? 0, ...(id === undefined ? {} : { id }), ...(remote && { remote }) }];
}

function keyOf(data: Attributes): number {
  return (bigEndian(data.get(2), 2) ?? 0) & GRE_KEY ? (bigEndian(data.get(4), 4) ?? 0) : 0;
}

function readGre(data: Attributes, key: number): TunnelDevice[] {
  const [local, remote] = [addressOf(data.get(6)), addressOf(data.get(7))];
  return [{ kind: "gre", port: 0, ...(data.has(18) ? {} : { id: key }), ...(local && { local }), ...(remote && { remote }) }];
}

/** `usual` holds the protocols that a device carries if it does not name one. */
function readIpInIp(data: Attributes, usual: readonly number[]): TunnelDevice[] {
  const [local, remote] = [addressOf(data.get(2)), addressOf(data.get(3))];
  const named = data.get(9)?.[0];
  const protocols = named === undefined ? usual : named === 0 ? [4, 41] : [named];
  return protocols.flatMap((protocol) => {
    const id = ETHERTYPES[protocol];
    return id === undefined ? [] : [{ kind: "ipip" as const, port: 0, id, ...(local && { local }), ...(remote && { remote }) }];
  });
}

/** Returns an address: 4 or 16 bytes that are not all 0. */
function addressOf(bytes: Uint8Array | undefined): Uint8Array | undefined {
  if (bytes === undefined || (bytes.length !== 4 && bytes.length !== 16) || bytes.every((byte) => byte === 0)) return undefined;
  return Uint8Array.from(bytes);
}

function isGroup(address: Uint8Array): boolean {
  return address.length === 4 ? address[0]! >> 4 === 14 : address[0] === 0xff;
}

function bigEndian(bytes: Uint8Array | undefined, size: 2 | 4): number | undefined {
  if (bytes === undefined || bytes.length < size) return undefined;
  return bytes.subarray(0, size).reduce((number, byte) => number * 256 + byte, 0);
}

function littleEndian(bytes: Uint8Array | undefined): number | undefined {
  return bytes === undefined || bytes.length < 4 ? undefined : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}
