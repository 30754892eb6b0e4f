/**
 * Segments that no receiver takes change nothing: an attacker who is the endpoint himself, or stands beside it, moves no
 * count, no duration and no statistics with them, be the connection forwarded or this host's own.
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { StatisticsRow } from "../../agent/observe/statistics/row.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { IPv4, IPv6, TCP, Ethernet, frame, type TCPFlag } from "../harness/packet.ts";
import { requires, root } from "../harness/require.ts";
import type { Wire } from "../harness/wire.ts";
import { makeStreet, type Street } from "./router.ts";
import { numbersAt, serve, Talk } from "./talk.ts";

const PORT = 8085;
const MOST = 3;
const PAIRS = 2000;

/** The attacker as an endpoint, and what it speaks to. */
interface Reach {
  name: string;
  attacker: string;
  target: string;
  ip(hopLimit: number, headerChecksum?: number): ReturnType<typeof IPv4>;
}

function reaches(street: Street, target: "router" | "inner"): Reach[] {
  const { attacker } = street;
  const to = street[target];
  return [
    {
      name: "IPv4",
      attacker: attacker.ipv4,
      target: to.ipv4,
      ip: (ttl, checksum) => IPv4({ src: attacker.ipv4, dst: to.ipv4, ttl, ...(checksum === undefined ? {} : { checksum }) }),
    },
    { name: "IPv6", attacker: attacker.ipv6, target: to.ipv6, ip: (hopLimit) => IPv6({ src: attacker.ipv6, dst: to.ipv6, hopLimit }) },
  ];
}

type Forge = (
  talk: Talk,
  flags: TCPFlag[],
  how?: { off?: number; checksum?: number; hopLimit?: number; headerChecksum?: number; mac?: string },
) => Promise<void>;

function forger(street: Street, wire: Wire, reach: Reach): Forge {
  const link = { src: street.lab.end("attacker:eth0").mac, dst: street.lab.end("router:eth0").mac };
  return async (talk, flags, { off = 0, checksum, hopLimit = 64, headerChecksum, mac = link.dst } = {}) => {
    const { seq, ack } = await numbersAt(wire, talk.port, PORT);
    const segment = TCP({
      sport: talk.port,
      dport: PORT,
      seq: (seq + off) >>> 0,
      ack,
      flags,
      ...(checksum === undefined ? {} : { checksum }),
    });
    await wire.send(frame(Ethernet({ ...link, dst: mac }), reach.ip(hopLimit, headerChecksum), segment));
  };
}

/** By none of these may a connection end. */
const TRICKS: Record<string, (forge: Forge, talk: Talk) => Promise<void>> = {
  "a reset from far away": (forge, talk) => forge(talk, ["rst"], { off: 0x7000_0000 }),
  "a reset in the window": (forge, talk) => forge(talk, ["rst"], { off: 1 }),
  "a reset just before it": (forge, talk) => forge(talk, ["rst"], { off: -1 }),
  "the right number and a wrong checksum": (forge, talk) => forge(talk, ["rst"], { checksum: 0x1111 }),
  "the right number in a frame for another device": (forge, talk) => forge(talk, ["rst"], { mac: "02:00:00:00:00:99" }),
  "a FIN with a wrong checksum": (forge, talk) => forge(talk, ["fin", "ack"], { checksum: 0x1111 }),
  "a FIN from far away": (forge, talk) => forge(talk, ["fin", "ack"], { off: 0x7000_0000 }),
  "a reset and a SYN with wrong numbers": async (forge, talk) => {
    await forge(talk, ["rst"], { off: 0x7000_0000 });
    await forge(talk, ["syn"], { off: 0x7000_0000 });
  },
};
/** IPv6 has none. */
const WITH_HEADER_CHECKSUM: typeof TRICKS = {
  "the right number and a wrong checksum of the IP header": (forge, talk) => forge(talk, ["rst"], { headerChecksum: 0x1111 }),
};
/** The same of segments that a router lets die. */
const DYING: typeof TRICKS = {
  "the right number, and too few hops to arrive": (forge, talk) => forge(talk, ["rst"], { hopLimit: 1 }),
  "a FIN with too few hops to arrive": (forge, talk) => forge(talk, ["fin", "ack"], { hopLimit: 1 }),
};

const config = (ingress: string): string => `
mode: prevent
interfaces: { include: [eth0], ingress: ${ingress} }
defaults: { on_error: { ingress: block, egress: block } }
rules:
  - { name: few, action: block, enforce: true, direction: ingress, layer4: { protocol: tcp, destination_ports: [${PORT}], connections_over: ${MOST} } }
`;

