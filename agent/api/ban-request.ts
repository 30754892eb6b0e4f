/** What callers send about bans and members of sets: anything but exactly the right shape is refused. */

import { readAddress } from "../values/address.ts";
import { quote } from "../values/quote.ts";
import { MOST_NETWORKS, type NewBans } from "../service/contract.ts";
import { Refusal } from "../values/refusal.ts";
import { checkedTerm, isTexts } from "./rule-request.ts";

/** Of a body with that many networks. */
export const LARGEST_BODY = 1024 * 1024;

export function checkedNewBans({ networks, check_only = false, ...term }: Record<string, unknown>): NewBans {
  if (typeof check_only !== "boolean") throw wrong("The request's check_only is not true or false.", "Send one of them, or leave it out.");
  return { networks: checkedNetworks(networks), check_only, ...checkedTerm(term) };
}

export function checkedBans(networks: unknown): string[] | "all" {
  return networks === "all" ? networks : checkedNetworks(networks);
}

function checkedNetworks(networks: unknown): string[] {
  if (!isTexts(networks) || networks.length === 0)
    throw wrong("The request does not say whom it is about.", 'Send {"networks": ["192.0.2.7", "2001:db8::/32"]}.');
  if (networks.length > MOST_NETWORKS)
    throw wrong(`The request names ${networks.length} networks.`, `Send at most ${MOST_NETWORKS} at a time.`);
  return networks;
}

export function checkedSetName(name: unknown): string {
  if (typeof name !== "string" || name === "")
    throw wrong("The request does not say which set it is about.", 'Send {"set": "partners", ...}.');
  return name;
}

/** Single ones. */
export function checkedAddresses(addresses: unknown): string[] {
  const texts = checkedNetworks(addresses);
  const bad = texts.find((text) => "error" in readAddress(text));
  if (bad !== undefined) throw wrong(`${quote(bad)} is not an address.`, "Send addresses, without prefixes and ranges.");
  return texts;
}

function wrong(what: string, next: string): Refusal {
  return new Refusal(what, { kind: "malformed", next });
}
