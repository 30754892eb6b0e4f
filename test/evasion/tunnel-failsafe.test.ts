/** Failsafes hold inside a tunnel that ends on this host, and in nothing that only looks like one. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { ARP, Ethernet, frame, ICMPv6, IPv4, IPv6, payload, TCP, UDP, VXLAN } from "../harness/packet.ts";
import type { Layer } from "../harness/packet/layer.ts";
import { requires, root } from "../harness/require.ts";

const VNI = 7;
const INNER = { ipv4: { client: "10.7.0.1", server: "10.7.0.2" }, ipv6: { client: "fd07::1", server: "fd07::2" } } as const;
const FAMILIES = ["ipv4", "ipv6"] as const;
const [SSH, TELNET, ADMIN] = [22, 23, 9443];
const MAC = "02:00:00:00:07:02";

/** The devices at both ends of one tunnel, over the family. */
async function addTunnel(lab: Lab, family: (typeof FAMILIES)[number], port = 4789): Promise<void> {
  const [client, server] = [lab.end("client:eth0")[family], lab.end("server:eth0")[family]];
  for (const [namespace, local, remote, number, address] of [
    ["client", client, server, 1, "02:00:00:00:07:01"],
    ["server", server, client, 2, MAC],
  ] as const) {
    await lab.exec(
      namespace,
      "sh",
      "-c",
      [
        `ip link add vx0 address ${address} type vxlan id ${VNI} dstport ${port} local ${local} remote ${remote}`,
        "ip link set vx0 up",
        `ip address add 10.7.0.${number}/24 dev vx0`,
        `ip address add fd07::${number}/64 dev vx0 nodad`,
      ].join(" && "),
    );
  }
}

/** Answers everybody who comes to these ports. */
async function listen(lab: Lab, ports: readonly number[]): Promise<void> {
  lab.spawn(
    "server",
    [
      process.execPath,
      "-e",
      `for (const port of ${JSON.stringify(ports)}) require("node:net").createServer((socket) => socket.end("answer")).listen(port, "::")`,
    ],
    { stdio: "ignore" },
  );
  await eventually("somebody listens", async () => (await lab.exec("server", "ss", "-Hltn")).includes(`:${ports.at(-1)} `));
}

/** Does the server answer? */
async function answers(lab: Lab, address: string, port: number, milliseconds = 3000): Promise<boolean> {
  const script = `const s = require("node:net").connect(${port}, "${address}"); s.on("data", (d) => { console.log(String(d)); process.exit(); }); s.on("error", () => process.exit(1)); setTimeout(() => process.exit(1), ${milliseconds})`;
  return (await lab.attempt("client", process.execPath, "-e", script)).stdout.includes("answer");
}

const config = (ingress: string, more = ""): string => `
mode: prevent
interfaces: { include: [eth0], ingress: ${ingress} }
defaults: { action: block, on_error: { ingress: block, egress: block } }
${more}
rules:
  - { name: all, action: block, enforce: true }
`;

