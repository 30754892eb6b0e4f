/** Floods with forged sources: what they leave in the flow tables, where hosts answer them, and what they push out. */

import assert from "node:assert/strict";
import { after, test } from "node:test";

import { readFlowCounts } from "../../agent/observe/events/counters.ts";
import { Census } from "../../agent/observe/flows/census.ts";
import { countFlows, flowTablesOf } from "../../agent/observe/flows/collect.ts";
import { FlowCount, FlowKey } from "../../agent/generated/layout.ts";
import { inward, outward, passed, type PacketStep } from "../conformance/case.ts";
import { judgeAtEth0 } from "../conformance/kernel-judge.ts";
import { policyOf } from "../conformance/policy.ts";
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
  pings: (n) => exchange(v4(n), ICMP({ type: 8, id: 7 }), ICMP({ type: 0, id: 7 }), ICMP({ type: 8, id: 7, seq: 2 })),
  "pings of IPv6": (n) => exchange(v6(n), ICMPv6({ type: 128, id: 7 }), ICMPv6({ type: 129, id: 7 }), ICMPv6({ type: 128, id: 7, seq: 2 })),
  datagrams: (n) => exchange(v4(n), UDP({ sport: 4000, dport: 53 }), UDP({ sport: 53, dport: 4000 }), UDP({ sport: 4000, dport: 53 })),
  SYNs: (n) =>
    exchange(
      v4(n),
      TCP({ sport: 4000, dport: 80, seq: 1000 }),
      TCP({ sport: 80, dport: 4000, flags: ["syn", "ack"], seq: 5000, ack: 1001 }),
      TCP({ sport: 4000, dport: 80, flags: ["ack"], seq: 1001, ack: 5001 }),
    ),
};

function exchange(
  [there, back]: [Layer, Layer],
  asked: Layer,
  answered: Layer,
  confirmed: Layer,
): { asked: PacketStep; answered: PacketStep; confirmed: PacketStep } {
  return {
    asked: inward(frame(Ethernet(), there, asked), passed()),
    answered: outward(frame(Ethernet(), back, answered), passed()),
    confirmed: inward(frame(Ethernet(), there, confirmed), passed()),
  };
}

/** Connections that their opener confirmed: with a proof that he got the answer, and without. */
const PROVEN = "flows";
const UNPROVEN = "unproven_flows";
const PROTECTED = [PROVEN, UNPROVEN];
const TCP_NUMBER = 6;
const UDP_NUMBER = 17;
/** Of the two IPv4 addresses in a frame without a tag. */
const SOURCE_AT = 26;
const DESTINATION_AT = 30;
/** Services from outside, and what was asked for from here. */
const ASKED_FOR = policyOf({
  mode: "prevent",
  defaults: { action: "block", on_error: { ingress: "block", egress: "block" } },
  rules: [
    { name: "dns", action: "allow", direction: "ingress", layer4: { protocol: "udp", destination_ports: [53] } },
    { name: "web", action: "allow", direction: "ingress", layer4: { protocol: "tcp", destination_ports: [80] } },
    { name: "out", action: "allow", direction: "egress", layer4: { protocol: "udp" } },
  ],
});
const OWN_ROOM = ["pings_in", "pings_out"];
const OPENINGS = ["openings_in", "openings_out"];

