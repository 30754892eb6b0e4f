/** The ports of DHCP and the hop limit of neighbour discovery carry nothing through a router that blocks everything. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { AgentHome } from "../harness/agent.ts";
import { ICMPv6, IPv4, IPv6, payload, UDP } from "../harness/packet.ts";
import type { Layer } from "../harness/packet/layer.ts";
import { requires, root } from "../harness/require.ts";
import { Receiver } from "../e2e/receiver.ts";
import { makeStreet, type Street } from "./router.ts";

const DHCP = [
  [67, 68],
  [68, 67],
  [67, 67],
] as const;
const DHCP6 = [
  [546, 547],
  [547, 546],
] as const;
const DISCOVERY = [133, 134, 135, 136, 137];
const ALLOWED = 9010;

interface Try {
  name: string;
  layers: Layer[];
}

function tries({ attacker, inner }: Street, to: { ipv4: string; ipv6: string } = inner): Try[] {
  const v4 = IPv4({ src: attacker.ipv4, dst: to.ipv4 });
  const v6 = (hopLimit = 64): Layer => IPv6({ src: attacker.ipv6, dst: to.ipv6, hopLimit });
  return [
    ...DHCP.map(([sport, dport]) => ({ name: `dhcp ${sport} to ${dport};`, layers: [v4, UDP({ sport, dport })] })),
    ...DHCP6.map(([sport, dport]) => ({ name: `dhcpv6 ${sport} to ${dport};`, layers: [v6(), UDP({ sport, dport })] })),
    ...DISCOVERY.map((type) => ({ name: `discovery ${type};`, layers: [v6(255), ICMPv6({ type })] })),
  ];
}

describe("a router", requires(root()), () => {
  const CASES = {
    "that blocks what comes in by rule": { interfaces: "include: [eth0], egress: false", rule: "direction: ingress" },
    "that blocks what comes in by rule, on XDP": { interfaces: "include: [eth0], ingress: xdp, egress: false", rule: "direction: ingress" },
    "that blocks what goes out by rule": { interfaces: "include: [eth1]", rule: "direction: egress" },
    "that bans the attacker": { interfaces: "include: [eth0]", rule: undefined },
  };
  for (const [name, { interfaces, rule }] of Object.entries(CASES)) {
    it(`${name} lets nothing through as DHCP or neighbour discovery`, async () => {
      await using street = await makeStreet();
      const receiver = await Receiver.open(street.lab, "router", { udp: [67, 68, 546, 547] });
      await using agent = await AgentHome.make(street.lab, "router");
      await agent.start({
        config: `
mode: prevent
interfaces: { ${interfaces} }
rules:
  - { name: twin, action: allow, layer4: { protocol: udp, destination_ports: [${ALLOWED}] } }
${rule === undefined ? "" : `  - { name: all, action: block, enforce: true, ${rule} }`}
`,
      });
      const { attacker, inner } = street;
      if (rule === undefined) for (const address of [attacker.ipv4, attacker.ipv6]) await agent.weir("ban", "add", address);
      for (const { name, layers } of tries(street)) await street.send(...layers, payload(name));
      const twin =
        rule === undefined ? await unban(agent, street) : [IPv4({ src: attacker.ipv4, dst: inner.ipv4 }), UDP({ dport: ALLOWED })];
      await street.send(...twin, payload("the twin"));
      assert.ok(await street.reached("the twin", 5000));
      const arrived: string[] = [];
      for (const { name } of tries(street)) if (await street.reached(name, 1)) arrived.push(name);
      assert.deepEqual(arrived, []);

      // The router's own DHCP goes on.
      if (rule?.includes("egress") ?? true) return;
      const own = tries(street, street.router).filter(({ name }) => name.startsWith("dhcp"));
      for (const { name, layers } of own) await street.send(...layers, payload(`own ${name}`));
      for (const { name } of own) await receiver.arrival(`own ${name}`);
    });
  }
});

/** Nobody is banned any more; answers the layers of a datagram that anybody may send. */
async function unban(agent: AgentHome, { attacker, inner }: Street): Promise<Layer[]> {
  await agent.weir("ban", "clear", "--yes");
  return [IPv4({ src: attacker.ipv4, dst: inner.ipv4 }), UDP({ dport: ALLOWED })];
}
