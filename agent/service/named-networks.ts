/** Networks as operators name them, one by one or by the thousand. */

import { formatNetwork, type Network, networkContains, readNetworks } from "../values/address.ts";
import { printable } from "../values/quote.ts";

/** Rows looked at for one page. */
export const SEARCHED = 50_000;
/** Networks that a line of the audit log names. */
export const NAMED = 20;
export const MOST_PROBLEMS = 50;

/** A network as somebody named it. */
export interface Named {
  text: string;
  network: Network;
}

export function readAll(texts: readonly string[]): { named: Named[]; problems: string[]; warnings: string[] } {
  const [named, problems, warnings]: [Named[], string[], string[]] = [[], [], []];
  for (const text of texts) {
    const reading = readNetworks(text);
    if ("error" in reading) {
      problems.push(
        `${printable(text)}: ${reading.error}${reading.suggestion === undefined ? "" : `; did you mean ${printable(reading.suggestion)}?`}`,
      );
      continue;
    }
    for (const network of reading.networks) named.push({ text, network });
    if (reading.masked !== undefined && warnings.length < MOST_PROBLEMS)
      warnings.push(`${printable(text)} has bits set beyond its prefix and counts as ${reading.masked}`);
  }
  return { named, problems, warnings };
}

export function covers(wide: Network, narrow: Network): boolean {
  return wide.family === narrow.family && wide.length <= narrow.length && networkContains(wide, narrow.address);
}

export function listOf(networks: readonly Network[]): string {
  const more = networks.length - NAMED;
  return `${networks.slice(0, NAMED).map(formatNetwork).join(",")}${more > 0 ? ` and ${more} more` : ""}`;
}

export function some(problems: readonly string[]): string[] {
  return problems.length <= MOST_PROBLEMS
    ? [...problems]
    : [...problems.slice(0, MOST_PROBLEMS), `and ${problems.length - MOST_PROBLEMS} more`];
}
