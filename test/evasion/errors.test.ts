/** An ICMP error that quotes an allowed connection reaches only the sender of the packet that it quotes, from where that packet went. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { AgentHome } from "../harness/agent.ts";
import { ICMP, ICMPv6, inside, IPv4, IPv6, payload, UDP } from "../harness/packet.ts";
import type { Layer } from "../harness/packet/layer.ts";
import { requires, root, tool } from "../harness/require.ts";
import { makeStreet, type Street } from "./router.ts";

const SERVICE = 9010;
const asked = UDP({ sport: 40_000, dport: SERVICE });
const answered = UDP({ sport: SERVICE, dport: 40_000 });

/** What differs between the families: the attacker, the host with the allowed service, and another one beside it. */
interface Ends {
  name: string;
  attacker: string;
  server: string;
  victim: string;
  ip(src: string, dst: string): Layer;
  error: Layer;
}

function families({ attacker, inner }: Street): Ends[] {
  const beside = (address: string): string => address.replace(/2$/, "3");
  return [
    {
      name: "IPv4",
      attacker: attacker.ipv4,
      server: inner.ipv4,
      victim: beside(inner.ipv4),
      ip: (src, dst) => IPv4({ src, dst }),
      error: ICMP({ type: 3, code: 3 }),
    },
    {
      name: "IPv6",
      attacker: attacker.ipv6,
      server: inner.ipv6,
      victim: beside(inner.ipv6),
      ip: (src, dst) => IPv6({ src, dst }),
      error: ICMPv6({ type: 1, code: 4 }),
    },
  ];
}

describe("behind masquerade", requires(root(), tool("nft", "nftables")), () => {
  for (const interfaces of ["include: [eth0, eth1]", "include: [eth0, eth1], ingress: xdp"]) {
    it(`{ ${interfaces} }: an error finds the host whose packet it quotes`, async () => {
      await using street = await makeStreet();
      await street.lab.exec(
        "router",
        "nft",
        "add table inet t; add chain inet t out { type nat hook postrouting priority 100; }; add rule inet t out oifname eth0 masquerade",
      );
      await using agent = await AgentHome.make(street.lab, "router");
      await agent.start({
        config: `
mode: prevent
interfaces: { ${interfaces} }
defaults: { action: block, on_error: { ingress: block, egress: block } }
rules:
  - { name: out, action: allow, direction: ingress, interfaces: [eth1] }
  - { name: out-too, action: allow, direction: egress, interfaces: [eth0] }
`,
      });
      for (const { name, attacker, server, ip } of families(street)) {
        // Nobody listens there, so that the outer host tells by an error.
        await street.sendFromInside(ip(server, attacker), UDP({ sport: 40_000, dport: 9099 }), payload(`${name} question;`));
        assert.ok(await street.returned(`${name} question;`, 5000), `${name}: the question goes out`);
        assert.ok(await street.reached(`${name} question;`, 5000), `${name}: the error that quotes it comes back`);
      }
    });
  }
});

describe("a router that allows one service and nothing else", requires(root()), () => {
  for (const interfaces of ["include: [eth0]", "include: [eth0], ingress: xdp", "include: [eth1]", "include: [eth0, eth1]"]) {
    it(`{ ${interfaces} }: no error about it carries anything to another host`, async () => {
      await using street = await makeStreet();
      await street.lab.exec("router", "sh", "-c", "for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done");
      // The victim is another address behind the same wire.
      const { victims, mac } = { victims: families(street).map(({ victim }) => victim), mac: street.lab.end("inner:eth0").mac };
      for (const victim of victims)
        await street.lab.exec("router", "ip", "neighbour", "replace", victim, "lladdr", mac, "dev", "eth1", "nud", "permanent");
      await using agent = await AgentHome.make(street.lab, "router");
      await agent.start({
        config: `
mode: prevent
interfaces: { ${interfaces} }
defaults: { action: block, on_error: { ingress: block, egress: block } }
rules:
  - { name: service, action: allow, layer4: { protocol: udp, destination_ports: [${SERVICE}] } }
`,
      });
      for (const { name, attacker, server, victim, ip, error } of families(street)) {
        const tell = (text: string, dst: string, src: string, quotedSrc: string, quotedDst: string, quoted: Layer): Promise<void> =>
          street.send(ip(src, dst), error, payload(inside(undefined, ip(quotedSrc, quotedDst), quoted)), payload(`${name} ${text};`));
        await street.send(ip(attacker, server), asked, payload(`${name} question;`));
        assert.ok(await street.reached(`${name} question;`));
        await tell("own packet", victim, attacker, attacker, server, asked);
        await tell("own packet's answer", victim, attacker, server, attacker, answered);
        await tell("another's packet", victim, attacker, victim, attacker, answered);
        // The attacker sends as the victim, and then an error to it.
        await street.send(ip(victim, server), asked, payload(`${name} forged question;`));
        await tell("forged packet", victim, attacker, victim, server, asked);
        await tell("forged packet's answer", victim, attacker, server, victim, answered);
        await tell("the twin", server, attacker, server, attacker, answered);
        assert.ok(await street.reached(`${name} the twin;`), `${name}: the sender of an answer hears of it`);
        const arrived: string[] = [];
        for (const text of ["own packet", "own packet's answer", "another's packet", "forged packet", "forged packet's answer"]) {
          if (await street.reached(`${name} ${text};`, 1)) arrived.push(text);
        }
        assert.deepEqual(arrived, [], name);

        await street.sendFromInside(
          ip(server, attacker),
          error,
          payload(inside(undefined, ip(attacker, server), asked)),
          payload(`${name} from inside;`),
        );
        assert.ok(await street.returned(`${name} from inside;`), `${name}: the opener hears of its packet`);
      }
    });
  }
});
