/** A device whose packets have no Ethernet header. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";

import { AgentHome } from "../harness/agent.ts";
import { makeLab } from "../harness/netns.ts";
import { frame, ICMP, ICMPv6, IPv4, IPv6, payload, UDP } from "../harness/packet.ts";
import { requires, root, tool } from "../harness/require.ts";
import { deviceCount, judged, meter } from "./figures.ts";
import { Receiver } from "./receiver.ts";

const here = requires(root(), tool("nc", "netcat-openbsd"), existsSync("/dev/net/tun") ? undefined : "there is no /dev/net/tun");

const [BLOCKED, ALLOWED] = [9009, 9010];
const OWN = { v4: "198.20.0.1", v6: "fd00:198:20::1" };
const PEER = { v4: "198.20.0.2", v6: "fd00:198:20::2" };

test("a tun device is judged and counted both ways, and says why XDP is not for it", here, async () => {
  await using lab = await makeLab({ namespaces: ["host"], links: [] });
  const far = await lab.tun("host:tun0");
  await lab.exec(
    "host",
    "sh",
    "-c",
    `ip address add ${OWN.v4}/24 dev tun0 && ip address add ${OWN.v6}/64 dev tun0 nodad && ip link set tun0 up`,
  );
  const receiver = await Receiver.open(lab, "host", { udp: [BLOCKED, ALLOWED] });
  await using agent = await AgentHome.make(lab, "host");
  await agent.start({
    config: `
interfaces: { include: [tun0], ingress: xdp }
defaults: { on_error: { ingress: block } }
rules:
  - { name: no-udp, action: block, enforce: true, layer4: { protocol: udp, destination_ports: [${BLOCKED}] } }
`,
  });
  const [device] = (await agent.status()).interfaces;
  assert.match(device?.ingress.hook ?? "", /^(tcx|clsact)$/);
  assert.equal(device?.ingress.reason, "XDP needs Ethernet frames");
  assert.match(device?.egress.hook ?? "", /^(tcx|clsact)$/);

  const ips = [IPv4({ src: PEER.v4, dst: OWN.v4 }), IPv6({ src: PEER.v6, dst: OWN.v6 })];
  const inward = (port: number, text: string): Uint8Array[] =>
    ips.map((ip) => frame(ip, UDP({ sport: port + 10_000, dport: port }), payload(text)));
  const pings = [frame(ips[0]!, ICMP(), payload("ping")), frame(ips[1]!, ICMPv6(), payload("ping"))];
  const outward = async (port: number, text: string): Promise<void> => {
    for (const host of [PEER.v4, PEER.v6]) await lab.exec("host", "sh", "-c", `printf ${text} | nc -u -q0 ${host} ${port}`);
  };
  const left = (text: string): string[] =>
    far.received.filter((packet) => Buffer.from(packet).includes(text)).map((packet) => `IPv${packet[0]! >> 4}`);
  const counted = {
    ingress: await meter(
      () => deviceCount(lab, "host:tun0", "rx"),
      () => judged(agent, { interface: "tun0", direction: "ingress" }),
    ),
    egress: await meter(
      () => deviceCount(lab, "host:tun0", "tx"),
      () => judged(agent, { interface: "tun0", direction: "egress", verdict: "passed" }),
    ),
  };

  await far.send(...inward(BLOCKED, "detected in"), ...inward(ALLOWED, "allowed in"));
  await receiver.arrival("allowed in");
  assert.deepEqual(await receiver.texts(), ["detected in", "detected in", "allowed in", "allowed in"]);
  await agent.auditLine(/DETECTED no-udp udp \[fd00:198:20::2\]:\d+ > \[fd00:198:20::1\]:9009 tun0 in /);

  await agent.weir("mode", "prevent");
  await outward(BLOCKED, "blocked-out");
  await outward(ALLOWED, "allowed-out");
  await far.send(
    ...inward(BLOCKED, "blocked in"),
    ...inward(ALLOWED, "allowed too"),
    frame(ips[0]!, UDP(), payload("cut")).subarray(0, -1),
    ...pings,
  );
  await receiver.arrival("allowed too");
  assert.deepEqual((await receiver.texts()).slice(4), ["allowed too", "allowed too"]);
  await agent.auditLine(/BLOCKED no-udp udp 198\.20\.0\.2:\d+ > 198\.20\.0\.1:9009 tun0 in /);
  await agent.auditLine(/BLOCKED no-udp udp 198\.20\.0\.1:\d+ > 198\.20\.0\.2:9009 tun0 out pid=\d+ nc /);
  assert.ok(
    await far.find((packet) => packet[0]! >> 4 === 6 && Buffer.from(packet).includes("ping")),
    "the last packet of all is answered",
  );
  assert.deepEqual([left("blocked-out"), left("allowed-out")], [[], ["IPv4", "IPv6"]]);

  for (const read of [counted.ingress, counted.egress]) {
    const { weir, device } = await read();
    assert.deepEqual(weir, device);
  }
  const { undecided, faults } = await agent.status();
  assert.deepEqual({ undecided, faults }, { undecided: { ipv4_total_length: 1 }, faults: {} });
});
