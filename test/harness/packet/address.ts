/** Addresses as text, to the bytes a header holds. */

import { u16 } from "./layer.ts";

export function mac(text: string): Uint8Array {
  const bytes = text.split(":").map((part) => Number.parseInt(part, 16));
  if (bytes.length !== 6 || !bytes.every((byte) => byte >= 0 && byte <= 255)) throw new TypeError(`not a MAC address: ${text}`);
  return Uint8Array.from(bytes);
}

export function ipv4(text: string): Uint8Array {
  const bytes = text.split(".").map(Number);
  if (bytes.length !== 4 || !bytes.every((byte) => byte >= 0 && byte <= 255)) throw new TypeError(`not an IPv4 address: ${text}`);
  return Uint8Array.from(bytes);
}

export function ipv6(text: string): Uint8Array {
  const [head = "", tail, ...more] = text.split("::");
  const before = groups(head);
  const after = groups(tail ?? "");
  const missing = 16 - before.length - after.length;
  if (more.length > 0 || missing < 0 || (tail === undefined && missing > 0)) throw new TypeError(`not an IPv6 address: ${text}`);
  return Uint8Array.from([...before, ...new Array<number>(missing).fill(0), ...after]);
}

function groups(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => (group.includes(".") ? [...ipv4(group)] : u16(Number.parseInt(group, 16))));
}
