/** Packets and bytes are those of the wire, whatever the stack merged or cut on the way to a hook. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { Ethernet, frame, IPv4, IPv6, payload, UDP, VLAN } from "../harness/packet.ts";
import { requires, root, tool } from "../harness/require.ts";
import { type Amount, deviceCount, judged, meter, type Metered } from "./figures.ts";
import { Receiver } from "./receiver.ts";

const here = requires(root(), tool("iperf3", "iperf3"), tool("ethtool", "ethtool"), tool("nc", "netcat-openbsd"));

const ETHERNET_HEADER = 14;
const TCP_HEADERS = { IPv4: ETHERNET_HEADER + 20 + 32, IPv6: ETHERNET_HEADER + 40 + 32 }; // with time stamps
const BULK = "5M";

type Family = "IPv4" | "IPv6";

interface Bulk {
  ingress: Metered;
  egress: Metered;
  /** What the server's IP layer received and sent: a super-packet is one to it. */
  handled: { received: number; sent: number };
}

/** A bulk transfer that weir watches on the server's eth0; the device counts are what the sending device put on the wire. */
async function bulk(lab: Lab, agent: AgentHome, host: string, family: Family, upload: boolean): Promise<Bulk> {
  const ingress = await meter(
    () => deviceCount(lab, "client:eth0", "tx"),
    () => judged(agent, { interface: "eth0", direction: "ingress" }),
  );
  const egress = await meter(
    () => deviceCount(lab, "server:eth0", "tx"),
    () => judged(agent, { interface: "eth0", direction: "egress" }),
  );
  const before = await handled(lab, family);
  await lab.exec("client", "iperf3", "-c", host, "-n", BULK, ...(upload ? [] : ["--reverse"]));
  const after = await handled(lab, family);
  return {
    ingress: await ingress(),
    egress: await egress(),
    handled: { received: after.received - before.received, sent: after.sent - before.sent },
  };
}

async function handled(lab: Lab, family: Family): Promise<Bulk["handled"]> {
  if (family === "IPv6") {
    const text = await lab.exec("server", "cat", "/proc/net/snmp6");
    const value = (name: string): number => Number(new RegExp(`^${name}\\s+(\\d+)`, "m").exec(text)?.[1]);
    return { received: value("Ip6InReceives"), sent: value("Ip6OutRequests") };
  }
  const [names, values] = [...(await lab.exec("server", "cat", "/proc/net/snmp")).matchAll(/^Ip: (.*)$/gm)].map(([, words = ""]) =>
    words.split(" "),
  );
  const value = (name: string): number => Number(values![names!.indexOf(name)]);
  return { received: value("InReceives"), sent: value("OutRequests") };
}

/** A VXLAN device over eth0. */
async function addTunnel(lab: Lab, namespace: string, peer: string, own: string, other: string): Promise<void> {
  const [local, remote] = [lab.end(`${namespace}:eth0`).ipv4, lab.end(`${peer}:eth0`).ipv4];
  await lab.exec(
    namespace,
    "sh",
    "-c",
    `ip link add vx0 type vxlan id 7 dstport 4789 local ${local} remote ${remote} dev eth0
    ip address add ${own}/24 peer ${other} dev vx0 && ip link set vx0 up`,
  );
}

async function serveBulk(lab: Lab): Promise<void> {
  lab.spawn("server", ["iperf3", "-s"], { stdio: "ignore" });
  await eventually("iperf3 listens", async () => (await lab.exec("server", "ss", "-Hltn", "sport = :5201")) !== "");
}

const offload = (lab: Lab, namespace: string, ...words: string[]): Promise<string> =>
  lab.exec(namespace, "ethtool", "-K", "eth0", ...words);

const FAMILIES = ["IPv4", "IPv6"] as const;
const address = (lab: Lab, family: Family): string => lab.end("server:eth0")[family === "IPv4" ? "ipv4" : "ipv6"];
const THROUGH_TC = "interfaces: { include: [eth0], ingress: tcx }";

