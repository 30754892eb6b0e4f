/** What programs see of packets that a rule rejects, on every hook and both ways, and of those it only drops. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, it } from "node:test";

import type { RuleRow } from "../../agent/observe/events/snapshot.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { Ethernet, frame, IPv4, IPv6, payload, TCP, UDP, VLAN } from "../harness/packet.ts";
import { requires, root, tool } from "../harness/require.ts";
import { Receiver } from "./receiver.ts";
import { attempt, type Try } from "./tries.ts";

const here = requires(root(), tool("curl", "curl"), tool("ping", "iputils-ping"), tool("ethtool", "ethtool"));

const [REJECTED, SILENT, OPEN, REJECTED_UDP, SILENT_UDP, CLOSED_UDP] = [8080, 8079, 8081, 9009, 9008, 9010];

/** What cannot be decided is dropped, too: an answer that was judged would never arrive. */
const RULES = `
mode: prevent
defaults: { on_error: { ingress: block, egress: block } }
rules:
  - { name: no-web, action: block, enforce: true, reject: true, layer4: { protocol: tcp, destination_ports: [${REJECTED}] } }
  - { name: no-udp, action: block, enforce: true, reject: true, layer4: { protocol: udp, destination_ports: [${REJECTED_UDP}] } }
  - { name: no-ping, action: block, enforce: true, reject: true, layer4: { protocol: icmp, icmp: [{ type: echo-request }] } }
  - { name: no-ping6, action: block, enforce: true, reject: true, layer4: { protocol: icmpv6, icmp: [{ type: echo-request }] } }
  - { name: quiet-web, action: block, enforce: true, layer4: { protocol: tcp, destination_ports: [${SILENT}] } }
  - { name: quiet-udp, action: block, enforce: true, layer4: { protocol: udp, destination_ports: [${SILENT_UDP}] } }
`;

/** Nobody is this slow, and nobody waits for it. */
const LONG = 20_000;
const SHORT = 1_000;

/** Of each hook and each way in which checksums are made: by the card of the sender, by that of the agent, by nobody. */
const DEVICES = [
  { name: "TC", ingress: "tcx", prepare: [] },
  { name: "TC, where the device makes the checksum of the answer", ingress: "tcx", prepare: ["server"] },
  { name: "TC, where checksums are made before", ingress: "tcx", prepare: ["server", "client"] },
  { name: "XDP", ingress: "xdp", prepare: [] },
] as const;

for (const { name, ingress, prepare } of DEVICES) {
  describe(`rejecting on ${name}`, here, () => {
    it("tells who opens a connection at once, either way, and who is only dropped nothing", async () => {
      await using lab = await makeLab();
      for (const namespace of prepare) await lab.exec(namespace, "ethtool", "-K", "eth0", "tx", "off");
      await using other = await AgentHome.make(lab, "client");
      // A veth takes frames that XDP sends only where it has an XDP program itself.
      if (ingress === "xdp") await other.start({ config: "interfaces: { include: [eth0], ingress: xdp, egress: false }" });
      for (const namespace of ["client", "server"]) await Receiver.open(lab, namespace, { tcp: [REJECTED, SILENT, OPEN] });
      await using agent = await AgentHome.make(lab, "server");
      await agent.start({ config: `interfaces: { include: [eth0], ingress: ${ingress} }\n${RULES}` });

      for (const [from, to] of [
        ["client", "server"],
        ["server", "client"],
      ] as const) {
        const { ipv4, ipv6 } = lab.end(`${to}:eth0`);
        for (const [host, prohibited] of [
          [ipv4, "EHOSTUNREACH"],
          [ipv6, "EACCES"],
        ] as const) {
          assert.deepEqual(
            await reached(lab, from, host),
            {
              rejected: "ECONNREFUSED",
              "only dropped": "silence",
              open: "connected",
              "rejected datagram": prohibited,
              "rejected long datagram": prohibited,
              "dropped datagram": "silence",
              "datagram to a closed port": "ECONNREFUSED",
            },
            `${from} to ${host}`,
          );
          // The mark of answers lets nothing else through.
          for (const more of [[], ["-m", String(ANSWER_MARK)]]) {
            const { stdout } = await lab.attempt(from, "ping", "-n", "-c", "1", "-W", "5", ...more, host);
            assert.match(stdout, /Packet filtered|Administratively prohibited/);
          }
        }
      }
      const { code } = await lab.attempt("client", "curl", "-s", "--max-time", "20", `http://${lab.end("server:eth0").ipv4}:${REJECTED}/`);
      assert.equal(code, COULD_NOT_CONNECT);
      const { undecided, faults, rejects } = await agent.status();
      assert.deepEqual(
        { undecided, faults, rejects: Object.keys(rejects).sort() },
        { undecided: {}, faults: {}, rejects: ["prohibited", "reset"] },
      );
      assert.match(await agent.weir("status"), /rejects +.*reset/);
    });
  });
}

