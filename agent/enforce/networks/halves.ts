import type { Network } from "../../values/address.ts";

/** Splits ::/0 into two halves, because the kernel's tables have no prefix of length 0. */
export function halves(network: Network): Network[] {
  if (network.length > 0) return [network];
  return [0, 0x80].map((first) => ({ family: 6, address: Uint8Array.from({ length: 16 }, (_, at) => (at === 0 ? first : 0)), length: 1 }));
}