describe("SSH inside a tunnel, where everything is blocked", requires(root()), () => {
  for (const outer of FAMILIES) {
    for (const ingress of ["tcx", "xdp"]) {
      it(`over ${outer}, ${ingress}: goes on if a device of this host ends the tunnel`, async () => {
        await using lab = await makeLab();
        await listen(lab, [SSH, TELNET, ADMIN]);
        await using agent = await AgentHome.make(lab, "server");
        await agent.start({ config: config(ingress) });
        await addTunnel(lab, outer);
        for (const family of FAMILIES) {
          assert.ok(await answers(lab, INNER[family].server, SSH, 8000), `${family}: SSH`);
          assert.equal(await answers(lab, INNER[family].server, TELNET, 1000), false, `${family}: another port`);
        }
        await agent.configure(
          config(ingress, `failsafe: { management_ports: [], addresses: ["${INNER.ipv4.client}", "${INNER.ipv6.client}"] }`),
        );
        await agent.weir("reload");
        for (const family of FAMILIES) assert.ok(await answers(lab, INNER[family].server, ADMIN, 8000), `${family}: a failsafe address`);
        await agent.configure(config(ingress, "failsafe: { management_ports: [] }"));
        await agent.weir("reload");
        for (const family of FAMILIES)
          assert.equal(await answers(lab, INNER[family].server, SSH, 1000), false, `${family}: without failsafes`);
        assert.deepEqual((await agent.status()).faults, {});
      });
    }
  }

  for (const ingress of ["tcx", "xdp"]) {
    it(`goes on at a port that is usual for no tunnel, but that of the device, ${ingress}`, async () => {
      await using lab = await makeLab();
      await listen(lab, [SSH, TELNET]);
      await using agent = await AgentHome.make(lab, "server");
      await addTunnel(lab, "ipv4", 9999);
      await agent.start({ config: config(ingress) });
      for (const family of FAMILIES) {
        assert.ok(await answers(lab, INNER[family].server, SSH, 8000), `${family}: SSH`);
        assert.equal(await answers(lab, INNER[family].server, TELNET, 1000), false, `${family}: another port`);
      }
      assert.deepEqual((await agent.status()).faults, {});
    });
  }

  it("without such a device, or for another host, the outer packet is judged", async () => {
    await using lab = await makeLab();
    await addTunnel(lab, "ipv4");
    await using agent = await AgentHome.make(lab, "server");
    await agent.start({ config: config("tcx", `failsafe: { addresses: ["${INNER.ipv4.client}"] }`) });
    const [from, to] = [lab.end("client:eth0"), lab.end("server:eth0")];
    const wire = await lab.wire("client:eth0");
    const wrapped = (outer: { src?: string; dst?: string; vni?: number; dport?: number; flags?: number }, ...inner: Layer[]): Uint8Array =>
      frame(
        Ethernet({ src: from.mac, dst: to.mac }),
        IPv4({ src: outer.src ?? from.ipv4, dst: outer.dst ?? to.ipv4 }),
        UDP({ sport: 50_000, dport: outer.dport ?? 4789 }),
        VXLAN({ vni: outer.vni ?? VNI }),
        Ethernet({ dst: MAC }),
        ...inner,
      );
    const ends = { src: "10.7.0.9", dst: INNER.ipv4.server };
    const ssh = [IPv4(ends), TCP({ dport: SSH })];
    const dropped = async (): Promise<number> => (await agent.status()).counters.packets.dropped;
    const fate = async (bytes: Uint8Array): Promise<string> => {
      const before = await dropped();
      const passed = (await agent.status()).counters.packets.passed;
      await wire.send(bytes);
      return await eventually("it is counted", async () => {
        if ((await dropped()) > before) return "dropped";
        return (await agent.status()).counters.packets.passed > passed ? "passed" : undefined;
      });
    };
    // A tunnel end is known soon after its device is up.
    await lab.exec("server", "ip", "neighbour", "replace", "10.7.0.9", "lladdr", from.mac, "dev", "vx0", "nud", "permanent");
    const cases: [string, Uint8Array, string][] = [
      ["SSH to this host", wrapped({}, ...ssh), "passed"],
      ["from a failsafe address", wrapped({}, IPv4({ src: INNER.ipv4.client, dst: INNER.ipv4.server }), UDP({ dport: 5000 })), "passed"],
      ["ARP", wrapped({}, ARP({ sender: INNER.ipv4.client, target: INNER.ipv4.server })), "passed"],
      [
        "neighbour discovery",
        wrapped({}, IPv6({ src: "fd07::1", dst: "fd07::2", hopLimit: 255 }), ICMPv6({ type: 136 }), payload(16)),
        "passed",
      ],
      ["another port", wrapped({}, IPv4(ends), TCP({ dport: TELNET })), "dropped"],
      ["another identifier", wrapped({ vni: 8 }, ...ssh), "dropped"],
      ["another UDP port", wrapped({ dport: 8472 }, ...ssh), "dropped"],
      ["another end of the tunnel", wrapped({ src: "198.18.0.77" }, ...ssh), "dropped"],
      ["a tunnel to another host", wrapped({ dst: "198.18.9.9" }, ...ssh), "dropped"],
      ["a packet to another host", wrapped({}, IPv4({ src: "10.7.0.9", dst: "10.7.0.77" }), TCP({ dport: SSH })), "dropped"],
      [
        "a failsafe address to another host",
        wrapped({}, IPv4({ src: INNER.ipv4.client, dst: "10.7.0.77" }), UDP({ dport: 5000 })),
        "dropped",
      ],
      ["a malformed packet", wrapped({}, IPv4(ends), TCP({ dport: SSH, doff: 4 })), "dropped"],
      [
        "neighbour discovery from afar",
        wrapped({}, IPv6({ src: "fd07::1", dst: "fd07::2", hopLimit: 64 }), ICMPv6({ type: 136 }), payload(16)),
        "dropped",
      ],
      ["LLDP", wrapped({}).subarray(0, -14 + 12), "dropped"],
    ];
    for (const [name, bytes, want] of cases) assert.equal(await fate(bytes), want, name);
    await agent.weir("ban", "add", "10.7.0.9");
    assert.equal(await fate(wrapped({}, ...ssh)), "dropped", "SSH from a banned address");
    await agent.weir("ban", "delete", "10.7.0.9");
    assert.equal(await fate(wrapped({}, ...ssh)), "passed", "SSH from one that is banned no more");
    // The port counts while a device receives there.
    const elsewhere = wrapped({ dport: 9999 }, ...ssh);
    assert.equal(await fate(elsewhere), "dropped", "at a port of no device");
    await lab.exec(
      "server",
      "sh",
      "-c",
      `ip link add vx1 type vxlan id ${VNI} dstport 9999 local ${to.ipv4} remote ${from.ipv4} && ip link set vx1 up`,
    );
    await eventually("the port is known", async () => (await fate(elsewhere)) === "passed");
    assert.equal(await fate(wrapped({ dport: 9999, vni: 8 }, ...ssh)), "dropped", "another identifier there");
    assert.equal(await fate(wrapped({ dport: 9999 }, IPv4(ends), TCP({ dport: TELNET }))), "dropped", "another port inside");
    await lab.exec("server", "ip", "link", "delete", "vx1");
    await eventually("the port is forgotten", async () => (await fate(elsewhere)) === "dropped");
    assert.equal(await fate(wrapped({}, ...ssh)), "passed", "at the other device still");
    await lab.exec("server", "ip", "link", "set", "vx0", "down");
    await eventually("the device is down", async () => (await fate(wrapped({}, ...ssh))) === "dropped");
    await lab.exec("server", "ip", "link", "set", "vx0", "up");
    await eventually("the device is up", async () => (await fate(wrapped({}, ...ssh))) === "passed");
    await lab.exec("server", "ip", "link", "delete", "vx0");
    await eventually("the device is gone", async () => (await fate(wrapped({}, ...ssh))) === "dropped");
  });
});