const COULD_NOT_CONNECT = 7;
const ANSWER_MARK = 0x77656972;

async function reached(lab: Lab, namespace: string, host: string): Promise<Record<string, string>> {
  const tries: Record<string, Omit<Try, "host">> = {
    rejected: { protocol: "tcp", port: REJECTED, patience: LONG },
    "only dropped": { protocol: "tcp", port: SILENT, patience: SHORT },
    open: { protocol: "tcp", port: OPEN, patience: LONG },
    "rejected datagram": { protocol: "udp", port: REJECTED_UDP, patience: LONG },
    "rejected long datagram": { protocol: "udp", port: REJECTED_UDP, bytes: 1300, patience: LONG },
    "dropped datagram": { protocol: "udp", port: SILENT_UDP, patience: SHORT },
    "datagram to a closed port": { protocol: "udp", port: CLOSED_UDP, patience: LONG },
  };
  const ends = await attempt(
    lab,
    namespace,
    Object.values(tries).map((one) => ({ ...one, host })),
  );
  return Object.fromEntries(Object.keys(tries).map((what, index) => [what, ends[index]!]));
}

describe("rejecting", here, () => {
  it("answers under a tag that the device took off, and not more often than a thousand times a second", async () => {
    await using lab = await makeLab();
    await using agent = await AgentHome.make(lab, "server");
    await agent.start({ config: `interfaces: { include: [eth0], ingress: tcx }\n${RULES}` });
    const wire = await lab.wire("client:eth0");
    const [client, server] = [lab.end("client:eth0"), lab.end("server:eth0")];
    const there = Ethernet({ src: client.mac, dst: server.mac });
    const syn = (port: number): Uint8Array =>
      frame(there, VLAN(5), IPv4({ src: client.ipv4, dst: server.ipv4 }), TCP({ sport: port, dport: REJECTED }));

    await wire.send(
      syn(40_000),
      frame(
        there,
        VLAN(5),
        VLAN(7),
        IPv6({ src: client.ipv6, dst: server.ipv6 }),
        UDP({ sport: 40_001, dport: REJECTED_UDP }),
        payload("tagged twice"),
      ),
    );
    const back = Ethernet({ src: server.mac, dst: client.mac });
    const reset = frame(
      back,
      VLAN(5),
      IPv4({ src: server.ipv4, dst: client.ipv4, dontFragment: true }),
      TCP({ sport: REJECTED, dport: 40_000, flags: ["rst", "ack"], seq: 0, ack: 1001, window: 0 }),
    );
    assert.ok(await wire.find((bytes) => Buffer.compare(bytes, reset) === 0), "a reset with the tag");
    assert.ok(
      await wire.find((bytes) => bytes.subarray(12, 20).join() === "129,0,0,5,129,0,0,7" && Buffer.from(bytes).includes("tagged twice")),
      "an error with both tags",
    );

    await wire.send(...Array.from({ length: FLOOD }, (_, index) => syn(20_000 + (index % 40_000))));
    // Of what the device lost before, nobody knows.
    const {
      reset: resets = 0,
      prohibited = 0,
      suppressed = 0,
    } = await eventually("the end of the flood", async () => {
      const { rejects } = await agent.status();
      const rules = JSON.parse(await agent.weir("rule", "list", "--json")) as RuleRow[];
      return (
        rejects["suppressed"] !== undefined &&
        rejects["reset"]! + rejects["suppressed"] === rules.find((rule) => rule.name === "no-web")!.dropped &&
        rejects
      );
    });
    assert.ok(resets + prohibited >= 1000, `${resets} resets, ${prohibited} errors, ${suppressed} suppressed`);
  });

  it("resets a connection that stands when the rule comes", async () => {
    await using lab = await makeLab();
    await Receiver.open(lab, "server", { tcp: [REJECTED] });
    await using agent = await AgentHome.make(lab, "server");
    await agent.start({ config: "mode: prevent\ninterfaces: { include: [eth0] }" });
    const { ipv4 } = lab.end("server:eth0");
    const child = lab.spawn("client", [process.execPath, "-e", HOLD, ipv4, String(REJECTED)], { stdio: ["pipe", "pipe", "inherit"] });
    const said: string[] = [];
    child.stdout!.setEncoding("utf8").on("data", (text: string) => said.push(text));
    await eventually("a connection", () => said.join("").includes("connected"));
    await agent.weir("rule", "add", "--proto", "tcp", "--port", String(REJECTED), "--action", "block", "--enforce", "--reject");
    child.stdin!.write("\n");
    await eventually("a reset", () => said.join("").includes("ECONNRESET"));
    assert.deepEqual(Object.keys((await agent.status()).rejects), ["reset"]);
  });
});

