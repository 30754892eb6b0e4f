/** Tells the reference which addresses are members of sets beside those that the policy lists. */

import { formatAddress, fromInteger, isMapped } from "../values/address.ts";
import type { Sets } from "../policy/named-sets.ts";
import type { Arrival, Host } from "../policy/reference.ts";
import { Fragments } from "../policy/reference/fragments.ts";
import { parseFrame, parseInner } from "../policy/reference/parse.ts";
import { SetLibrary } from "../enforce/sets/library.ts";

/** Reads the files of the sets, without an agent, and reports what is wrong with them. */
export async function membershipByFiles(sets: Sets): Promise<Pick<Host, "isMember"> & { problems: string[] }> {
  const library = new SetLibrary();
  const opened = await library.open(sets);
  const isMember: Host["isMember"] = (set, address) => {
    const bytes = fromInteger(address);
    const found = opened.get(set)?.covering({ family: isMapped(bytes) ? 4 : 6, address: bytes, length: 128 });
    return found?.next().done === false;
  };
  return { isMember, problems: library.trouble };
}

/** Uses a complete list of memberships by address. */
export function membershipBy(holding: Readonly<Record<string, readonly string[]>>): Host["isMember"] {
  return (set, address) => holding[formatAddress(fromInteger(address))]?.includes(set) ?? false;
}

/** Returns the addresses of both ends of these packets, and of the packets in their tunnels. */
export function addressesIn(arrivals: Iterable<Arrival>): string[] {
  const found = new Set<bigint>();
  for (const arrival of arrivals) {
    const seen = parseFrame(arrival, new Fragments());
    if ("etherType" in seen || seen.packet === undefined) continue;
    const { inner } = seen.packet.transport ?? {};
    const carried = inner == null ? undefined : parseInner(seen.packet, inner, arrival, new Fragments());
    for (const packet of [seen.packet, carried !== undefined && "packet" in carried ? carried.packet : undefined]) {
      if (packet !== undefined) found.add(packet.source).add(packet.destination);
    }
  }
  return [...found].map((address) => formatAddress(fromInteger(address)));
}
