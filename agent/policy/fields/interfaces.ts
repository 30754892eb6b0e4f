/** The field `interfaces`: the interfaces where the packet is seen. */

import { fits } from "../../values/pattern.ts";
import { ANY, BOTH_WAYS, expansion, type Field, worded } from "./field.ts";
import { list } from "./option-text.ts";

declare module "../rule.ts" {
  interface RuleConfig {
    interfaces?: string[];
  }
  interface NotConfig {
    interfaces?: string[];
  }
}

export const INTERFACES = {
  schema: {
    title: "Interfaces",
    description:
      "The rule is about the interfaces with these names. `*` stands for any characters. An absent or empty list means all interfaces.",
    $ref: "#/definitions/interface_patterns",
    examples: [["eth0", "wg*"]],
  },
  not: {
    schema: {
      title: "Interfaces left out",
      description: "The rule leaves out the interfaces with these names. `*` stands for any characters.",
      $ref: "#/definitions/interface_patterns",
      examples: [["lo", "wg*"]],
    },
    means: "is none of these interfaces",
  },
  options: { interface: { value: "LIST", about: "names of interfaces, with * for any characters", read: list } },
  text: { place: "interface", words: ({ interfaces }) => worded("on ", interfaces) },
  directions: BOTH_WAYS,
  operators: { name: "is this interface", pattern: "fits, `*` standing for any run of characters" },
  judged: "once",
  wants: ({ interfaces = [] }) =>
    interfaces.map((text) => ({
      operator: text.includes("*") ? "pattern" : "name",
      text,
      holds: (subject) => fits(text, subject.interface),
    })),
  got: (subject) => subject.interface,
  expansion: expansion<bigint>({
    alternatives({ interfaces = [], not }, { groupOf }, left) {
      const except = left === "interfaces" ? (not?.interfaces ?? []) : [];
      return interfaces.length + except.length === 0 ? ANY : [groupOf(interfaces, except)];
    },
    write: (lines, line, groups) => lines.setInterfaceGroups(line, groups),
  }),
} satisfies Field;
