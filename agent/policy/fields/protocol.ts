/** The field `layer4.protocol`: the protocol of the connection. */

import { meansAny } from "../../values/meant.ts";
import { nearest } from "../../values/nearest.ts";
import { PROTOCOLS, protocolName, protocolNumber } from "../../values/names.ts";
import { quote } from "../../values/quote.ts";
import type { NotConfig } from "../rule.ts";
import { type Range, rangesOutside } from "../spans.ts";
import { ANY, BOTH_WAYS, expansion, type Field, UNKNOWN, type Want } from "./field.ts";
import { number } from "./option-text.ts";

declare module "../rule.ts" {
  interface Layer4Negatable {
    /** A name of names.ts or a number. */
    protocol?: string | number;
  }
}

const VALUE = { type: ["integer", "string"], minimum: 0, maximum: 255, format: "protocol" } as const;
const ALL_PROTOCOLS: readonly Range[] = [{ first: 0, last: 0xff }];

export const PROTOCOL = {
  schema: {
    title: "Protocol",
    description: `The connection has this protocol. Write its name (${Object.keys(PROTOCOLS).join(", ")}) or its number.`,
    ...VALUE,
    type: [...VALUE.type],
    examples: ["tcp", 47],
  },
  formats: {
    protocol(value) {
      if (protocolNumber(value) !== undefined) return undefined;
      if (meansAny(value)) return { error: `${quote(value)} is not a protocol; leave the protocol out to match any` };
      if (/^[0-9]{1,3}$/.test(value)) return { error: `${quote(value)} is text; write the number without quotes`, suggestion: value };
      const suggestion = nearest(value, Object.keys(PROTOCOLS));
      return { error: `${quote(value)} is not a protocol`, ...(suggestion === undefined ? {} : { suggestion }) };
    },
  },
  familyOf(value) {
    const number = numberOf(value);
    return number === PROTOCOLS["icmp"] ? 4 : number === PROTOCOLS["icmpv6"] ? 6 : undefined;
  },
  not: {
    schema: {
      title: "Protocol left out",
      description:
        "The rule leaves out this protocol. Write its name or its number. If you write ports or messages, too, the rule leaves out only those of the protocol.",
      ...VALUE,
      type: [...VALUE.type],
      examples: ["udp", 47],
    },
    means: "is not this protocol",
  },
  options: { proto: { value: "NAME", about: "tcp, udp, icmp, icmpv6, another name or a number", read: number } },
  text: { place: "protocol", words: ({ layer4 }) => (layer4?.protocol === undefined ? [] : [String(layer4.protocol)]) },
  directions: BOTH_WAYS,
  operators: { name: "is the protocol of this name", number: "is this protocol, as IANA numbers them" },
  judged: "once",
  wants: ({ layer4 }) => (layer4?.protocol === undefined ? [] : [wantProtocol(layer4.protocol)]),
  got: ({ protocol }) => (protocol === undefined ? UNKNOWN : protocolName(protocol)),
  expansion: expansion<Range>({
    alternatives({ layer4, not }, _, left) {
      if (left === "layer4.protocol") return rangesOutside(protocolOf(layer4) ?? ALL_PROTOCOLS, protocolOf(not?.layer4) ?? []);
      // If the part leaves out ports or messages, it still has the protocol to which they belong.
      return protocolOf(layer4) ?? (left?.startsWith("layer4.") ? protocolOf(not?.layer4) : undefined) ?? ANY;
    },
    write: (lines, line, protocols) => lines.setProtocols(line, protocols),
  }),
} satisfies Field;

/** Returns undefined if the value, as it is written, is not a protocol. */
export function numberOf(value: unknown): number | undefined {
  return typeof value === "string" || typeof value === "number" ? protocolNumber(value) : undefined;
}

export function protocolOf(layer4: NotConfig["layer4"]): Range[] | undefined {
  if (layer4?.protocol === undefined) return undefined;
  const number = protocolNumber(layer4.protocol)!;
  return [{ first: number, last: number }];
}

function wantProtocol(value: string | number): Want {
  const wanted = protocolNumber(value);
  return {
    operator: typeof value === "string" ? "name" : "number",
    text: String(value),
    holds: ({ protocol }) => (protocol === undefined ? undefined : protocol === wanted),
  };
}
