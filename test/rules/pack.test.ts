import assert from "node:assert/strict";
import { endianness } from "node:os";
import { test } from "node:test";
import { FailsafeSession, Matcher, Policy, Slot } from "../../agent/generated/layout.ts";
import { compile } from "../../agent/rules/compile.ts";
import { pack } from "../../agent/rules/pack.ts";
import { askRules, prepareRules } from "../../agent/rules/reference/meaning.ts";
import type { Subject } from "../../agent/rules/subject.ts";
import { policyOf, type RuleText } from "../conformance/policy.ts";
import { classifyPacked } from "./packed-classifier.ts";

/** A small generator of numbers that are the same in every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const ADDRESSES = ["10.0.0.1", "10.0.0.0/24", "10.0.0.3-10.0.0.9", "10.0.1.0/25", "0.0.0.0/0", "2001:db8::1", "2001:db8::/32", "::/0", "2001:db8::5-2001:db8::1:0", "::/64"];
const PORTS = [22, 80, "80-90", "1-1024", "0-65535", 65535];
const INTERFACES = [["eth0"], ["eth*"], ["wan*", "eth1"], ["*"]];

function someRule(next: (below: number) => number, index: number): RuleText {
  const pick = <T>(list: readonly T[]): T => list[next(list.length)] as T;
  const some = <T>(list: readonly T[]): T[] => Array.from({ length: next(3) }, () => pick(list));
  const protocol = pick([undefined, "tcp", "udp", "icmp", "icmpv6", 132]);
  const hasPorts = protocol === "tcp" || protocol === "udp";
  const hasMessages = protocol === "icmp" || protocol === "icmpv6";
  return {
    name: `rule-${index}`,
    action: pick(["allow", "block"]),
    enforce: next(2) === 0,
    direction: pick(["ingress", "egress", "both"]),
    ...(next(3) === 0 && { interfaces: pick(INTERFACES) }),
    layer3: { source: some(ADDRESSES), destination: some(ADDRESSES) },
    layer4: {
      ...(protocol !== undefined && { protocol }),
      ...(hasPorts && { source_ports: some(PORTS), destination_ports: some(PORTS) }),
      ...(hasMessages && { icmp: some([{ type: "echo-request" }, { type: "echo-reply", code: 0 }, { type: 200, code: 3 }]) }),
      ...(protocol === "tcp" && next(3) === 0 && { flags: pick([{ set: ["syn"] }, { unset: ["ack"] }, { set: ["syn"], unset: ["fin"] }] as const) as never }),
    },
  };
}

function someSubject(next: (below: number) => number): Subject {
  const pick = <T>(list: readonly T[]): T => list[next(list.length)] as T;
  const base = pick([0xffff_0a00_0000n, 0x20010db8n << 96n, 0n]);
  const protocol = pick([1, 6, 17, 58, 132, 2]);
  return {
    direction: pick(["ingress", "egress"]),
    interface: pick(["eth0", "eth1", "wan0", "lo"]),
    source: base + BigInt(next(12)),
    destination: base + BigInt(next(400)),
    protocol,
    ports: protocol === 6 || protocol === 17 ? { source: pick([22, 80, 85, 5000]), destination: pick([22, 80, 91, 65535]) } : null,
    icmp: protocol === 1 || protocol === 58 ? { type: pick([0, 8, 128, 129, 200]), code: pick([0, 3]) } : null,
    tcpFlags: protocol === 6 ? pick([2, 3, 16, 18]) : null,
  };
}

test("the packed tables say what the rules mean", () => {
  const next = numbers(7);
  let decidedByRule = 0;
  for (let round = 0; round < 60; round++) {
    // The membership messages that pass a blocking default are the kernel's own code, and not in the tables.
    const policy = policyOf({ rules: Array.from({ length: 1 + next(8) }, (_, index) => someRule(next, index)) });
    const compiled = compile(policy);
    const packed = pack(compiled, 1);
    const prepared = prepareRules(policy);
    const names = new Map<number, string>([[Slot.DEFAULT, "default"], ...compiled.rules.map(({ slot, name }) => [slot, name] as const)]);
    for (let count = 0; count < 100; count++) {
      const subject = someSubject(next);
      const meant = askRules(prepared, policy.defaults.action, subject);
      const got = classifyPacked(packed, subject, compiled.groupsOf(subject.interface));
      assert.deepEqual(
        { rule: names.get(got.slot), staged: names.get(got.staged) ?? null, action: got.block ? "block" : "allow" },
        { rule: meant.rule, staged: meant.staged, action: meant.action },
        JSON.stringify({ rules: policy.rules, subject }, (_, value: unknown) => (typeof value === "bigint" ? value.toString(16) : value)),
      );
      if (meant.rule !== "default") decidedByRule++;
    }
  }
  assert.ok(decidedByRule > 500, `only ${decidedByRule} subjects met a rule`);
});

test("the policy, field by field", () => {
  const compiled = compile({
    ...policyOf({ defaults: { action: "block", on_error: { egress: "block" } }, failsafe: { management_ports: [22, 2222], addresses: ["192.0.2.0/24", "2001:db8::1"] }, inspect_tunnels: false }),
    events_per_second: 77,
  });
  const { policy, matchers, rules } = pack(compiled, 5, [{ remoteAddress: "198.51.100.7", remotePort: 50000, localPort: 22 }]);
  const view = new DataView(policy.buffer);
  const little = endianness() === "LE";
  assert.equal(policy.length, Policy.size);
  assert.equal(view.getUint32(Policy.generation, little), 5);
  assert.equal(view.getUint32(Policy.matcher_count, little), 0);
  assert.equal(view.getUint8(Policy.default_action), 1);
  assert.deepEqual([...policy.subarray(Policy.on_error.at, Policy.on_error.at + 2)], [0, 1]);
  assert.equal(view.getUint8(Policy.inspect_tunnels), 0);
  assert.equal(view.getUint32(Policy.events_per_second, little), 77);
  assert.equal(view.getUint32(Policy.management_port_count, little), 2);
  assert.equal(view.getUint16(Policy.management_ports.at + 2, little), 2222);
  assert.equal(view.getUint32(Policy.failsafe_prefix_count, little), 2);
  const hex = (at: number): string => Buffer.from(policy.subarray(at, at + 16)).toString("hex");
  assert.equal(hex(Policy.failsafe_prefixes.at), "00000000000000000000ffffc0000200");
  assert.equal(hex(Policy.failsafe_prefixes.at + 16), "ffffffffffffffffffffffffffffff00");
  assert.equal(hex(Policy.failsafe_prefixes.at + Policy.failsafe_prefixes.stride), "20010db8000000000000000000000001");
  assert.equal(hex(Policy.sessions.at), "00000000000000000000ffffc6336407");
  assert.equal(view.getUint16(Policy.sessions.at + FailsafeSession.remote_port, little), 50000);
  assert.equal(view.getUint32(Policy.sessions.at + FailsafeSession.in_use, little), 1);
  assert.equal(view.getUint32(Policy.sessions.at + Policy.sessions.stride + FailsafeSession.in_use, little), 0);
  assert.equal(matchers.length, 0);
  assert.equal(rules.length, 0);
});

test("matchers lie in the order of their rules", () => {
  const compiled = compile(policyOf({ rules: [{ name: "b", action: "block", layer4: { protocol: "tcp", destination_ports: [1, 2] } }, { name: "a", action: "allow" }] }));
  const { matchers } = pack(compiled, 1);
  const view = new DataView(matchers.buffer);
  const slots = [0, 1, 2].map((index) => view.getUint32(index * Matcher.size + Matcher.slot, endianness() === "LE"));
  assert.deepEqual(slots, [Slot.FIRST_RULE, Slot.FIRST_RULE, Slot.FIRST_RULE + 1]);
});

test("more operator sessions than fit are refused", () => {
  const session = { remoteAddress: "192.0.2.1", remotePort: 1, localPort: 22 };
  const compiled = compile(policyOf());
  assert.throws(() => pack(compiled, 1, new Array(Policy.sessions.count + 1).fill(session)), /operator sessions, at most/);
  assert.doesNotThrow(() => pack(compiled, 1, new Array(Policy.sessions.count).fill(session)));
});
