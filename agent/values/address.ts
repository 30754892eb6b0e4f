/**
 * Reads and writes addresses, prefixes and ranges of both families. Everything is held in 128 bits: an IPv4 address as
 * ::ffff:a.b.c.d, and an IPv4 prefix of length n as one of length 96 + n.
 */

import { quote } from "./quote.ts";

export type Family = 4 | 6;

/** All addresses whose first `length` bits are those of `address`; the other bits of `address` are zero. */
export interface Network {
  family: Family;
  address: Uint8Array;
  length: number;
}

export interface Address {
  family: Family;
  bytes: Uint8Array;
}

/** The reason why a text is wrong, and the value that the operator may have meant. */
export interface Misreading {
  error: string;
  suggestion?: string;
}

/** If bits beyond the prefix were set, `masked` is the prefix without them. */
export type NetworksReading = { networks: Network[]; masked?: string } | Misreading;

const BITS = 128;
const MAPPED_BITS = 96;
const LONGEST_TEXT = 100;
const RANGE = /^[0-9a-fA-F:./% -]+$/;
const [ZERO, NINE, DOT] = [..."09."].map((character) => character.charCodeAt(0)) as [number, number, number];

/** Reads an address, a prefix or a range. A range becomes the fewest prefixes that cover it exactly. */
export function readNetworks(text: string): NetworksReading {
  if (text.length > LONGEST_TEXT) return { error: `${quote(text)} is too long for an address` };
  const dash = text.indexOf("-");
  if (dash >= 0 && RANGE.test(text)) return readRange(text, text.slice(0, dash), text.slice(dash + 1));
  const slash = text.indexOf("/");
  if (slash >= 0) return readPrefix(text, text.slice(0, slash), text.slice(slash + 1));
  const address = readAddress(text);
  if ("error" in address) return address;
  return { networks: [{ family: address.family, address: address.bytes, length: BITS }] };
}

/** Returns the networks of a text that was validated before. Throws a SyntaxError on any other text. */
export function parseNetworks(text: string): Network[] {
  const reading = readNetworks(text);
  if ("error" in reading) throw new SyntaxError(reading.error);
  return reading.networks;
}

/** Reads one address. Throws a SyntaxError on any other text. */
export function parseAddress(text: string): Address {
  const reading = readAddress(text);
  if ("error" in reading) throw new SyntaxError(reading.error);
  return reading;
}

export function readAddress(text: string): Address | Misreading {
  if (text === "") return { error: "an address is empty" };
  if (text.trim() !== text) return { error: `${quote(text)} has spaces around the address`, suggestion: text.trim() };
  return text.includes(":") ? readIPv6(text) : readIPv4(text);
}

function readPrefix(text: string, before: string, after: string): NetworksReading {
  const address = readAddress(before);
  if ("error" in address) return address;
  const longest = address.family === 4 ? 32 : 128;
  if (!/^(0|[1-9][0-9]{0,2})$/.test(after)) {
    return { error: `the prefix length of ${quote(text)} is not a whole number from 0 to ${longest}` };
  }
  if (Number(after) > longest) return { error: `the prefix length ${after} of ${quote(text)} is above ${longest}` };
  const length = BITS - longest + Number(after);
  const network: Network = { family: address.family, address: maskTo(address.bytes, length), length };
  const clean = areEqual(network.address, address.bytes);
  return clean ? { networks: [network] } : { networks: [network], masked: formatNetwork(network) };
}

function readRange(text: string, before: string, after: string): NetworksReading {
  if (text.includes("/")) return { error: `the range ${quote(text)} has a prefix length; a range goes from one address to another` };
  const low = readAddress(before);
  const high = readAddress(after);
  const wrong = "error" in low ? low : "error" in high ? high : undefined;
  if (wrong !== undefined) {
    const spaceless = text.replaceAll(" ", "");
    if (spaceless !== text && "networks" in readNetworks(spaceless)) {
      return { error: `the range ${quote(text)} has spaces`, suggestion: spaceless };
    }
    return { error: `${quote(text)} is not a range of addresses: ${wrong.error}` };
  }
  const [from, to] = [low as Address, high as Address];
  if (from.family !== to.family) return { error: `the range ${quote(text)} mixes IPv4 and IPv6` };
  const [first, last] = [toInteger(from.bytes), toInteger(to.bytes)];
  if (first > last) return { error: `the range ${quote(text)} is reversed`, suggestion: `${after}-${before}` };
  return { networks: rangeToNetworks(from.family, first, last) };
}

