/** What every layer of a frame is, and how layers become bytes: from the inside out, each one told what it carries. */

export interface Layer {
  /** How Ethernet, VLAN and GRE name this layer; absent where they never carry it. */
  readonly etherType?: number;
  /** How IPv4 and IPv6 name this layer; absent where they never carry it. */
  readonly protocol?: number;
  /** The UDP port this layer is reached by, for tunnels. */
  readonly port?: number;
  /** Of an IP layer: the addresses that checksums inside it also cover. */
  readonly pseudoHeader?: (protocol: number, length: number) => Uint8Array;
  write(inside: Inside): Uint8Array;
}

/** What a layer knows when it is written. */
export interface Inside {
  /** The finished bytes of all layers behind this one. */
  readonly bytes: Uint8Array;
  /** The layer right behind this one. */
  readonly next: Layer | undefined;
  /** The nearest IP layer before this one. */
  readonly ip: Layer | undefined;
}

/** Text is UTF-8; a number is that many zero bytes. */
export type Bytes = Uint8Array | readonly number[] | string | number;

/** The frame made of these layers, outermost first. */
export function frame(...layers: Layer[]): Uint8Array {
  return inside(undefined, ...layers);
}

/** The same, for layers that are carried by an IP layer written elsewhere. */
export function inside(carrier: Layer | undefined, ...layers: Layer[]): Uint8Array {
  const [layer, ...rest] = layers;
  if (layer === undefined) return new Uint8Array();
  const bytes = inside(layer.pseudoHeader === undefined ? carrier : layer, ...rest);
  return layer.write({ bytes, next: rest[0], ip: carrier });
}

/** Bytes without a meaning of their own. */
export function payload(content: Bytes): Layer {
  return { write: ({ bytes }) => join(toBytes(content), bytes) };
}

export function toBytes(content: Bytes): Uint8Array {
  if (typeof content === "string") return new TextEncoder().encode(content);
  if (typeof content === "number") return new Uint8Array(content);
  return Uint8Array.from(content);
}

export function join(...parts: Bytes[]): Uint8Array {
  const all = parts.map(toBytes);
  const joined = new Uint8Array(all.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of all) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Filled up with zeros to a multiple of `unit`. */
export function padTo(unit: number, bytes: Uint8Array): Uint8Array {
  return join(bytes, (unit - (bytes.length % unit)) % unit);
}

export function u16(value: number): number[] {
  return [(value >>> 8) & 0xff, value & 0xff];
}

export function u24(value: number): number[] {
  return [(value >>> 16) & 0xff, ...u16(value)];
}

export function u32(value: number): number[] {
  return [(value >>> 24) & 0xff, ...u24(value)];
}

/** The Internet checksum (RFC 1071). */
export function checksum(...parts: Uint8Array[]): number {
  let sum = 0;
  for (const part of parts) {
    for (let at = 0; at < part.length; at += 2) sum += ((part[at] ?? 0) << 8) | (part[at + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** A copy of `bytes` with the 16-bit checksum at `at`: the one given, else the one over `prefix` and the bytes. */
export function withChecksum(bytes: Uint8Array, at: number, given: number | undefined, prefix?: Uint8Array): Uint8Array {
  const value = given ?? checksum(prefix ?? new Uint8Array(), bytes);
  return join(bytes.subarray(0, at), u16(value), bytes.subarray(at + 2));
}
