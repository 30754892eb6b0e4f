/**
 * The field `layer3.destination`: the address of the end that the connection was opened to. Its matchers are made together with
 * those of the source.
 */

import { ADDRESS_FORMATS, ADDRESS_LIST, ADDRESS_OPERATORS, gotAddress, wantAddress } from "./addresses.ts";
import { BOTH_WAYS, type Field } from "./field.ts";
import { list } from "./option-text.ts";

declare module "../rule.ts" {
  interface Layer3Negatable {
    destination?: string[];
  }
}

export const DESTINATION = {
  schema: {
    title: "Destination",
    description:
      "The end that did not open the connection has one of these addresses. Write addresses, CIDR prefixes, first-last ranges and sets (`@NAME`).",
    ...ADDRESS_LIST,
    examples: [["2001:db8::/32"]],
  },
  formats: ADDRESS_FORMATS,
  sets: "addresses",
  not: {
    schema: {
      title: "Destination left out",
      description:
        "The rule leaves out connections whose other end has one of these addresses. Write addresses, CIDR prefixes and first-last ranges.",
      $ref: "#/definitions/networks",
      examples: [["192.0.2.1-192.0.2.9"]],
    },
    means: "is none of these addresses",
  },
  options: { dst: { value: "LIST", about: "destination addresses, prefixes or first-last ranges", read: list } },
  text: { place: "to", words: ({ layer3 }) => layer3?.destination ?? [] },
  directions: BOTH_WAYS,
  operators: ADDRESS_OPERATORS,
  judged: "once",
  wants: ({ layer3 }) => (layer3?.destination ?? []).map((text) => wantAddress(text, "destination")),
  got: (subject, { layer3 }) => gotAddress(subject.destination, layer3?.destination, subject),
} satisfies Field;
