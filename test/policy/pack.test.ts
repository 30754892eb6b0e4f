import assert from "node:assert/strict";
import { endianness } from "node:os";
import { test } from "node:test";
import { FailsafeSession, Policy } from "../../agent/generated/layout.ts";
import { compile } from "../../agent/policy/compile.ts";
import { packPolicy } from "../../agent/policy/pack.ts";
import { policyOf } from "../conformance/policy.ts";

test("the policy, field by field", () => {
  const compiled = compile({
    ...policyOf({
      defaults: { action: "block", on_error: { egress: "block" } },
      failsafe: { management_ports: [22, 2222], addresses: ["192.0.2.0/24", "2001:db8::1"] },
      inspect_tunnels: false,
    }),
    events_per_second: 77,
  });
  const policy = packPolicy(compiled, 5, 9, [{ remoteAddress: "198.51.100.7", remotePort: 50000, localPort: 22 }]);
  const view = new DataView(policy.buffer);
  const little = endianness() === "LE";
  assert.equal(policy.length, Policy.size);
  assert.equal(view.getUint32(Policy.generation, little), 5);
  assert.equal(view.getUint32(Policy.front, little), 9);
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
  const { cells, rules } = compiled.file.image!;
  assert.ok(
    cells.every((word) => word === 0),
    "no index says where a list would be",
  );
  assert.equal(rules.length, 0);
});

test("more operator sessions than fit are refused", () => {
  const session = { remoteAddress: "192.0.2.1", remotePort: 1, localPort: 22 };
  const compiled = compile(policyOf());
  assert.throws(() => packPolicy(compiled, 1, 0, new Array(Policy.sessions.count + 1).fill(session)), /operator sessions, at most/);
  assert.doesNotThrow(() => packPolicy(compiled, 1, 0, new Array(Policy.sessions.count).fill(session)));
});