test("a flood with forged sources fills nothing but what is for it", requires(root()), async (t) => {
  const judge = judgeAtEth0();
  const ifindex = judge.ifindexOf("eth0");
  after(() => judge.close());
  const count = (...tables: string[]): number =>
    tables.reduce((sum, table) => sum + [...judge.plane.map(table).batches()].reduce((all, batch) => all + batch.count, 0), 0);
  const protocols = (table: string): Set<number> =>
    new Set([...judge.plane.map(table).entries()].map(({ key }) => key.readUInt16LE(FlowKey.what.at)));
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
      assert.equal(count(...PROTECTED), 0);
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
        assert.equal(count(...PROTECTED), 0);
      });
    }

    await t.test(`${name}: ${name.startsWith("pings") ? "nothing" : "an opener who goes on after the answer"} is confirmed`, async () => {
      await judge.start(policyOf({ mode: "prevent" }));
      for (const n of [1, 2, 3]) {
        const { asked, answered, confirmed } = kind(n);
        for (const step of [asked, answered, confirmed]) if (step !== undefined) judgeStep(step);
      }
      assert.equal(count(...PROTECTED), name.startsWith("pings") ? 0 : 3);
    });
  }

  for (const name of ["pings", "pings of IPv6"]) {
    await t.test(`${name}: more than there is room for push out only pings from outside`, async () => {
      await judge.start(
        policyOf({
          mode: "prevent",
          defaults: { action: "block" },
          rules: [
            { name: "in", action: "allow", direction: "ingress" },
            { name: "out", action: "allow", direction: "egress", layer4: { protocol: "udp" } },
            { name: "ping", action: "allow", direction: "egress", layer4: { protocol: "icmp" } },
          ],
        }),
      );
      for (const { asked } of bystanders) judge.judge(asked.packet, "tc");
      const room = judge.plane.map("pings_in").info.maxEntries;
      for (let n = 0; n < room + 2000; n++) judge.judge(KINDS[name]!(n).asked.packet, "tc");
      assert.ok(count("pings_in") <= room);
      assert.deepEqual(
        [...protocols("pings_in")].filter((protocol) => protocol !== 1 && protocol !== 58),
        [],
      );
      assert.equal(count(...OPENINGS), 3, "two that came and one that went");
      assert.equal(count("pings_out"), 1);
      for (const { name: what, answered } of bystanders.slice(2)) assert.equal(judge.judge(answered.packet, "tc").verdict, "passed", what);
    });
  }

  await t.test("datagrams that are sent again after the answer push out no TCP connection", async () => {
    await judge.start(ASKED_FOR);
    const tables = flowTablesOf((name) => judge.plane.map(name));
    const census = new Census(
      () => readFlowCounts(judge.plane.map("flow_counters"), FlowCount.FLOWS),
      () => countFlows(tables),
    );
    const [tcp, own] = [KINDS["SYNs"]!(1_000_000), outgoing(UDP({ sport: 4001, dport: 53 }), UDP({ sport: 53, dport: 4001 }))];
    for (const { packet } of [tcp.asked, tcp.answered, tcp.confirmed!, own.asked, own.answered, own.asked]) judge.judge(packet, "tc");
    const { maxEntries } = judge.plane.map(PROVEN).info;
    const forged = maxEntries + maxEntries / 8;
    forge(forged, 3);
    assert.equal(judge.judge(tcp.confirmed!.packet, "tc").verdict, "passed", "the idle connection is still known");
    assert.deepEqual([...protocols(PROVEN)], [TCP_NUMBER]);
    assert.deepEqual([...protocols(UNPROVEN)], [UDP_NUMBER]);
    const room = judge.plane.map(UNPROVEN).info.maxEntries;
    assert.ok(count(UNPROVEN) > room / 2 && count(UNPROVEN) <= room, `${count(UNPROVEN)} of ${room}`);
    assert.equal(census.figures.evicted, forged + 2 - count(...PROTECTED), "what was pushed out is counted");
  });

  await t.test("a real exchange of datagrams stays known in a flood that confirms nothing", async () => {
    await judge.start(ASKED_FOR);
    const own = outgoing(UDP({ sport: 4001, dport: 53 }), UDP({ sport: 53, dport: 4001 }));
    assert.equal(judge.judge(own.answered.packet, "tc").verdict, "dropped", "unasked");
    for (const { packet } of [own.asked, own.answered, own.asked]) assert.equal(judge.judge(packet, "tc").verdict, "passed");
    forge(judge.plane.map(UNPROVEN).info.maxEntries * 2, 2);
    assert.equal(judge.judge(own.answered.packet, "tc").verdict, "passed");
    assert.equal(count(UNPROVEN), 1);
  });

  /** The first packets of so many exchanges of forged sources with a service here: a question, its answer, the question again. */
  function forge(sources: number, packets: number): void {
    const { asked, answered } = KINDS["datagrams"]!(0);
    for (let n = 0; n < sources; n++) {
      for (let packet = 0; packet < packets; packet++) {
        const { hook, frame } = (packet === 1 ? answered : asked).packet;
        frame.set(
          [10, n >> 16, n >> 8, n].map((byte) => byte & 255),
          hook === "ingress" ? SOURCE_AT : DESTINATION_AT,
        );
        judge.plane.program(`weir_tc_${hook}`).testRun({ data: frame, ifindex });
      }
    }
  }
});

function outgoing(asked: Layer, answered: Layer): { asked: PacketStep; answered: PacketStep } {
  const peer = "203.0.113.9";
  return {
    asked: outward(frame(Ethernet(), IPv4({ src: HOST.v4, dst: peer }), asked), passed()),
    answered: inward(frame(Ethernet(), IPv4({ src: peer, dst: HOST.v4 }), answered), passed()),
  };
}
