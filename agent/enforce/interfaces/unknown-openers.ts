/**
 * On a host that forwards, and does not watch all interfaces, weir may see the answer to a SYN that it did not see. Then it does
 * not know who opened the connection.
 */

import { readFileSync } from "node:fs";

import { someInterfaceMatches } from "../../values/interfaces.ts";
import { quote } from "../../values/quote.ts";
import type { InterfacesConfig } from "../../../config/types.ts";

const FORWARDING = ["/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv6/conf/all/forwarding"];
/** At most this many names are listed, because nobody reads more. */
const MOST_NAMES = 5;

/** Returns whether the network namespace of this process forwards; false if the kernel does not tell. */
export function forwardsHere(): boolean {
  return FORWARDING.some((path) => {
    try {
      return readFileSync(path, "latin1").trim() !== "0";
    } catch {
      return false;
    }
  });
}

/** Warns for `weir check` on a host that forwards. `present` holds the devices that are up, without the loopback. */
export function warnOfUnknownOpeners({ include, exclude, egress }: InterfacesConfig, present: readonly string[]): string[] {
  const unwatched = present.filter((name) => !someInterfaceMatches(include, name) || someInterfaceMatches(exclude, name));
  const sentences: string[] = [];
  if (!egress)
    sentences.push(
      "interfaces.egress is false, so weir does not know who opened a forwarded connection whose SYN came through an interface that is not watched, or was translated by NAT; defaults.on_error decides about the reply",
    );
  // A SYN passes two of them. If one of these is watched, weir knows the SYN.
  else if (unwatched.length > 1)
    sentences.push(
      `${namesOf(unwatched)} are not watched; if a connection is opened through these alone and answered through an interface that is watched, weir does not know who opened it, and defaults.on_error decides`,
    );
  return sentences.map((sentence) => `on this machine, which forwards packets: ${sentence}`);
}

function namesOf(names: readonly string[]): string {
  const said = names.slice(0, MOST_NAMES).map(quote);
  const last = names.length > MOST_NAMES ? `${names.length - MOST_NAMES} more` : said.pop()!;
  return `${said.join(", ")} and ${last}`;
}
