/** The field `layer4.state`: the relation of each packet to its connection. */

import { Rule, State } from "../../generated/layout.ts";
import { CONNECTION_STATES, type ConnectionState, PROTOCOLS, protocolName } from "../../values/names.ts";
import type { RuleConfig } from "../rule.ts";
import { BOTH_WAYS, type Field, known, listOf, shown, worded } from "./field.ts";
import { list } from "./option-text.ts";

declare module "../rule.ts" {
  interface Layer4Config {
    state?: ConnectionState[];
  }
}

const NUMBERS: Record<ConnectionState, number> = {
  new: State.NEW,
  established: State.ESTABLISHED,
  related: State.RELATED,
  invalid: State.INVALID,
};

export const STATE = {
  schema: {
    title: "State",
    description:
      "The packet has one of these states. A connection is `new` while the other end has not answered, and `established` once it has. An ICMP error about a connection is `related`. TCP that neither opens a connection nor belongs to a known one is `invalid`. weir asks this of each packet.",
    type: "array",
    uniqueItems: true,
    items: { type: "string", enum: CONNECTION_STATES },
    examples: [["invalid"], ["established", "related"]],
  },
  check(value, { number }, complain) {
    const index = listOf(value).indexOf("invalid");
    if (index < 0 || number === undefined || number === PROTOCOLS["tcp"]) return;
    complain([index], `only tcp has the state invalid, and the protocol is ${protocolName(number)}`, { value: "invalid" });
  },
  options: { state: { value: "LIST", about: "new, established, related or invalid", read: list } },
  text: { place: "packet", words: ({ layer4 }) => worded("", layer4?.state) },
  directions: BOTH_WAYS,
  operators: {
    new: "the other end has not answered yet",
    established: "both ends have spoken",
    related: "is an ICMP error about the connection",
    invalid: "is TCP that neither opens a connection nor belongs to one",
  },
  judged: "each_packet",
  wants: ({ layer4 }) =>
    (layer4?.state ?? []).map((state) => ({
      operator: state,
      text: state,
      holds: (subject) => known(subject.state, (is) => is === state),
    })),
  got: ({ state }) => shown(state, (is) => is),
  write: ({ layer4 }, bytes) =>
    bytes.setUint8(
      Rule.states,
      (layer4?.state ?? []).reduce((bits, name) => bits | (1 << NUMBERS[name]), 0),
    ),
} satisfies Field;

export function asksForInvalid({ layer4 }: RuleConfig): boolean {
  return layer4?.state?.includes("invalid") === true;
}