/** More than a second's answers. */
const FLOOD = 20_000;

/** Sent as text: connects, and once it is told to writes and says what becomes of it. */
const HOLD = `
const socket = require("node:net").connect({ host: process.argv[1], port: Number(process.argv[2]) }, () => console.log("connected"));
socket.on("error", ({ code }) => console.log(code));
process.stdin.once("data", () => socket.write("GET / HTTP/1.1"));
`;

const TUN = { own: "198.20.0.1", peer: "198.20.0.2" };

it(
  "rejecting answers on a device without Ethernet headers, either way",
  requires(root(), existsSync("/dev/net/tun") ? undefined : "there is no /dev/net/tun"),
  async () => {
    await using lab = await makeLab({ namespaces: ["host"], links: [] });
    const far = await lab.tun("host:tun0");
    await lab.exec("host", "sh", "-c", `ip address add ${TUN.own}/24 dev tun0 && ip link set tun0 up`);
    await using agent = await AgentHome.make(lab, "host");
    await agent.start({ config: `interfaces: { include: [tun0] }\n${RULES}` });
    await far.send(frame(IPv4({ src: TUN.peer, dst: TUN.own }), TCP({ sport: 40_000, dport: REJECTED })));
    const reset = frame(
      IPv4({ src: TUN.own, dst: TUN.peer, dontFragment: true }),
      TCP({ sport: REJECTED, dport: 40_000, flags: ["rst", "ack"], seq: 0, ack: 1001, window: 0 }),
    );
    assert.ok(await far.find((bytes) => Buffer.compare(bytes, reset) === 0), "a reset");
    const tries: Try[] = [
      { protocol: "tcp", host: TUN.peer, port: REJECTED, patience: LONG },
      { protocol: "udp", host: TUN.peer, port: REJECTED_UDP, patience: LONG },
      { protocol: "tcp", host: TUN.peer, port: OPEN, patience: SHORT },
    ];
    assert.deepEqual(await attempt(lab, "host", tries), ["ECONNREFUSED", "EHOSTUNREACH", "silence"]);
    assert.ok(
      far.received.some((bytes) => bytes[9] === 6 && bytes[22] === OPEN >> 8 && bytes[23] === (OPEN & 0xff)),
      "the twin left",
    );
  },
);