function readIPv4(text: string): Address | Misreading {
  const bits = plainIPv4(text);
  return bits < 0 ? explainIPv4(text) : { family: 4, bytes: fromIPv4(bits) };
}

/**
 * Returns the 32 bits of an address; -1 if the text is not an IPv4 address. It is fast, because rule files have hundreds of
 * thousands of them.
 */
function plainIPv4(text: string): number {
  let bits = 0;
  let part = 0;
  let digits = 0;
  let dots = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character >= ZERO && character <= NINE) {
      if (digits++ > 0 && part === 0) return -1;
      part = part * 10 + character - ZERO;
      if (part > 255) return -1;
    } else if (character === DOT && digits > 0) {
      bits = bits * 256 + part;
      part = digits = 0;
      dots++;
    } else {
      return -1;
    }
  }
  return dots === 3 && digits > 0 ? bits * 256 + part : -1;
}

/** Returns the 128-bit form of an IPv4 address that is given as a number. */
export function fromIPv4(bits: number): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes[10] = bytes[11] = 0xff;
  bytes[12] = bits >>> 24;
  bytes[13] = bits >>> 16;
  bytes[14] = bits >>> 8;
  bytes[15] = bits;
  return bytes;
}

/** Explains what is wrong with a text that is not an IPv4 address. */
function explainIPv4(text: string): Misreading {
  if (text.startsWith("@")) return { error: `${quote(text)} is a set, and no set can be used here` };
  if (!/^[0-9.]+$/.test(text)) {
    const named = /^[\p{L}\p{N}_.-]+$/u.test(text);
    const hint = named ? "; names are not looked up" : ", as 192.0.2.1, 192.0.2.0/24 or 2001:db8::1";
    return { error: `${quote(text)} is not an address${hint}` };
  }
  const parts = text.split(".", 6);
  if (parts.length !== 4 || parts.includes("")) return { error: `${quote(text)} is not an IPv4 address, which has four numbers` };
  if (parts.some((part) => part.length > 3 || Number(part) > 255)) return { error: `${quote(text)} has a part above 255` };
  return {
    error: `${quote(text)} has a part with a leading zero, which some programs read as octal`,
    suggestion: parts.map(Number).join("."),
  };
}

function readIPv6(text: string): Address | Misreading {
  const plain = { error: `${quote(text)} is not an IPv6 address` };
  const zone = text.indexOf("%");
  if (zone >= 0) return { error: `${quote(text)} names a zone; a rule's "interfaces" choose the link`, suggestion: text.slice(0, zone) };
  if (text.startsWith("[")) return { error: `${quote(text)} is in brackets; write the address alone` };
  const halves = text.split("::");
  if (halves.length > 2) return { error: `${quote(text)} has "::" twice` };
  const groups = halves.map((half) => (half === "" ? [] : half.split(":", 10)));
  const tail = groups.at(-1) as string[];
  const dotted = tail.at(-1)?.includes(".") ? readIPv4(tail.pop() as string) : undefined;
  if (dotted !== undefined) {
    if ("error" in dotted) return plain;
    const [a, b, c, d] = dotted.bytes.subarray(12) as unknown as [number, number, number, number];
    tail.push(((a << 8) | b).toString(16), ((c << 8) | d).toString(16));
  }
  const [head, rest] = groups as [string[], string[] | undefined];
  const written = head.length + (rest?.length ?? 0);
  if (rest === undefined ? written !== 8 : written > 7) {
    if (/^[0-9.]+:[0-9]+$/.test(text)) return { error: `${quote(text)} names a port; write the address alone` };
    return { error: `${quote(text)} is not an IPv6 address, which has eight groups or one "::"` };
  }
  const all = [...head, ...new Array<string>(8 - written).fill("0"), ...(rest ?? [])];
  const bytes = new Uint8Array(16);
  for (const [index, group] of all.entries()) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return plain;
    const value = Number.parseInt(group, 16);
    bytes[index * 2] = value >> 8;
    bytes[index * 2 + 1] = value & 0xff;
  }
  if (isMapped(bytes)) {
    return { error: `${quote(text)} is an IPv4 address in IPv6 form; write the IPv4 address`, suggestion: formatAddress(bytes) };
  }
  return { family: 6, bytes };
}

