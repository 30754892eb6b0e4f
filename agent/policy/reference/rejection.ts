/** Decides which reject answer the sender of a dropped packet gets. */

import type { Arrival } from "./arrival.ts";
import { RST } from "./flags.ts";
import type { Packet } from "./packet.ts";
import { isRequest, TCP } from "./transport.ts";

/** A TCP reset, or the ICMP error "administratively prohibited". */
export type Rejection = "reset" | "prohibited";

/** Returns null if the packet must not be answered. */
export function rejectionFor({ source, destination, fragment, transport }: Packet, arrival: Arrival): Rejection | null {
  const toGroup = arrival.ethernet !== false && (arrival.frame[0]! & 1) === 1;
  if (toGroup || transport === undefined || !isOneHost(source) || !isOneHost(destination)) return null;
  if (fragment !== null && fragment.offset > 0) return null;
  if (transport.icmp !== null) return isRequest(transport.protocol, transport.icmp.type) ? "prohibited" : null;
  if (transport.protocol !== TCP) return "prohibited";
  return fragment !== null || (transport.tcpFlags! & RST) !== 0 ? null : "reset";
}

const [MAPPED_FIRST, MAPPED_LAST] = [0xffff_0000_0000n, 0xffff_ffff_ffffn];

/** Returns whether the address belongs to one host: it is no multicast, network, loopback or unspecified address. */
function isOneHost(address: bigint): boolean {
  if (address < MAPPED_FIRST || address > MAPPED_LAST) return address > 1n && address >> 120n !== 0xffn;
  const first = Number((address >> 24n) & 0xffn);
  return first > 0 && first !== 127 && first < 224;
}
