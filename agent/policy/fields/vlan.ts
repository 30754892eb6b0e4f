/**
 * The field `layer2.vlan`: the VLAN that the frame of each packet is tagged with.
 *
 * The field is the identifier of the outermost tag that has one. A priority tag (identifier 0) does not count, because Linux
 * strips it and goes on with the tag behind it. Packets inside a tunnel have the tag of the inner frame.
 */

import { Limit, Rule, RuleVlans } from "../../generated/layout.ts";
import { quote } from "../../values/quote.ts";
import { BOTH_WAYS, type Field, NONE, shown, worded } from "./field.ts";
import { numbers } from "./option-text.ts";

type Vlans = number | string;

declare module "../rule.ts" {
  interface Layer2Config {
    /** Identifiers, `first-last` ranges, and `none`. */
    vlan?: Vlans[];
  }
}

const LAST = 4094;

export const VLAN = {
  schema: {
    title: "VLAN",
    description: `The frame of a packet has one of these VLANs. Write identifiers, first-last ranges, and \`none\` for frames without a tag, at most ${Limit.VLANS}. Only the outermost tag counts, and a priority tag does not. weir asks this of each packet of both ends, and inside a tunnel it asks about the inner frame. The field needs an ingress hook that sees tags: if the network card strips them, XDP does not.`,
    type: "array",
    maxItems: Limit.VLANS,
    uniqueItems: true,
    items: { type: ["integer", "string"], minimum: 1, maximum: LAST, format: "vlan" },
    examples: [[10, "100-199"], ["none"]],
  },
  formats: {
    vlan(value) {
      if (value === NONE) return undefined;
      if (/^[0-9]{1,4}$/.test(value)) return { error: `${quote(value)} is text; write the number without quotes`, suggestion: value };
      const [, first, last] = (/^([0-9]{1,4})-([0-9]{1,4})$/.exec(value) ?? []).map(Number) as [number, number?, number?];
      if (first === undefined || last === undefined) return { error: `${quote(value)} is not a VLAN, a range as 100-199, or none` };
      if (first < 1 || last > LAST) return { error: `the range ${value} is outside 1 to ${LAST}` };
      return first > last ? { error: `the range ${value} ends before it begins`, suggestion: `${last}-${first}` } : undefined;
    },
  },
  options: { vlan: { value: "LIST", about: "identifiers of VLANs or first-last ranges, or none for untagged frames", read: numbers } },
  text: { place: "packet", words: ({ layer2 }) => worded("in VLAN ", layer2?.vlan) },
  directions: BOTH_WAYS,
  operators: { identifier: "has this tag", range: "has a tag that lies in it, both ends included", none: "has no tag" },
  judged: "each_packet",
  wants: ({ layer2 }) =>
    (layer2?.vlan ?? []).map((text) => {
      const { first, last } = rangeOf(text);
      return {
        operator: text === NONE ? "none" : typeof text === "string" ? "range" : "identifier",
        text: String(text),
        holds: ({ vlan }) => (vlan === undefined ? undefined : vlan >= first && vlan <= last),
      };
    }),
  got: ({ vlan }) => shown(vlan, (identifier) => (identifier === 0 ? NONE : String(identifier))),
  write({ layer2 }, bytes) {
    for (const [index, vlan] of (layer2?.vlan ?? []).entries()) {
      const at = Rule.vlans.at + index * Rule.vlans.stride;
      const { first, last } = rangeOf(vlan);
      bytes.setUint16(at + RuleVlans.first, first + 1);
      bytes.setUint16(at + RuleVlans.last, last + 1);
    }
  },
} satisfies Field;

/** `none` is the identifier 0. */
function rangeOf(vlan: Vlans): { first: number; last: number } {
  const [first, last = first] = vlan === NONE ? [0] : (String(vlan).split("-").map(Number) as [number, number?]);
  return { first, last };
}
