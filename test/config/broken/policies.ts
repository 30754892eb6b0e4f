/** Files in which each rule is well, but not all of them together; and rules that come by command. */

import type { RuleText } from "../../conformance/policy.ts";

/** What is wrong, the rules, and what is said when they are compiled. */
type BrokenPolicy = readonly [what: string, rules: readonly RuleText[], says: string];

const many = (count: number, make: (index: number) => Omit<RuleText, "name" | "action">): RuleText[] =>
  Array.from({ length: count }, (_, index) => ({ name: `r${index}`, action: "block", ...make(index) }));

export const WRONG_POLICIES: BrokenPolicy[] = [
  [
    "nine rates that one packet can meet",
    many(9, (index) => ({ layer4: { protocol: "tcp", over_rate: `${index + 1}/s` } })),
    'one packet can meet the 9 conditional rules "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8" before a rule decides, at most 8 fit; narrow them, or put an unconditional rule between',
  ],
  [
    "nine conditions behind a not",
    many(9, (index) => ({ layer4: { protocol: "tcp", state: ["new"] }, not: { layer4: { destination_ports: [index] } } })),
    'one packet can meet the 9 conditional rules "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8" before a rule decides, at most 8 fit; narrow them, or put an unconditional rule between',
  ],
  [
    "65 lists of interfaces",
    many(65, (index) => ({ interfaces: [`eth${index}`] })),
    'rules may have 64 different "interfaces" lists, these have 65; beyond the limit are those of "r64": share lists, or use a pattern as "eth*"',
  ],
  [
    "more alternatives than fit",
    many(3, (index) => ({
      layer3: {
        source: Array.from({ length: 300 }, (_, host) => `10.${index}.${host >> 8}.${host & 255}`),
        destination: Array.from({ length: 300 }, (_, host) => `172.16.${host >> 8}.${host & 255}`),
      },
    })),
    'the rules expand to 270000 combinations of addresses, ports and messages, at most 262144 fit: "r0" 90000 (90000 pairs of layer3.source and layer3.destination), "r1" 90000 (90000 pairs of layer3.source and layer3.destination), "r2" 90000 (90000 pairs of layer3.source and layer3.destination); use prefixes instead of single addresses, and ranges instead of single ports',
  ],
  [
    "1,100 messages between any addresses",
    many(1100, (index) => ({ layer4: { protocol: "icmp", icmp: [{ type: index >> 8, code: index & 255 }] } })),
    'more than 1024 alternatives of the rules "r0", "r1", "r2", "r3", "r4" and 1,095 others overlap so much that each packet would be compared with all of them; name narrower sources, destinations or ports, or join rules into lists',
  ],
];

/** What is wrong, the rule as it came, and what is said. */
type BrokenRule = readonly [what: string, rule: unknown, ...says: string[]];

export const WRONG_DYNAMIC_RULES: BrokenRule[] = [
  ["no rule at all", null, "the rule is empty; give it a name, an action and conditions, or remove it"],
  ["a rule that is a list", [], "the rule is empty; give it a name, an action and conditions, or remove it"],
  ["a rule of another action", { name: "d1", action: "deny" }, 'action: "deny" is not one of allow, block; did you mean block?'],
  [
    "ports without a protocol",
    { name: "d1", action: "block", layer4: { destination_ports: [23] } },
    "layer4.destination_ports: destination_ports need the protocol tcp or udp",
  ],
  [
    "a set that the file does not have",
    { name: "d1", action: "block", layer3: { source: ["@partnrs"] } },
    'layer3.source[0]: there is no set "partnrs" in "sets"; did you mean @partners?',
  ],
  ["a not of nothing", { name: "d1", action: "block", not: {} }, "not: not is empty; name what the rule leaves out, or remove it"],
  [
    "reject for what passes",
    { name: "d1", action: "allow", reject: true },
    "reject: reject needs the action block, because what passes is not rejected",
  ],
  [
    "a rate of nothing",
    { name: "d1", action: "block", layer4: { over_rate: "0/s" } },
    "layer4.over_rate: the number of the rate 0/s is outside 1 to 10000000",
  ],
  ["an end that is a while", { name: "d1", action: "block", expires: "10m" }, 'expires: "10m" is not a time, as 2026-12-01T00:00:00Z'],
];
