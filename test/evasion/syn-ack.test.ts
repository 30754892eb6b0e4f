/**
 * A SYN+ACK that nobody asked for opens no way in: neither it nor the data behind it is delivered where nothing may come in,
 * and no line says that its victim opened a connection. What was asked for is answered, by whichever way the answer comes.
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { makeLab } from "../harness/netns.ts";
import { Ethernet, frame, IPv4, IPv6, payload, TCP, type TCPFlag } from "../harness/packet.ts";
import type { Layer } from "../harness/packet/layer.ts";
import { requires, root } from "../harness/require.ts";
import type { Wire } from "../harness/wire.ts";
import { makeStreet, type Street } from "./router.ts";
import { serve, Talk } from "./talk.ts";

const SERVICE = 8086;
/** Nothing has these ports. */
const FORGED = { from: 443, to: 51_000 };

const NO_IN = "{ name: no-in, action: block, enforce: true, direction: ingress, interfaces: [eth0] }";
const INVALID = "{ name: scans, action: block, enforce: true, layer4: { protocol: tcp, state: [invalid] } }";
const OUT = "{ name: out, action: allow, direction: egress, interfaces: [eth0] }";
const FROM_INSIDE = "{ name: from-inside, action: allow, direction: ingress, interfaces: [eth1] }";

/** Nothing may come in from the attacker's side by any of these. */
const CLOSED: Record<string, string> = {
  "all ingress blocked": `defaults: { on_error: { ingress: block } }\nrules: [${NO_IN}]`,
  "the default blocked": `defaults: { action: block, on_error: { ingress: block, egress: block } }\nrules: [${OUT}, ${FROM_INSIDE}]`,
  "what is invalid blocked": `defaults: { on_error: { ingress: allow, egress: allow } }\nrules: [${INVALID}, ${NO_IN}]`,
};

interface Reach {
  name: string;
  attacker: string;
  inner: string;
  router: string;
  ip(src: string, dst: string): Layer;
}

function reaches({ attacker, inner, router }: Street): Reach[] {
  return [
    { name: "IPv4", attacker: attacker.ipv4, inner: inner.ipv4, router: router.ipv4, ip: (src, dst) => IPv4({ src, dst }) },
    { name: "IPv6", attacker: attacker.ipv6, inner: inner.ipv6, router: router.ipv6, ip: (src, dst) => IPv6({ src, dst }) },
  ];
}

function forged(flags: TCPFlag[], ports = FORGED): Layer {
  return TCP({ sport: ports.from, dport: ports.to, seq: 5000 + (flags.includes("syn") ? 0 : 1), ack: 1001, flags });
}

/** Until the agent believes no SYN+ACK any more that nothing asked for. Each has a port of its own. */
async function endOfGrace(agent: AgentHome, send: (segment: Layer) => Promise<void>): Promise<void> {
  let port = 52_000;
  await eventually(
    "nothing is believed any more",
    async () => {
      const before = await agent.status();
      await send(forged(["syn", "ack"], { from: 443, to: port++ }));
      const { undecided, believed_answers } = await agent.status();
      return believed_answers === before.believed_answers && (undecided["opener_unknown"] ?? 0) > (before.undecided["opener_unknown"] ?? 0);
    },
    20_000,
  );
}

function answersFrom(wire: Wire, port: number): number {
  const ports = Buffer.from([port >> 8, port & 255, FORGED.from >> 8, FORGED.from & 255]);
  return wire.received.filter((bytes) => Buffer.from(bytes).includes(ports)).length;
}

for (const interfaces of [
  "include: [eth0]",
  "include: [eth0], ingress: xdp",
  "include: [eth0, eth1]",
  "include: [eth0, eth1], egress: false",
]) {
  describe(`a router, { ${interfaces} }`, requires(root()), () => {
    it("delivers no SYN+ACK that nobody asked for, and no data behind it", async () => {
      await using street = await makeStreet();
      const wire = await street.lab.wire("attacker:eth0");
      await serve(street.lab, "attacker", SERVICE);
      await using agent = await AgentHome.make(street.lab, "router");
      await agent.start({ config: `mode: prevent\ninterfaces: { ${interfaces} }\n${CLOSED["all ingress blocked"]}\n` });
      const ends = reaches(street);
      await endOfGrace(agent, (segment) => street.send(ends[0]!.ip(ends[0]!.attacker, ends[0]!.inner), segment));
      let to = FORGED.to;
      for (const [what, rules] of Object.entries(CLOSED)) {
        await agent.configure(`mode: prevent\ninterfaces: { ${interfaces} }\n${rules}\n`);
        await agent.weir("reload");
        const ports = { from: FORGED.from, to: to++ };
        for (const { name, attacker, inner, router, ip } of ends) {
          for (const victim of [inner, router]) {
            await street.send(ip(attacker, victim), forged(["syn", "ack"], ports), payload(`${name} first ${what};`));
            await street.send(ip(attacker, victim), forged(["ack", "psh"], ports), payload(`${name} data ${what};`));
          }
          for (const from of ["router", "inner"]) {
            const talk = await Talk.begin(street.lab, from, attacker, SERVICE);
            assert.ok(talk.isOpen && (await talk.says(`${from} ${what};`)), `${name}, ${what}: ${from} asked for it`);
            await talk.kill();
          }
          for (const text of ["first", "data"])
            assert.ok(!(await street.reached(`${name} ${text} ${what};`, 1)), `${name}, ${what}: ${text} was delivered`);
        }
        assert.equal(answersFrom(wire, ports.to), 0, "the closed port answers nothing");
      }

      await agent.configure(`mode: detect\ninterfaces: { ${interfaces} }\n${CLOSED["all ingress blocked"]}\n`);
      await agent.weir("reload");
      for (const { name, attacker, inner, ip } of ends) {
        await street.send(ip(attacker, inner), forged(["syn", "ack"], { from: FORGED.from, to }), payload(`${name} detect;`));
        assert.ok(await street.reached(`${name} detect;`), "detect never drops");
      }
      await agent.auditLine(new RegExp(`UNDECIDED.*:443 > .*:${to}`));
      assert.doesNotMatch(await agent.audit(), /(ALLOWED|DETECTED|BLOCKED) .*:51\d\d\d > /, "nobody inside opened anything");
      assert.deepEqual((await agent.status()).faults, {});
    });
  });
}

