import assert from "node:assert/strict";
import { test } from "node:test";

import { inquire, type Kernel } from "../../agent/explain/inquiry.ts";
import { frameOf, type PacketText } from "../../agent/explain/packet.ts";
import type { KernelJudge } from "../../agent/explain/kernel-judge.ts";
import type { Arrival, Outcome } from "../../agent/policy/reference.ts";
import { policyOf, type RuleText } from "../conformance/policy.ts";

const TELNET: PacketText = {
  direction: "ingress",
  interface: "eth0",
  source: "192.0.2.7",
  destination: "198.51.100.1",
  protocol: "tcp",
  destination_port: 23,
};
const NOBODY = { why: "nobody asked" };
const RULES: RuleText[] = [
  { name: "admins", action: "allow", layer3: { source: ["10.0.0.0/8"] }, layer4: { protocol: "tcp", destination_ports: [23] } },
  { name: "watched", action: "block", layer4: { protocol: "tcp" } },
  { name: "no-telnet", action: "block", enforce: true, layer4: { protocol: "tcp", destination_ports: [23] } },
  { name: "late", action: "allow", layer3: { source: ["192.0.2.7"] } },
];

function arrivalOf(packet: PacketText): Arrival {
  return { frame: frameOf(packet), hook: packet.direction, interface: packet.interface };
}

const ask = (packet: PacketText, rules = RULES, kernel: Kernel = NOBODY, before: Arrival[] = []) =>
  inquire(
    { policy: policyOf({ rules }), sourceOf: (index) => `weir.yaml:${index + 3}` },
    {},
    { arrival: arrivalOf(packet), before },
    kernel,
  );

test("an answer names the rule, its place, its conditions, the staged rule before it and near misses", () => {
  const { verdict, rule, conditions, staged, near_misses, undecided } = ask(TELNET);
  assert.equal(verdict, "would_drop");
  assert.deepEqual(rule, { name: "no-telnet", action: "block", enforce: true, source: "weir.yaml:5" });
  assert.deepEqual(conditions, [
    { field: "layer4.protocol", matched: true, want: "tcp", got: "tcp" },
    { field: "layer4.destination_ports", matched: true, want: "23", got: "23" },
  ]);
  assert.equal(staged?.rule.name, "watched");
  assert.equal(undecided, null);
  assert.deepEqual(
    near_misses.map((miss) => [miss.rule.name, miss.field, miss.want, miss.got]),
    [
      ["admins", "layer3.source", "10.0.0.0/8", "192.0.2.7"],
      ["late", "order", "before no-telnet", "after it"],
    ],
  );
});

test("a rule of one condition that fails is no near miss, and of many that are the first few are told", () => {
  assert.deepEqual(ask(TELNET, [{ name: "other", action: "block", layer4: { protocol: "udp" } }]).near_misses, []);
  const many = Array.from(
    { length: 9 },
    (_, index): RuleText => ({ name: `port-${index}`, action: "block", layer4: { protocol: "tcp", destination_ports: [index] } }),
  );
  assert.deepEqual(
    ask(TELNET, many).near_misses.map(({ rule }) => rule.name),
    ["port-0", "port-1", "port-2", "port-3", "port-4"],
  );
});

test("frames before it open the connection that an answer belongs to", () => {
  const reply: PacketText = {
    ...TELNET,
    direction: "egress",
    source: TELNET.destination,
    destination: TELNET.source,
    source_port: 80,
    destination_port: 40000,
    flags: ["ack"],
  };
  assert.equal(ask(reply, []).undecided?.reason, "opener_unknown");
  const { verdict, rule, connection } = ask(
    reply,
    [{ name: "web", action: "allow", layer4: { protocol: "tcp", destination_ports: [80] } }],
    NOBODY,
    [arrivalOf({ ...TELNET, destination_port: 80 })],
  );
  assert.deepEqual([verdict, rule.name], ["passed", "web"]);
  assert.deepEqual(connection, {
    direction: "ingress",
    source: { address: "192.0.2.7", port: 40000 },
    destination: { address: "198.51.100.1", port: 80 },
  });
});

test("what cannot be known is told, with the rules that ask for it", () => {
  const frame = frameOf(TELNET);
  frame[14 + 7] = 1; // a later fragment
  const rules: RuleText[] = [{ name: "no-telnet", action: "block", enforce: true, layer4: { protocol: "tcp", destination_ports: [23] } }];
  const { undecided, verdict } = inquire(
    { policy: policyOf({ rules }), sourceOf: () => "weir.yaml:3" },
    {},
    { arrival: { frame, hook: "ingress", interface: "eth0" } },
    NOBODY,
  );
  assert.equal(verdict, "undecided");
  assert.deepEqual(undecided, {
    reason: "fragment_without_first",
    meaning: "it is a later fragment without ports, and its first was not seen",
    action: "allow",
    rules: [{ rule: { name: "no-telnet", action: "block", enforce: true, source: "weir.yaml:3" }, unknown: ["layer4.destination_ports"] }],
  });
});

test("a kernel that says otherwise is told, whatever it differs in", () => {
  const same: Outcome = { verdict: "would_drop", rule: "no-telnet", staged: "watched", reason: null, answer: null };
  const differently: Partial<Outcome>[] = [{ verdict: "passed" }, { rule: "late" }, { staged: null }, { reason: "opener_unknown" }];
  const judgeSaying = (outcome: Outcome): Kernel => ({
    hook: "tc",
    judge: { forget() {}, cannotTry() {}, judge: () => outcome } as unknown as KernelJudge,
  });
  const agrees = (outcome: Outcome): boolean => {
    const { kernel } = ask(TELNET, RULES, judgeSaying(outcome));
    assert.ok(kernel.asked);
    return kernel.agrees;
  };
  assert.equal(agrees(same), true);
  for (const difference of differently) assert.equal(agrees({ ...same, ...difference }), false, JSON.stringify(difference));
});
