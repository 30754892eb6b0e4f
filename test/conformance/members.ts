/** Who is in sets beside those that the policy writes there, for the reference. */

import { addressesOf } from "../../agent/policy/fields/addresses.ts";
import type { Host } from "../../agent/policy/reference.ts";

export class Members {
  #holds: Record<string, ((address: bigint) => boolean)[]> = {};

  isMember: Host["isMember"] = (set, address) => (this.#holds[set] ?? []).some((holds) => holds(address));

  /** In place of those before. Connections have to ask again. */
  take(members: Readonly<Record<string, readonly string[]>>): void {
    this.#holds = Object.fromEntries(Object.entries(members).map(([set, texts]) => [set, texts.map(addressesOf)]));
  }
}
