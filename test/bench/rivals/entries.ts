/** What rivals are given to hold: rules that say all five fields, or a list of addresses. All can be written down for each of them. */

import { Random } from "../../harness/random.ts";
import { PROFILES } from "../../harness/rule-sets.ts";

export interface Entry {
  source: string;
  destination: string;
  protocol: "tcp" | "udp";
  ports: string;
}

export const SEED = 7;
/** A few listed addresses in each /24, as in lists of hosts that attack. */
export const STRIDE = 64;

/**
 * An access list in which a rule that says nothing about a field names one value there: sets hold no overlapping
 * entries, and no rule may match all that is sent.
 */
export function entries(count: number): Entry[] {
  const found = new Map<string, Entry>();
  for (const [number, { layer3, layer4 }] of PROFILES["access list"](new Random(SEED), 2 * count).entries()) {
    const entry: Entry = {
      source: layer3?.source?.[0] ?? hostOf(number),
      destination: layer3?.destination?.[0] ?? hostOf(number),
      protocol: layer4!.protocol as Entry["protocol"],
      ports: String(layer4!.destination_ports?.[0] ?? number % 65_536),
    };
    found.set(Object.values(entry).join(), entry);
    if (found.size === count) break;
  }
  return [...found.values()];
}

/** One that none of the others is. */
export const ANOTHER: Entry = { source: "203.0.113.7/32", destination: "192.0.2.7/32", protocol: "udp", ports: "4242" };

export function addresses(count: number): string[] {
  return Array.from({ length: count }, (_, number) => dotted(0x0a000000 + number * STRIDE));
}

export const ANOTHER_ADDRESS = "203.0.113.7";

function hostOf(number: number): string {
  return `${dotted(0xc6120000 + number)}/32`;
}

function dotted(bits: number): string {
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 0xff).join(".");
}
