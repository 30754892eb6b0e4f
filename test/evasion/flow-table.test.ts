/** Floods with forged sources: what they leave in the flow tables, where hosts answer them, and what they push out. */

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { FlowKey } from "../../agent/generated/layout.ts";
import { inward, outward, passed, type PacketStep } from "../conformance/case.ts";
import { KernelJudge } from "../conformance/kernel-judge.ts";
import { policyOf } from "../conformance/policy.ts";
import { enterOwnNamespace, ip, stayOnCpu } from "../harness/own-namespace.ts";
import { Ethernet, frame, ICMP, ICMPv6, IPv4, IPv6, TCP, UDP } from "../harness/packet.ts";
import type { Layer } from "../harness/packet/layer.ts";
import { requires, root } from "../harness/require.ts";

const FORGED = Number(process.env["WEIR_FORGED"] ?? 6000);
const HOST = { v4: "198.18.0.2", v6: "2001:db8::2" };

/** Of a forged source, by number. */
const v4 = (n: number): [Layer, Layer] => {
  const peer = `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
  return [IPv4({ src: peer, dst: HOST.v4 }), IPv4({ src: HOST.v4, dst: peer })];
};
const v6 = (n: number): [Layer, Layer] => {
  const peer = `2001:db8:1::${(n + 1).toString(16)}`;
  return [IPv6({ src: peer, dst: HOST.v6 }), IPv6({ src: HOST.v6, dst: peer })];
};

/** What comes of one forged source, and what this host answers; then what only a real opener sends. */
const KINDS: Record<string, (n: number) => { asked: PacketStep; answered: PacketStep; confirmed?: PacketStep }> = {
  "pings": (n) => exchange(v4(n), ICMP({ type: 8, id: 7 }), ICMP({ type: 0, id: 7 }), ICMP({ type: 8, id: 7, seq: 2 })),
  "pings of IPv6": (n) => exchange(v6(n), ICMPv6({ type: 128, id: 7 }), ICMPv6({ type: 129, id: 7 }), ICMPv6({ type: 128, id: 7, seq: 2 })),
  "datagrams": (n) => exchange(v4(n), UDP({ sport: 4000, dport: 53 }), UDP({ sport: 53, dport: 4000 }), UDP({ sport: 4000, dport: 53 })),
  "SYNs": (n) => exchange(v4(n), TCP({ sport: 4000, dport: 80, seq: 1000 }), TCP({ sport: 80, dport: 4000, flags: ["syn", "ack"], seq: 5000, ack: 1001 }), TCP({ sport: 4000, dport: 80, flags: ["ack"], seq: 1001, ack: 5001 })),
};

function exchange([there, back]: [Layer, Layer], asked: Layer, answered: Layer, confirmed: Layer): { asked: PacketStep; answered: PacketStep; confirmed: PacketStep } {
  return { asked: inward(frame(Ethernet(), there, asked), passed()), answered: outward(frame(Ethernet(), back, answered), passed()), confirmed: inward(frame(Ethernet(), there, confirmed), passed()) };
}

const PROTECTED = "flows";
const OWN_ROOM = ["pings_in", "pings_out"];
const OPENINGS = ["openings_in", "openings_out"];

test("a flood with forged sources fills nothing but what is for it", requires(root()), async (t) => {
  stayOnCpu(0);
  enterOwnNamespace();
  ip("link", "add", "eth0", "type", "veth", "peer", "name", "peer0");
  ip("link", "set", "eth0", "up");
  const [{ ifindex }] = JSON.parse(ip("-j", "link", "show", "eth0")) as [{ ifindex: number }];
  const judge = new KernelJudge(new Map([["eth0", ifindex]]));
  after(() => judge.close());
  const count = (...tables: string[]): number => tables.reduce((sum, table) => sum + [...judge.plane.map(table).batches()].reduce((all, batch) => all + batch.count, 0), 0);
  const protocols = (table: string): Set<number> => new Set([...judge.plane.map(table).entries()].map(({ key }) => key.readUInt16LE(FlowKey.what.at)));
  const judgeStep = ({ packet, expect }: PacketStep): void => assert.deepEqual(judge.judge(packet, "tc"), expect);
  const bystanders = [
    ...Object.entries(KINDS).map(([name, kind]) => ({ name, ...kind(1_000_000) })),
    { name: "a ping of its own", ...outgoing(ICMP({ type: 8, id: 9 }), ICMP({ type: 0, id: 9 })) },
    { name: "a question of its own", ...outgoing(UDP({ sport: 4001, dport: 53 }), UDP({ sport: 53, dport: 4001 })) },
  ];

  for (const [name, kind] of Object.entries(KINDS)) {
    await t.test(`${name}: answers alone promote none`, async () => {
      await judge.start(policyOf({ mode: "prevent" }));
      for (let n = 0; n < FORGED; n++) {
        const { asked, answered } = kind(n);
        judgeStep(asked);
        judgeStep(answered);
      }
      assert.equal(count(PROTECTED), 0);
      assert.ok(count(...OWN_ROOM, ...OPENINGS) > FORGED / 2);
      assert.equal(count(...(name.startsWith("pings") ? OPENINGS : OWN_ROOM)), 0, "pings and others do not share a table");
    });

    if (name === "SYNs") {
      await t.test("SYNs: who guesses what the answer was confirms nothing", async () => {
        await judge.start(policyOf({ mode: "prevent" }));
        for (const ack of [0, 1, 4999, 5002, 1001]) {
          const { asked, answered } = kind(ack);
          for (const step of [asked, answered]) judgeStep(step);
          judgeStep(inward(frame(Ethernet(), v4(ack)[0], TCP({ sport: 4000, dport: 80, flags: ["ack"], seq: 1001, ack })), passed()));
        }
        assert.equal(count(PROTECTED), 0);
      });
    }

    await t.test(`${name}: ${name.startsWith("pings") ? "nothing" : "an opener who goes on after the answer"} is confirmed`, async () => {
      await judge.start(policyOf({ mode: "prevent" }));
      for (const n of [1, 2, 3]) {
        const { asked, answered, confirmed } = kind(n);
        for (const step of [asked, answered, confirmed]) if (step !== undefined) judgeStep(step);
      }
      assert.equal(count(PROTECTED), name.startsWith("pings") ? 0 : 3);
    });
  }

  for (const name of ["pings", "pings of IPv6"]) {
    await t.test(`${name}: more than there is room for push out only pings from outside`, async () => {
      await judge.start(policyOf({ mode: "prevent", defaults: { action: "block" }, rules: [{ name: "in", action: "allow", direction: "ingress" }, { name: "out", action: "allow", direction: "egress", layer4: { protocol: "udp" } }, { name: "ping", action: "allow", direction: "egress", layer4: { protocol: "icmp" } }] }));
      for (const { asked } of bystanders) judge.judge(asked.packet, "tc");
      const room = judge.plane.map("pings_in").info.maxEntries;
      for (let n = 0; n < room + 2000; n++) judge.judge(KINDS[name]!(n).asked.packet, "tc");
      assert.ok(count("pings_in") <= room);
      assert.deepEqual([...protocols("pings_in")].filter((protocol) => protocol !== 1 && protocol !== 58), []);
      assert.equal(count(...OPENINGS), 3, "two that came and one that went");
      assert.equal(count("pings_out"), 1);
      for (const { name: what, answered } of bystanders.slice(2)) assert.equal(judge.judge(answered.packet, "tc").verdict, "passed", what);
    });
  }
});

function outgoing(asked: Layer, answered: Layer): { asked: PacketStep; answered: PacketStep } {
  const peer = "203.0.113.9";
  return { asked: outward(frame(Ethernet(), IPv4({ src: HOST.v4, dst: peer }), asked), passed()), answered: inward(frame(Ethernet(), IPv4({ src: peer, dst: HOST.v4 }), answered), passed()) };
}