/** Returns whether 16 bytes hold an IPv4 address. */
export function isMapped(bytes: Uint8Array): boolean {
  for (let index = 0; index < 10; index++) if (bytes[index] !== 0) return false;
  return bytes[10] === 0xff && bytes[11] === 0xff;
}

/** Returns the address with all bits beyond `length` cleared. */
export function maskTo(bytes: Uint8Array, length: number): Uint8Array {
  const masked = new Uint8Array(16);
  const whole = length >> 3;
  for (let index = 0; index < whole; index++) masked[index] = bytes[index]!;
  if (whole < 16) masked[whole] = bytes[whole]! & (0xff00 >> (length & 7));
  return masked;
}

function areEqual(one: Uint8Array, other: Uint8Array): boolean {
  for (let index = 0; index < 16; index++) if (one[index] !== other[index]) return false;
  return true;
}

/** Returns a mask of `length` ones. */
export function maskOf(length: number): Uint8Array {
  const mask = new Uint8Array(16);
  for (let index = 0; index < 16; index++) mask[index] = 0xff00 >> Math.min(8, Math.max(0, length - index * 8));
  return mask;
}

export function networkContains(network: Network, bytes: Uint8Array): boolean {
  if (isMapped(bytes) !== (network.family === 4)) return false;
  return areEqual(maskTo(bytes, network.length), network.address);
}

export function toInteger(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  return (view.getBigUint64(0) << 64n) | view.getBigUint64(8);
}

export function fromInteger(value: bigint): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, value >> 64n);
  view.setBigUint64(8, BigInt.asUintN(64, value));
  return bytes;
}

/** Returns the fewest prefixes that cover the addresses from first to last exactly, in order. */
export function rangeToNetworks(family: Family, first: bigint, last: bigint): Network[] {
  const networks: Network[] = [];
  let from = first;
  while (from <= last) {
    let bits = 0n;
    const most = family === 4 ? 32n : 128n;
    // The block grows while it starts on its own boundary and does not reach beyond the range.
    while (bits < most && (from & ((1n << (bits + 1n)) - 1n)) === 0n && from + (1n << (bits + 1n)) - 1n <= last) bits++;
    networks.push({ family, address: fromInteger(from), length: BITS - Number(bits) });
    from += 1n << bits;
  }
  return networks;
}

/** Writes an address as RFC 5952 wants it: in lower case, with the longest run of two or more zero groups as `::`. */
export function formatAddress(bytes: Uint8Array): string {
  if (isMapped(bytes)) return `${bytes[12]}.${bytes[13]}.${bytes[14]}.${bytes[15]}`;
  const groups: number[] = [];
  for (let index = 0; index < 16; index += 2) groups.push(((bytes[index] as number) << 8) | (bytes[index + 1] as number));
  let best = { start: 0, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const text = (part: number[]): string => part.map((group) => group.toString(16)).join(":");
  if (best.length < 2) return text(groups);
  return `${text(groups.slice(0, best.start))}::${text(groups.slice(best.start + best.length))}`;
}

/** Writes a prefix as `192.0.2.0/24`, or only the address if the prefix holds just one. */
export function formatNetwork(network: Network): string {
  const length = network.family === 4 ? network.length - MAPPED_BITS : network.length;
  return network.length === BITS ? formatAddress(network.address) : `${formatAddress(network.address)}/${length}`;
}
