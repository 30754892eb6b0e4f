/** Puts an Ethernet header in front of a packet. */
export function etherFrame(etherType: number, inside: Uint8Array, tag: readonly number[] = []): Uint8Array {
  return Uint8Array.from([2, 0, 0, 0, 0, 0x0b, 2, 0, 0, 0, 0, 0x0a, ...tag, etherType >>> 8, etherType & 0xff, ...inside]);
}
