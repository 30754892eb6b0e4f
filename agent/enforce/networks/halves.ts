import type { Network } from "../../values/address.ts";

/** The kernel's tables know no prefix of no bits in 128: all of IPv6 is two halves. */
export function halves(network: Network): Network[] {
  if (network.length > 0) return [network];
  return [0, 0x80].map((first) => ({ family: 6, address: Uint8Array.from({ length: 16 }, (_, at) => (at === 0 ? first : 0)), length: 1 }));
}