describe("a connection that was under way when the agent came", requires(root()), () => {
  it("is believed for some seconds, counted, and then no more", async () => {
    await using street = await makeStreet();
    const { attacker, inner, ip } = reaches(street)[0]!;
    // Nobody has the other address, so that no kernel answers the SYN.
    const server = attacker.replace(/1$/, "9");
    await street.lab.exec(
      "router",
      "ip",
      "neighbour",
      "replace",
      server,
      "lladdr",
      street.lab.end("attacker:eth0").mac,
      "dev",
      "eth0",
      "nud",
      "permanent",
    );
    await street.sendFromInside(ip(inner, server), TCP({ sport: FORGED.to, dport: FORGED.from, seq: 1000, flags: ["syn"] }));
    await using agent = await AgentHome.make(street.lab, "router");
    let isStarting = true;
    const answering = (async () => {
      for (; isStarting; await new Promise((resolve) => setTimeout(resolve, 50)))
        await street.send(ip(server, inner), forged(["syn", "ack"]));
    })();
    await agent.start({ config: `mode: prevent\ninterfaces: { include: [eth0] }\n${CLOSED["all ingress blocked"]}\n` });
    await eventually("it is counted", async () => (await agent.status()).believed_answers > 0, 10_000);
    isStarting = false;
    await answering;
    await street.send(ip(server, inner), forged(["ack", "psh"]), payload("goes on;"));
    assert.ok(await street.reached("goes on;"), "its connection stands");
    await endOfGrace(agent, (segment) => street.send(ip(server, inner), segment));
    await street.send(ip(server, inner), forged(["syn", "ack"], { from: 444, to: FORGED.to }), payload("too late;"));
    assert.ok(!(await street.reached("too late;", 300)));
  });
});

describe("an answer that comes by another interface than its SYN left by", requires(root()), () => {
  for (const interfaces of ["include: ['*']", "include: ['*'], ingress: xdp", "include: [eth1, eth2]", "include: ['*'], egress: false"]) {
    it(`is believed, { ${interfaces} }`, async () => {
      await using lab = await makeLab({
        namespaces: ["outside", "router", "inner"],
        links: [
          { from: "outside:eth0", to: "router:eth0" },
          { from: "outside:eth1", to: "router:eth1" },
          { from: "router:eth2", to: "inner:eth0" },
        ],
      });
      const [server, left, back, inside, inner] = [
        lab.end("outside:eth0"),
        lab.end("router:eth0"),
        lab.end("router:eth1"),
        lab.end("router:eth2"),
        lab.end("inner:eth0"),
      ];
      await lab.exec(
        "router",
        "sh",
        "-c",
        "echo 1 > /proc/sys/net/ipv4/ip_forward && echo 1 > /proc/sys/net/ipv6/conf/all/forwarding && for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done",
      );
      for (const [family, of] of [
        ["-4", "ipv4"],
        ["-6", "ipv6"],
      ] as const) {
        await lab.exec("inner", "ip", family, "route", "add", "default", "via", inside[of]);
        for (const address of [inner[of], left[of]]) await lab.exec("outside", "ip", family, "route", "replace", address, "via", back[of]);
      }
      await serve(lab, "outside", SERVICE);
      await using agent = await AgentHome.make(lab, "router");
      await agent.start({
        config: `
mode: prevent
interfaces: { ${interfaces} }
defaults: { action: block, on_error: { ingress: block, egress: block } }
rules: [{ name: out, action: allow, layer4: { protocol: tcp, destination_ports: [${SERVICE}] } }, { name: ping, action: allow, layer4: { protocol: icmpv6 } }]
`,
      });
      const wire = await lab.wire("outside:eth1");
      await endOfGrace(agent, (segment) =>
        wire.send(
          frame(Ethernet({ src: lab.end("outside:eth1").mac, dst: back.mac }), IPv4({ src: server.ipv4, dst: inner.ipv4 }), segment),
        ),
      );
      const before = await agent.status();
      for (const address of [server.ipv4, server.ipv6]) {
        for (const from of ["inner", "router"]) {
          const talk = await Talk.begin(lab, from, address, SERVICE);
          assert.ok(talk.isOpen && (await talk.says("hello;")), `${from} to ${address}`);
          await talk.kill();
        }
      }
      const after = await agent.status();
      assert.equal(after.believed_answers, before.believed_answers, "the grace had no part in it");
      assert.deepEqual(after.faults, {});
    });
  }
});
