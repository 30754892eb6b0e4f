/** The field `layer3.source`: the address of the end that opened the connection. */

import { type EndNetworks, type Pair, pairsOf } from "../pairs.ts";
import type { RuleConfig } from "../rule.ts";
import { ADDRESS_FORMATS, ADDRESS_LIST, ADDRESS_OPERATORS, type AddressEnd, gotAddress, wantAddress } from "./addresses.ts";
import { ANY, BOTH_WAYS, expansion, type Field } from "./field.ts";
import { list } from "./option-text.ts";

declare module "../rule.ts" {
  interface Layer3Negatable {
    /** Addresses, CIDR prefixes, `first-last` ranges (see parseNetworks in address.ts) and sets (see sets.ts). */
    source?: string[];
  }
}

export const SOURCE = {
  schema: {
    title: "Source",
    description: "The opener has one of these addresses. Write addresses, CIDR prefixes, first-last ranges and sets (`@NAME`).",
    ...ADDRESS_LIST,
    examples: [["10.0.0.0/8", "192.0.2.1-192.0.2.9"]],
  },
  formats: ADDRESS_FORMATS,
  sets: "addresses",
  not: {
    schema: {
      title: "Source left out",
      description: "The rule leaves out openers that have one of these addresses. Write addresses, CIDR prefixes and first-last ranges.",
      $ref: "#/definitions/networks",
      examples: [["10.0.0.0/8", "2001:db8::/32"]],
    },
    means: "is none of these addresses",
  },
  options: { src: { value: "LIST", about: "source addresses, prefixes or first-last ranges, separated by commas", read: list } },
  text: { place: "from", words: ({ layer3 }) => layer3?.source ?? [] },
  directions: BOTH_WAYS,
  operators: ADDRESS_OPERATORS,
  judged: "once",
  wants: ({ layer3 }) => (layer3?.source ?? []).map((text) => wantAddress(text, "source")),
  got: (subject, { layer3 }) => gotAddress(subject.source, layer3?.source, subject),
  /** The source is expanded together with the destination, because only some pairs can meet in a packet. */
  expansion: expansion<Pair>({
    label: "pairs of layer3.source and layer3.destination",
    alternatives(rule, { setsOf }, left) {
      if (rule.layer3 === undefined && left === undefined) return ANY;
      return pairsOf(endOf(rule, "source", left), endOf(rule, "destination", left), setsOf);
    },
    write(lines, line, { source, destination }) {
      if (source !== undefined) "sets" in source ? lines.setSourceSets(line, source.sets) : lines.setSource(line, source);
      if (destination !== undefined)
        "sets" in destination ? lines.setDestinationSets(line, destination.sets) : lines.setDestination(line, destination);
    },
  }),
} satisfies Field;

function endOf({ layer3, not }: RuleConfig, end: AddressEnd, left: string | undefined): EndNetworks {
  return { of: layer3?.[end], except: left === `layer3.${end}` ? not?.layer3?.[end] : undefined };
}