describe("bulk TCP through TC", { ...here, concurrency: 2 }, () => {
  it("super-packets that are cut behind TC count as the segments that leave the device", async () => {
    await using lab = await makeLab();
    for (const namespace of ["client", "server"]) await offload(lab, namespace, "tso", "off", "gso", "on");
    await serveBulk(lab);
    await using agent = await AgentHome.make(lab, "server");
    await agent.start({ config: THROUGH_TC });
    for (const family of FAMILIES) {
      const { ingress, egress, handled } = await bulk(lab, agent, address(lab, family), family, false);
      assert.ok(egress.device.packets > 2 * handled.sent, `super-packets passed TC: ${handled.sent} for ${egress.device.packets} segments`);
      assert.deepEqual(egress.weir, egress.device, family);
      assert.deepEqual(ingress.weir, ingress.device, family);
    }
  });

  it("segments that were merged before TC count one by one", async () => {
    await using lab = await makeLab();
    await offload(lab, "client", "tso", "off");
    await offload(lab, "server", "tso", "off", "gro", "on");
    await serveBulk(lab);
    await using agent = await AgentHome.make(lab, "server");
    await agent.start({ config: THROUGH_TC });
    for (const family of FAMILIES) {
      const { ingress, egress, handled } = await bulk(lab, agent, address(lab, family), family, true);
      assert.ok(
        ingress.device.packets > 2 * handled.received,
        `merged packets passed TC: ${handled.received} of ${ingress.device.packets} segments`,
      );
      assert.deepEqual(ingress.weir, withHeaders(ingress.device), family);
      assert.deepEqual(egress.weir, egress.device, family);
    }
  });

  it("super-packets that no device cuts count as the segments they stand for", async () => {
    await using lab = await makeLab();
    await serveBulk(lab);
    await using agent = await AgentHome.make(lab, "server");
    await agent.start({ config: THROUGH_TC });
    for (const [family, upload] of [
      ["IPv4", true],
      ["IPv4", false],
      ["IPv6", true],
      ["IPv6", false],
    ] as const) {
      const run = await bulk(lab, agent, address(lab, family), family, upload);
      const { weir, device } = upload ? run.ingress : run.egress;
      assert.ok(weir.packets > 2 * device.packets, JSON.stringify({ weir, device }));
      assert.equal(
        weir.bytes - device.bytes,
        TCP_HEADERS[family] * (weir.packets - device.packets),
        "each further segment repeats its headers",
      );
    }
  });

  it("in a tunnel each segment repeats the headers of both packets", async () => {
    await using lab = await makeLab();
    for (const namespace of ["client", "server"])
      await offload(lab, namespace, "tso", "off", "tx-udp_tnl-segmentation", "off", "tx-udp_tnl-csum-segmentation", "off");
    await addTunnel(lab, "client", "server", "198.19.0.1", "198.19.0.2");
    await addTunnel(lab, "server", "client", "198.19.0.2", "198.19.0.1");
    await offload(lab, "server", "gro", "on");
    await serveBulk(lab);
    for (const inspect of [true, false]) {
      await using agent = await AgentHome.make(lab, "server");
      await agent.start({ config: `inspect_tunnels: ${inspect}\n${THROUGH_TC}` });
      const down = await bulk(lab, agent, "198.19.0.2", "IPv4", false);
      assert.ok(down.egress.device.packets > down.handled.sent, "super-packets passed TC");
      assert.deepEqual(down.egress.weir, down.egress.device);
      const up = await bulk(lab, agent, "198.19.0.2", "IPv4", true);
      assert.deepEqual(up.ingress.weir, withHeaders(up.ingress.device));
    }
  });
});

/** A veth that polls, as it does for GRO and XDP, has taken the Ethernet header off before it counts. */
function withHeaders({ packets, bytes }: Amount): Amount {
  return { packets, bytes: bytes + packets * ETHERNET_HEADER };
}

