/** The mark of weir's answers opens no way past the rules for whoever may set marks: CAP_NET_RAW is enough for that. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { Ethernet, frame, ICMP, IPv4, payload, TCP } from "../harness/packet.ts";
import { requires, root, tool } from "../harness/require.ts";
import { sendByPacketSocket, sendByRawSocket, withNetRaw } from "./net-raw.ts";

const ANSWER_MARK = 0x77656972;
const BLOCK_ALL = "mode: prevent\ndefaults: { action: block, on_error: { ingress: block, egress: block } }\n";
/** The rest of a packet that quotes nothing. */
const SECRET = "all that should have stayed here";

describe("a process that has CAP_NET_RAW alone", requires(root(), tool("perl", "perl-base"), tool("setpriv", "util-linux")), () => {
  for (const ingress of ["tcx", "xdp"] as const) {
    it(`sends nothing past the rules with the mark of weir's answers, by a raw or a packet socket (${ingress})`, async () => {
      await using lab = await makeLab();
      await using agent = await AgentHome.make(lab, "server");
      await agent.start({ config: `interfaces: { include: [eth0], ingress: ${ingress} }\n${BLOCK_ALL}` });
      const wire = await lab.wire("client:eth0");
      const [client, server] = [lab.end("client:eth0"), lab.end("server:eth0")];
      const ifindex = await indexOf(lab, "eth0");
      const error = (text: string): Uint8Array => frame(ICMP({ type: 3, code: 13 }), payload(text));
      const link = Ethernet({ src: server.mac, dst: client.mac });
      const outward = IPv4({ src: server.ipv4, dst: client.ipv4 });

      const sendAll = async (phase: string, mark?: number): Promise<void> => {
        const by = (how: string): string => `${phase} ${how} ${SECRET}`;
        const sent = [
          sendByRawSocket(client.ipv4, error(by("raw")), mark),
          sendByPacketSocket(ifindex, frame(link, outward, ICMP({ type: 3, code: 13 }), payload(by("packet"))), { mark }),
          // The reset's number is what tells the phases apart: it carries nothing else.
          sendByPacketSocket(ifindex, frame(link, outward, TCP({ sport: 4000, dport: 5000, flags: ["rst"], seq: numberOf(phase) })), {
            mark,
          }),
        ];
        for (const code of sent) {
          const { code: ended, stderr } = await withNetRaw(lab, "server", code);
          // The kernel tells the sender of a raw socket that a packet was dropped.
          assert.ok(ended === 0 || /send: No buffer space|send: Operation not permitted/.test(stderr), stderr);
        }
      };
      const arrived = (phase: string): number =>
        wire.received.filter(
          (bytes) =>
            Buffer.from(bytes).includes(`${phase} `) || (bytes[23] === 6 && Buffer.from(bytes).readUInt32BE(38) === numberOf(phase)),
        ).length;

      await sendAll("unmarked");
      await sendAll("marked", ANSWER_MARK);
      await agent.weir("mode", "detect");
      await sendAll("detect", ANSWER_MARK);
      await eventually("the twins, which detect lets through", () => arrived("detect") === 3);
      assert.deepEqual([arrived("unmarked"), arrived("marked")], [0, 0]);
    });
  }

  it("is judged also where a device of this namespace hands its marked frame to another one", async () => {
    await using lab = await makeLab();
    await lab.exec(
      "server",
      "sh",
      "-c",
      "ip link add a0 type veth peer name a1 && ip address add 10.1.0.1/24 dev a1 && ip link set a0 up && ip link set a1 up",
    );
    await using agent = await AgentHome.make(lab, "server");
    await agent.start({ config: `interfaces: { include: [a1], ingress: tcx }\n${BLOCK_ALL}` });
    const ifindex = await indexOf(lab, "a0");
    const error = frame(
      Ethernet({ src: "02:00:00:00:00:01", dst: "02:00:00:00:00:02" }),
      IPv4({ src: "10.1.0.9", dst: "10.1.0.1" }),
      ICMP({ type: 3, code: 13 }),
      payload(SECRET),
    );
    const dropped = async (): Promise<number> =>
      (await agent.status()).traffic.find((cell) => cell.direction === "ingress" && cell.transport === "icmp" && cell.verdict === "dropped")
        ?.packets ?? 0;
    for (const [count, mark] of [
      [1, undefined],
      [2, ANSWER_MARK],
    ] as const) {
      const { code, stderr } = await withNetRaw(lab, "server", sendByPacketSocket(ifindex, error, { mark }));
      assert.equal(code, 0, stderr);
      await eventually(`${count} dropped`, async () => (await dropped()) === count);
    }
  });
});

function numberOf(phase: string): number {
  return Buffer.from(phase.padEnd(4)).readUInt32BE();
}

async function indexOf(lab: Lab, device: string): Promise<number> {
  const [link] = JSON.parse(await lab.exec("server", "ip", "-j", "link", "show", device)) as { ifindex: number }[];
  return link!.ifindex;
}
