/** The members of sets: those that the policy lists, and those that the host knows in addition. */

import { parsePorts } from "../../values/ports.ts";
import { addressesOf } from "../fields/addresses.ts";
import type { SetView } from "../subject.ts";
import type { Host } from "./arrival.ts";
import type { Policy } from "./rules.ts";

export function viewSets({ sets }: Pick<Policy, "sets">, { isMember }: Pick<Host, "isMember">): SetView {
  const written = new Map(Object.entries(sets).map(([name, { addresses = [] }]) => [name, addresses.map(addressesOf)]));
  return {
    hasAddress: (set, address) => (written.get(set) ?? []).some((holds) => holds(address)) || isMember(set, address),
    hasPort: (set, port) => (sets[set]?.ports ?? []).map(parsePorts).some(({ first, last }) => port >= first && port <= last),
  };
}
