/** weir's own answers pass a router that would drop them, were they anybody else's packets: they are replies there. */

import assert from "node:assert/strict";
import { it } from "node:test";

import { attempt } from "../e2e/tries.ts";
import { AgentHome } from "../harness/agent.ts";
import { makeLab } from "../harness/netns.ts";
import { requires, root } from "../harness/require.ts";

const [REJECTED, SILENT] = [8080, 8079];
const CONFIG = `
mode: prevent
interfaces: { include: [eth0, eth1], ingress: tcx }
defaults: { action: block, on_error: { ingress: block, egress: block } }
rules:
  - { name: rejected, action: block, enforce: true, reject: true, direction: egress, interfaces: [eth1], layer4: { protocol: tcp, destination_ports: [${REJECTED}] } }
  - { name: rejected-udp, action: block, enforce: true, reject: true, direction: egress, interfaces: [eth1], layer4: { protocol: udp, destination_ports: [${REJECTED}] } }
  - { name: silent, action: block, enforce: true, direction: egress, interfaces: [eth1] }
  - { name: in-by-eth0, action: allow, direction: ingress, interfaces: [eth0] }
`;

it(
  "the answer to what a router drops where it leaves reaches its sender through the device where it came in",
  requires(root()),
  async () => {
    await using lab = await makeLab({
      namespaces: ["client", "router", "server"],
      links: [
        { from: "client:eth0", to: "router:eth0" },
        { from: "router:eth1", to: "server:eth0" },
      ],
    });
    const far = lab.end("server:eth0").ipv4;
    await lab.exec("router", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
    await lab.exec("client", "ip", "route", "add", "default", "via", lab.end("router:eth0").ipv4);
    await lab.exec("server", "ip", "route", "add", "default", "via", lab.end("router:eth1").ipv4);
    await using agent = await AgentHome.make(lab, "router");
    await agent.start({ config: CONFIG });
    const ends = await attempt(lab, "client", [
      { protocol: "tcp", host: far, port: REJECTED, patience: 20_000 },
      { protocol: "udp", host: far, port: REJECTED, patience: 20_000 },
      { protocol: "tcp", host: far, port: SILENT, patience: 1_000 },
    ]);
    assert.deepEqual(ends, ["ECONNREFUSED", "EHOSTUNREACH", "silence"]);
  },
);