for (const [target, what] of [
  ["inner", "forwarded"],
  ["router", "the host's own"],
] as const) {
  // Between namespaces checksums are left to a device that is not there, which XDP cannot tell from wrong ones.
  for (const ingress of ["tcx"]) {
    describe(`connections that are ${what}, ${ingress}`, { ...requires(root()), concurrency: 1 }, () => {
      it("a limit holds whatever is forged, and a real end makes room", async () => {
        await using street = await makeStreet();
        const wire = await street.lab.wire("attacker:eth0");
        await serve(street.lab, target, PORT);
        await using agent = await AgentHome.make(street.lab, "router");
        await agent.start({ config: config(ingress) });
        for (const reach of reaches(street, target)) {
          const forge = forger(street, wire, reach);
          const begin = (): Promise<Talk> => Talk.begin(street.lab, "attacker", reach.target, PORT);
          const isFull = async (why: string): Promise<void> => {
            const tried = await begin();
            assert.equal(tried.wasOpened, false, `${reach.name}: one more than allowed after ${why}`);
            await tried.kill();
          };
          const talks: Talk[] = [];
          for (let n = 0; n < MOST; n++) {
            const talk = await begin();
            assert.ok(await talk.says(`hello ${n};`), reach.name);
            talks.push(talk);
          }
          await isFull("nothing");
          // A segment that dies on the way is not for this host's own connections: it has arrived.
          for (const [why, trick] of Object.entries({
            ...TRICKS,
            ...(reach.name === "IPv4" ? WITH_HEADER_CHECKSUM : {}),
            ...(target === "inner" ? DYING : {}),
          })) {
            for (const talk of talks) await trick(forge, talk);
            await isFull(why);
            for (const talk of talks)
              assert.ok(await talk.says(`${why} ${talks.indexOf(talk)};`), `${reach.name}: it goes on after ${why}`);
          }
          for (const how of ["", "reset"] as const) {
            await talks.pop()!.end(how);
            talks.push(
              await eventually(`room after a real end: ${how || "finished"}`, async () => {
                const tried = await begin();
                if (tried.wasOpened) return tried;
                await tried.kill();
                return undefined;
              }),
            );
            assert.ok(await talks.at(-1)!.says(`anew ${how};`));
            await isFull("one ended and another began");
          }
          // The same ports again, right after a real end.
          const port = talks.at(-1)!.port;
          await talks.pop()!.end("reset");
          const again = await eventually("the same ports again", async () => {
            const tried = await Talk.begin(street.lab, "attacker", reach.target, PORT, port);
            if (tried.wasOpened) return tried;
            await tried.kill();
            return undefined;
          });
          assert.ok(await again.says("the same ports;"));
          for (const talk of [...talks, again]) await talk.end("reset");
          await Promise.all([...talks, again].map((talk) => talk.kill()));
        }
        assert.deepEqual((await agent.status()).faults, {});
      });
    });
  }

  describe(`statistics of connections that are ${what}`, requires(root()), () => {
    it(`${PAIRS} resets, each followed by an acknowledgement, leave one connection with what it carried`, async () => {
      await using street = await makeStreet();
      const wire = await street.lab.wire("attacker:eth0");
      await serve(street.lab, target, PORT);
      await using agent = await AgentHome.make(street.lab, "router");
      await agent.start({ config: "interfaces: { include: [eth0] }" });
      const reach = reaches(street, target)[0]!;
      const row = async (): Promise<StatisticsRow | undefined> =>
        (JSON.parse(await agent.weir("stats", "--json", "--by", "peer", "--service", `tcp ${PORT}`)) as StatisticsRow[])[0];
      const talk = await Talk.begin(street.lab, "attacker", reach.target, PORT);
      assert.ok(await talk.says("hello;"));
      const { seq, ack } = await numbersAt(wire, talk.port, PORT);
      const forged = (flags: TCPFlag[], from: number): Uint8Array => {
        const ends = { src: street.lab.end("attacker:eth0").mac, dst: street.lab.end("router:eth0").mac };
        return frame(Ethernet(ends), reach.ip(64), TCP({ sport: talk.port, dport: PORT, seq: from >>> 0, ack, flags }));
      };
      for (let n = 0; n < PAIRS; n += 100)
        await wire.send(...Array.from({ length: 100 }, (_, i) => [forged(["rst"], seq + 1 + n + i), forged(["ack"], seq)]).flat());
      assert.ok(await talk.says("still there;"));
      const before = await eventually("it is live", async () => {
        const one = await row();
        return one?.live === 1 && one;
      });
      assert.equal(before.connections, 1, "it is the only one");
      await talk.end();
      const after = await eventually(
        "its end",
        async () => {
          const one = await row();
          return one?.live === 0 && one;
        },
        30_000,
      );
      assert.equal(after.connections, 1);
      assert.ok(after.packets > 2 * PAIRS && after.packets < 6 * PAIRS + 100, `${after.packets} packets`);
      assert.ok(after.sent + after.received < 80 * after.packets, `${after.sent + after.received} bytes`);
      await talk.kill();
    });
  });
}