const [BLOCKED, ALLOWED] = [9009, 9010];
const NO_UDP = `rules: [{ name: no-udp, action: block, enforce: true, direction: ingress, layer4: { protocol: udp, destination_ports: [${BLOCKED}] } }]`;

describe("frames that are not as usual", { ...here, concurrency: 2 }, () => {
  for (const hook of ["tcx", "xdp"] as const) {
    /** A veth that polls counts without Ethernet headers; see above. */
    const onWire = (device: Amount): Amount => (hook === "xdp" ? withHeaders(device) : device);

    it(`${hook}: jumbo frames count as they are, and a rule drops one whole`, async () => {
      await using lab = await makeLab({
        namespaces: ["client", "server"],
        links: [{ from: "client:eth0", to: "server:eth0", mtu: 9000, offload: false }],
      });
      await serveBulk(lab);
      const receiver = await Receiver.open(lab, "server", { udp: [BLOCKED, ALLOWED] });
      await using agent = await AgentHome.make(lab, "server");
      await agent.start({ config: `mode: prevent\ninterfaces: { include: [eth0], ingress: ${hook} }\n${NO_UDP}` });
      const { ipv4, ipv6 } = lab.end("server:eth0");
      const counted = await meter(
        () => deviceCount(lab, "client:eth0", "tx"),
        () => judged(agent, { interface: "eth0", direction: "ingress" }),
      );
      for (const host of [ipv4, ipv6]) {
        await lab.exec(
          "client",
          "sh",
          "-c",
          `for port in ${BLOCKED} ${ALLOWED}; do printf '%08000d' $port | nc -u -q0 ${host} $port; done`,
        );
        await receiver.arrival(String(ALLOWED).padStart(8000, "0"));
        await lab.exec("client", "iperf3", "-c", host, "-n", BULK);
      }
      const { weir, device } = await counted();
      assert.deepEqual(weir, onWire(device));
      assert.ok(weir.bytes > 5000 * weir.packets, `most frames are large: ${JSON.stringify(weir)}`);
      assert.deepEqual(
        (await receiver.datagrams()).map(({ port }) => port),
        [ALLOWED, ALLOWED],
      );
      const { undecided, faults } = await agent.status();
      assert.deepEqual({ undecided, faults }, { undecided: {}, faults: {} });
    });

    it(`${hook}: tags are bytes, wherever the kernel keeps them, and change no verdict until there are three`, async () => {
      await using lab = await makeLab();
      await using agent = await AgentHome.make(lab, "server");
      await agent.start({ config: `mode: prevent\ninterfaces: { include: [eth0], ingress: ${hook} }\n${NO_UDP}` });
      const [from, to] = [lab.end("client:eth0"), lab.end("server:eth0")];
      const ips = [IPv4({ src: from.ipv4, dst: to.ipv4 }), IPv6({ src: from.ipv6, dst: to.ipv6 })];
      const frames = (...stacks: number[][]): Uint8Array[] =>
        ips.flatMap((ip) =>
          stacks.map((tags) =>
            frame(Ethernet({ src: from.mac, dst: to.mac }), ...tags.map(VLAN), ip, UDP({ dport: BLOCKED }), payload("tagged")),
          ),
        );
      const wire = await lab.wire("client:eth0");
      for (const [verdict, sent] of [
        ["dropped", frames([], [0], [5], [5, 6])],
        ["undecided", frames([5, 6, 7])],
      ] as const) {
        const counted = await meter(
          () => deviceCount(lab, "client:eth0", "tx"),
          () => judged(agent, { interface: "eth0", direction: "ingress", verdict }),
        );
        await wire.send(...sent);
        assert.deepEqual((await counted()).weir, { packets: sent.length, bytes: Buffer.concat(sent).length }, verdict);
      }
      assert.deepEqual((await agent.status()).undecided, { vlan_depth: 2 });
    });
  }
});
