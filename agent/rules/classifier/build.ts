/**
 * The matchers of a rule set as the cells that probes/classify.h searches: an index for each family, and one for each
 * family's packets whose ports are not known.
 */

import { IndexKind } from "../../generated/layout.ts";
import type { Family } from "./form.ts";
import { Image } from "./image.ts";
import type { Lines } from "./line.ts";
import { withoutPorts } from "./portless.ts";

const FAMILIES: { family: Family; other: number; index: number; portless: number }[] = [
  { family: "ipv4", other: 6, index: IndexKind.IPV4, portless: IndexKind.IPV4_PORTLESS },
  { family: "ipv6", other: 4, index: IndexKind.IPV6, portless: IndexKind.IPV6_PORTLESS },
];

/** Lines are in the order of their rules. Throws Crowded. */
export function buildCells(lines: Lines): Uint32Array {
  const image = new Image(IndexKind.COUNT);
  for (const { family, other, index, portless } of FAMILIES) {
    const chosen: number[] = [];
    for (let line = 0; line < lines.count; line++) if (lines.families[line] !== other) chosen.push(line);
    image.addIndex(index, lines, chosen, family, true);
    const rest = withoutPorts(lines, chosen);
    image.addIndex(portless, rest, [...Array(rest.count).keys()], family, false);
  }
  return image.words.subarray(0, image.used * 16);
}
