/** The kernel's answer over tables that somebody else has pinned: rules and bans as they are, and nothing written to them. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { after, test } from "node:test";

import { banMemoryOf } from "../../agent/enforce/bans/memory.ts";
import { BanTable } from "../../agent/enforce/bans/table.ts";
import { JudgePair } from "../../agent/explain/inquiry.ts";
import { KernelJudge } from "../../agent/explain/kernel-judge.ts";
import { frameOf } from "../../agent/explain/packet.ts";
import { DataPlane } from "../../agent/kernel/dataplane.ts";
import { ensureMounted } from "../../agent/kernel/mounts.ts";
import { listedEnds } from "../../agent/enforce/interfaces/own-ends.ts";
import { TunnelEnds } from "../../agent/enforce/interfaces/tunnel-ends.ts";
import { CAPACITIES } from "../../agent/policy/capacity.ts";
import { compile, namesBySlot } from "../../agent/policy/compile.ts";
import { Installer } from "../../agent/enforce/install.ts";
import { InterfaceTable } from "../../agent/policy/interface-table.ts";
import type { Arrival, OwnEnds } from "../../agent/policy/reference.ts";
import { parseNetworks } from "../../agent/values/address.ts";
import { policyOf } from "../conformance/policy.ts";
import { Ethernet, frame, IPv4, TCP, UDP, VXLAN } from "../harness/packet.ts";
import { requires, root } from "../harness/require.ts";

const IFINDEX = 7;

function from(source: string): Arrival {
  return {
    frame: frameOf({ direction: "ingress", interface: "eth0", source, destination: "198.51.100.1", protocol: "tcp", destination_port: 23 }),
    hook: "ingress",
    interface: "eth0",
  };
}

const OWN: OwnEnds = {
  tunnels: [
    { kind: "vxlan", id: 7, port: 4789 },
    { kind: "vxlan", id: 9, port: 9999 },
  ],
  addresses: ["198.51.100.1"],
};

/** SSH to this host or another one, in a tunnel. */
function wrapped(vni: number, { inner = "198.51.100.1", outer = "198.51.100.1", from = "192.0.2.8", port = 4789 } = {}): Arrival {
  const bytes = frame(
    Ethernet(),
    IPv4({ src: "192.0.2.7", dst: outer }),
    UDP({ sport: 50_000, dport: port }),
    VXLAN({ vni }),
    Ethernet(),
    IPv4({ src: from, dst: inner }),
    TCP({ dport: 22 }),
  );
  return { frame: bytes, hook: "ingress", interface: "eth0" };
}

test("rules, bans and tunnel ends in force are asked, and stay as they are", requires(root()), async () => {
  ensureMounted("bpf", "/sys/fs/bpf");
  const pins = mkdtempSync("/sys/fs/bpf/weir-in-force-");
  after(() => rmSync(pins, { recursive: true }));
  const capacity = CAPACITIES[0]!;
  const plane = new DataPlane({ pins, capacity });
  const memory = (name: string): Uint8Array => new Uint8Array(plane.map(name).mmap());
  const installer = new Installer({
    policies: memory("policies"),
    cells: memory("cells"),
    rules: memory("rules"),
    interfaces: new InterfaceTable(memory("interfaces"), plane.map("interfaces_apart")),
    generation: () => plane.control.generation,
    flip: (generation) => plane.control.flip(generation),
    waitGracePeriod: () => Promise.resolve(),
  });
  after(() => {
    installer.close();
    plane.close();
  });
  const policy = policyOf({
    mode: "prevent",
    rules: [
      { name: "no-telnet", action: "block", enforce: true, interfaces: ["eth*"], layer4: { protocol: "tcp", destination_ports: [23] } },
      { name: "no-udp", action: "block", enforce: true, layer4: { protocol: "udp" } },
    ],
  });
  installer.addInterface({ ifindex: IFINDEX, name: "eth0", slot: 1, flags: 0 });
  const compiled = compile(policy);
  await installer.install(compiled);
  const bans = new BanTable(banMemoryOf(plane));
  for (const text of ["203.0.113.7", "203.0.113.9", "2001:db8:bad::/48"]) for (const network of parseNetworks(text)) bans.add(network, 0);

  new TunnelEnds({
    ends: plane.map("tunnel_ends"),
    addresses: plane.map("own_addresses"),
    setForms: (forms) => plane.control.setTunnelForms(forms),
  }).list(...listedEnds(OWN));

  const tables = ["control", "policies", "cells", "rules", "interfaces", "rule_counters", "ban_root", "ban_lines"];
  const seen = (): string[] => tables.map((name) => Buffer.from(memory(name)).toString("latin1"));
  const before = seen();
  const judge = KernelJudge.inForce({
    path: plane.tablePins!,
    generation: plane.control.generation,
    capacity,
    kinds: compiled.kinds,
    names: namesBySlot(policy, compiled),
    ifindexes: new Map([
      ["eth0", IFINDEX],
      ["eth1", IFINDEX + 1],
    ]),
  });
  after(() => judge.close());
  const pair = new JudgePair(policy, OWN, { judge, hook: "tc" });
  const decided = (arrival: Arrival): unknown[] => {
    const { outcome, kernel } = pair.judge(arrival);
    return [outcome.verdict, outcome.rule, kernel.asked && kernel.agrees];
  };
  assert.deepEqual(decided(wrapped(9, { from: "203.0.113.9", port: 9999 })), ["dropped", "no-udp", true]);
  assert.deepEqual(decided(wrapped(9, { port: 9999 })), ["passed", "failsafe", true]);
  assert.deepEqual(decided(wrapped(7, { from: "203.0.113.7" })), ["dropped", "no-udp", true]);
  assert.deepEqual(decided(from("192.0.2.7")), ["dropped", "no-telnet", true]);
  assert.deepEqual(decided(from("203.0.113.7")), ["dropped", "ban", true]);
  assert.deepEqual(decided(from("203.0.113.8")), ["dropped", "no-telnet", true]);
  assert.deepEqual(decided(wrapped(7)), ["passed", "failsafe", true]);
  assert.deepEqual(decided(wrapped(8)), ["dropped", "no-udp", true]);
  assert.deepEqual(decided(wrapped(7, { inner: "198.51.100.9" })), ["dropped", "no-udp", true]);
  assert.deepEqual(decided(wrapped(7, { outer: "198.51.100.9" })), ["dropped", "no-udp", true]);
  pair.forget();
  assert.deepEqual(pair.judge({ ...from("192.0.2.7"), interface: "eth1" }).kernel, { asked: false, why: "eth1 is not watched" });
  assert.deepEqual(seen(), before);
  for (const name of ["flows", "unproven_flows", "openings_in", "openings_out", "pings_in", "pings_out", "blocked_flows"])
    assert.deepEqual([...plane.map(name).batches()], [], name);
  assert.equal([...plane.map("tunnel_ends").entries()].length, 3, "two ends, and a port of its own");
});
