/** The field `layer4.flags`: flags of each TCP packet that the opener sends. */

import { Rule } from "../../generated/layout.ts";
import type { Schema } from "../../values/json-schema.ts";
import { TCP_FLAGS, type TcpFlag } from "../../values/names.ts";
import { BOTH_WAYS, type Field, isMapping, known, listOf, NONE, shown, type Want, worded } from "./field.ts";
import { list } from "./option-text.ts";

interface Flags {
  set?: TcpFlag[];
  unset?: TcpFlag[];
}

declare module "../rule.ts" {
  interface Layer4Config {
    flags?: Flags;
  }
}

const NAMES: Schema = { type: "array", uniqueItems: true, items: { type: "string", enum: Object.keys(TCP_FLAGS) } };

export const FLAGS = {
  schema: {
    title: "TCP flags",
    description:
      "A packet of the opener has the flags in `set`, and lacks those in `unset`. weir asks this of each packet. The field needs the protocol tcp.",
    type: "object",
    additionalProperties: false,
    minProperties: 1,
    examples: [{ set: ["syn"], unset: ["ack"] }],
    properties: {
      set: { title: "Set", description: "The packet has all of these flags.", ...NAMES, examples: [["syn"]] },
      unset: { title: "Unset", description: "The packet has none of these flags.", ...NAMES, examples: [["ack", "rst"]] },
    },
  },
  needs: ["tcp"],
  check(value, _, complain) {
    if (!isMapping(value)) return;
    const [set, unset] = [listOf(value["set"]), listOf(value["unset"])];
    const both = set.find((flag) => unset.includes(flag));
    if (both !== undefined) complain(["unset"], `the flag ${String(both)} cannot be both set and unset`, { value: both });
    if (Object.keys(value).length > 0 && set.length + unset.length === 0) complain([], "no flag is named; name some in set or unset");
  },
  options: {
    flags: { value: "LIST", about: "TCP flags that a packet has, or with ! lacks, as syn,!ack (with --proto tcp)", read: readFlags },
  },
  text: {
    place: "packet",
    words: ({ layer4: { flags: { set = [], unset = [] } = {} } = {} }) => worded("with ", [...set, ...unset.map((flag) => `no ${flag}`)]),
  },
  directions: BOTH_WAYS,
  operators: { set: "has all of these flags", unset: "has none of these flags", set_and_unset: "has the first and lacks the second" },
  judged: "each_packet",
  wants: ({ layer4 }) => (layer4?.flags === undefined ? [] : [wantFlags(layer4.flags)]),
  got: ({ tcpFlags }) => shown(tcpFlags, flagNames),
  write({ layer4 }, bytes) {
    if (layer4?.flags === undefined) return;
    const { set, unset } = layer4.flags;
    bytes.setUint8(Rule.tcp_flags_mask, bitsOf(set) | bitsOf(unset));
    bytes.setUint8(Rule.tcp_flags_value, bitsOf(set));
  },
} satisfies Field;

function bitsOf(names: readonly TcpFlag[] = []): number {
  return names.reduce((all, name) => all | TCP_FLAGS[name], 0);
}

function readFlags(text: string): { set?: string[]; unset?: string[] } {
  const [set, unset] = [
    list(text).filter((name) => !name.startsWith("!")),
    list(text)
      .filter((name) => name.startsWith("!"))
      .map((name) => name.slice(1)),
  ];
  return { ...(set.length === 0 ? {} : { set }), ...(unset.length === 0 ? {} : { unset }) };
}

function wantFlags({ set = [], unset = [] }: Flags): Want {
  const [wanted, unwanted] = [bitsOf(set), bitsOf(unset)];
  return {
    operator: unset.length === 0 ? "set" : set.length === 0 ? "unset" : "set_and_unset",
    text: [...set, ...unset.map((flag) => `not ${flag}`)].join(", "),
    holds: ({ tcpFlags }) => known(tcpFlags, (has) => (has & wanted) === wanted && (has & unwanted) === 0),
  };
}

function flagNames(bits: number): string {
  const names = Object.entries(TCP_FLAGS).filter(([, bit]) => bits & bit);
  return names.length === 0 ? NONE : names.map(([name]) => name).join(", ");
}
