import assert from "node:assert/strict";
import { test } from "node:test";
import { explainRule } from "../../agent/policy/explain.ts";
import type { Subject } from "../../agent/policy/subject.ts";
import type { RuleConfig } from "../../agent/policy/rule.ts";

const RULE: RuleConfig = {
  name: "no-telnet",
  action: "block",
  enforce: true,
  direction: "ingress",
  interfaces: ["eth*"],
  layer3: { source: ["10.0.0.0/8", "2001:db8::1"] },
  layer4: { protocol: "tcp", destination_ports: [23, "8000-8100"], flags: { set: ["syn"], unset: ["ack"] } },
};

const TELNET: Subject = {
  direction: "ingress",
  interface: "eth0",
  source: 0xffff_0a00_0001n,
  destination: 0xffff_c000_0201n,
  protocol: 6,
  ports: { source: 40000, destination: 23 },
  icmp: null,
  tcpFlags: 2,
  state: "new",
  vlan: 0,
  dscp: 0,
  age: 0,
  sets: { hasAddress: () => false, hasPort: () => false },
  now: 0,
  process: null,
  counted: new Map(),
};

test("each field of a rule is explained with what it wants and what the packet has", () => {
  assert.deepEqual(explainRule(RULE, TELNET), [
    { field: "direction", matched: true, want: "ingress", got: "ingress" },
    { field: "interfaces", matched: true, want: "eth*", got: "eth0" },
    { field: "layer3.source", matched: true, want: "10.0.0.0/8 or 2001:db8::1", got: "10.0.0.1" },
    { field: "layer4.protocol", matched: true, want: "tcp", got: "tcp" },
    { field: "layer4.destination_ports", matched: true, want: "23 or 8000-8100", got: "23" },
    { field: "layer4.flags", matched: true, want: "syn, not ack", got: "syn" },
  ]);
});

test("a field that fails is told, and one that the packet does not say is neither", () => {
  const later: Subject = { ...TELNET, source: 0xffff_0b00_0001n, ports: undefined, tcpFlags: undefined };
  const told = explainRule(RULE, later).map(({ field, matched, got }) => [field, matched, got]);
  assert.deepEqual(told.slice(2), [
    ["layer3.source", false, "11.0.0.1"],
    ["layer4.protocol", true, "tcp"],
    ["layer4.destination_ports", null, "unknown"],
    ["layer4.flags", null, "unknown"],
  ]);
});

test("ICMP messages are explained by their names", () => {
  const rule: RuleConfig = {
    name: "ping",
    action: "block",
    enforce: false,
    direction: "both",
    layer4: { protocol: "icmpv6", icmp: [{ type: "echo-request", code: 0 }, { type: 200 }] },
  };
  const reply: Subject = { ...TELNET, protocol: 58, ports: null, icmp: { type: 129, code: 0 }, tcpFlags: null };
  assert.deepEqual(explainRule(rule, reply).at(-1), {
    field: "layer4.icmp",
    matched: false,
    want: "echo-request code 0 or 200",
    got: "echo-reply code 0",
  });
});

test("a rule without fields has no conditions", () => {
  assert.deepEqual(explainRule({ name: "all", action: "allow", enforce: false, direction: "both" }, TELNET), []);
});

test("of an address it is told which sets of the rule it is in, also where a rule leaves a set out", () => {
  const sets = { ...TELNET.sets, hasAddress: (set: string, address: bigint) => set === "known" && address === TELNET.source };
  const rule: RuleConfig = {
    name: "sets",
    action: "block",
    enforce: true,
    direction: "both",
    layer3: { source: ["@odd", "@known", "192.0.2.1"] },
    not: { layer3: { destination: ["@known"] } },
  };
  assert.deepEqual(explainRule(rule, { ...TELNET, sets }), [
    { field: "layer3.source", matched: true, want: "@odd or @known or 192.0.2.1", got: "10.0.0.1, not in @odd, in @known" },
    { field: "not", matched: true, want: "not layer3.destination @known", got: "layer3.destination 192.0.2.1, not in @known" },
  ]);
});
