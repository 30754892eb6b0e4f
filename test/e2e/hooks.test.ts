/** One meaning on every hook: the same real traffic through TCX and native XDP, and devices that have to do without. */

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";

import type { RuleRow } from "../../agent/observe/events/snapshot.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";
import { deviceCount, judged, meter, type Metered } from "./figures.ts";
import { Receiver } from "./receiver.ts";

const here = requires(
  root(),
  tool("curl", "curl"),
  tool("ping", "iputils-ping"),
  tool("nc", "netcat-openbsd"),
  tool("iperf3", "iperf3"),
  tool("ethtool", "ethtool"),
);

/** Beside the server's own addresses, which are the allowed twins. */
const BLOCKED_4 = "198.18.0.66";
const BLOCKED_6 = "fd00:198:18::66";
const [BLOCKED_WEB, WEB, BLOCKED_UDP, UDP, IPERF] = [2323, 8080, 9009, 9010, 5201];

const RULES = `
rules:
  - { name: no-web, action: block, enforce: true, direction: ingress, layer4: { protocol: tcp, destination_ports: [${BLOCKED_WEB}] } }
  - { name: no-udp, action: block, enforce: true, direction: ingress, layer4: { protocol: udp, destination_ports: [${BLOCKED_UDP}] } }
  - { name: no-ping, action: block, enforce: true, direction: ingress, layer3: { destination: ["${BLOCKED_4}"] }, layer4: { protocol: icmp, icmp: [{ type: echo-request }] } }
  - { name: no-ping6, action: block, enforce: true, direction: ingress, layer3: { destination: ["${BLOCKED_6}"] }, layer4: { protocol: icmpv6, icmp: [{ type: echo-request }] } }
  - { name: bulk, action: allow, direction: ingress, layer4: { protocol: tcp, destination_ports: [${IPERF}] } }
`;
const PINGS = 3;
/** Of a second of iperf3 at 20 Mbit/s. The receiver stops counting when the sender says it is done, so not quite all. */
const BULK = 1_500_000;

type Ingress = "tcx" | "xdp";
type Mode = "detect" | "prevent";

interface Seen {
  hook: string;
  /** What came through, by the name of what was tried. */
  passed: Record<string, boolean>;
  rules: Map<string, RuleRow>;
  /** The verdict events of the blocking rules, without what differs from run to run. */
  told: string[];
  counted: Metered;
  dropped: number;
  faults: Record<string, number>;
  undecided: Record<string, number>;
}

async function drive(ingress: Ingress, mode: Mode): Promise<Seen> {
  // Without offloads what a device counts is what the wire would carry.
  await using lab = await makeLab({
    namespaces: ["client", "server"],
    links: [{ from: "client:eth0", to: "server:eth0", offload: false }],
  });
  await lab.exec("server", "ip", "address", "add", `${BLOCKED_4}/24`, "dev", "eth0");
  await lab.exec("server", "ip", "address", "add", `${BLOCKED_6}/64`, "dev", "eth0", "nodad");
  const receiver = await Receiver.open(lab, "server", { tcp: [BLOCKED_WEB, WEB], udp: [BLOCKED_UDP, UDP] });
  lab.spawn("server", ["iperf3", "-s", "-p", String(IPERF)], { stdio: "ignore" });
  await eventually("iperf3 listens", async () => (await lab.exec("server", "ss", "-Hltn", `sport = :${IPERF}`)) !== "");

  await using agent = await AgentHome.make(lab, "server");
  await agent.start({ config: `mode: ${mode}\ninterfaces: { include: [eth0], ingress: ${ingress} }\n${RULES}` });
  const counted = await meter(
    () => deviceCount(lab, "client:eth0", "tx"),
    () => judged(agent, { interface: "eth0", direction: "ingress" }),
  );
  const passed = await traffic(lab, receiver);
  const status = await agent.status();
  const [device] = status.interfaces;
  return {
    hook: `${device?.ingress.hook} ${device?.ingress.mode}`,
    passed,
    counted: await counted(),
    rules: new Map((JSON.parse(await agent.weir("rule", "list", "--json")) as RuleRow[]).map((rule) => [rule.name, rule])),
    told: told(await agent.audit()),
    dropped: status.counters.packets.dropped,
    faults: status.faults,
    undecided: status.undecided,
  };
}

async function traffic(lab: Lab, receiver: Receiver): Promise<Record<string, boolean>> {
  const { ipv4, ipv6 } = lab.end("server:eth0");
  const curl = async (host: string, port: number): Promise<boolean> =>
    (await lab.attempt("client", "curl", "-s", "--connect-timeout", "2", `http://${host}:${port}/`)).stdout === "hello";
  const ping = async (host: string): Promise<boolean> => {
    const { stdout } = await lab.attempt("client", "ping", "-n", "-c", String(PINGS), "-i", "0.2", "-W", "2", host);
    const [, answers = ""] = /(\d+) received/.exec(stdout) ?? [];
    assert.ok(["0", String(PINGS)].includes(answers), `all or none is answered: ${stdout}`);
    return answers !== "0";
  };
  const send = (host: string, port: number, text: string): Promise<string> =>
    lab.exec("client", "sh", "-c", `printf ${text} | nc -u -q0 ${host} ${port}`);
  const bulk = async (host: string): Promise<boolean> => {
    const { stdout } = await lab.attempt("client", "iperf3", "-J", "-c", host, "-p", String(IPERF), "-t", "1", "-b", "20M");
    const { end } = JSON.parse(stdout) as { end: { sum_received?: { bytes: number } } };
    return (end.sum_received?.bytes ?? 0) > BULK;
  };

  const passed: Record<string, boolean> = {};
  for (const [family, host, blocked] of [
    ["IPv4", ipv4, BLOCKED_4],
    ["IPv6", ipv6, BLOCKED_6],
  ] as const) {
    const url = family === "IPv6" ? `[${host}]` : host;
    passed[`${family} blocked tcp`] = await curl(url, BLOCKED_WEB);
    passed[`${family} tcp`] = await curl(url, WEB);
    passed[`${family} blocked ping`] = await ping(blocked);
    passed[`${family} ping`] = await ping(host);
    await send(host, BLOCKED_UDP, `${family}-blocked`);
    await send(host, UDP, `${family}-allowed`);
    await receiver.arrival(`${family}-allowed`);
    const texts = await receiver.texts();
    passed[`${family} blocked udp`] = texts.includes(`${family}-blocked`);
    passed[`${family} udp`] = texts.includes(`${family}-allowed`);
    passed[`${family} bulk`] = await bulk(host);
  }
  return passed;
}

/** `DETECTED no-udp udp 198.18.0.1:* > 198.18.0.2:9009 eth0 in pid=* node (would drop)`, each once. */
function told(audit: string): string[] {
  const lines = [...audit.matchAll(/ ((?:DETECTED|BLOCKED|UNDECIDED) .*?) ~/g)].map(([, line = ""]) => line);
  return [...new Set(lines.map((line) => line.replace(/:\d+ >/, ":* >").replace(/pid=\d+/, "pid=*")))].sort();
}

describe("the same traffic through TCX and native XDP", here, () => {
  const runs = new Map<string, Seen>();
  const seen = (ingress: Ingress, mode: Mode): Seen => runs.get(`${ingress} ${mode}`)!;

  before(async () => {
    const all = (["tcx", "xdp"] as const).flatMap((ingress) => (["detect", "prevent"] as const).map((mode) => [ingress, mode] as const));
    await Promise.all(all.map(async ([ingress, mode]) => runs.set(`${ingress} ${mode}`, await drive(ingress, mode))));
  });

  for (const [ingress, hook] of [
    ["tcx", /^(tcx link|clsact filter)$/],
    ["xdp", /^xdp native$/],
  ] as const) {
    it(`${ingress}: in detect nothing is dropped, and what would be is told`, () => {
      const run = seen(ingress, "detect");
      assert.match(run.hook, hook);
      for (const [what, passed] of Object.entries(run.passed)) assert.ok(passed, what);
      assert.equal(run.dropped, 0);
      for (const name of ["no-web", "no-udp", "no-ping", "no-ping6"]) {
        assert.ok(run.rules.get(name)!.would_drop > 0, name);
        assert.equal(run.rules.get(name)!.dropped, 0, name);
        assert.ok(
          run.told.some((line) => line.startsWith(`DETECTED ${name} `) && line.endsWith("(would drop)")),
          `${name}:\n${run.told.join("\n")}`,
        );
      }
      assert.ok(run.rules.get("bulk")!.bytes > 2 * BULK);
    });

    it(`${ingress}: in prevent what the rules block is dropped, and its twin passes`, () => {
      const run = seen(ingress, "prevent");
      assert.match(run.hook, hook);
      for (const [what, passed] of Object.entries(run.passed)) assert.equal(passed, !what.includes("blocked"), what);
      for (const name of ["no-web", "no-udp", "no-ping", "no-ping6"]) {
        assert.ok(run.rules.get(name)!.dropped > 0, name);
        assert.equal(run.rules.get(name)!.would_drop, 0, name);
        assert.ok(
          run.told.some((line) => line.startsWith(`BLOCKED ${name} `)),
          `${name}:\n${run.told.join("\n")}`,
        );
      }
    });

    it(`${ingress}: every packet and byte that the sender's device counts is counted once`, () => {
      for (const mode of ["detect", "prevent"] as const) {
        const { counted, faults, undecided } = seen(ingress, mode);
        // A veth that polls, as it does with XDP, has taken the Ethernet header off before it counts.
        const header = ingress === "xdp" ? 14 : 0;
        assert.deepEqual(
          counted.weir,
          { packets: counted.device.packets, bytes: counted.device.bytes + header * counted.device.packets },
          mode,
        );
        assert.ok(counted.weir.bytes > 2 * BULK);
        assert.deepEqual(faults, {});
        assert.deepEqual(undecided, {});
      }
    });
  }

  for (const mode of ["detect", "prevent"] as const) {
    it(`${mode}: both hooks say the same`, () => {
      const [tcx, xdp] = [seen("tcx", mode), seen("xdp", mode)];
      assert.deepEqual(xdp.told, tcx.told);
      for (const name of ["no-udp", "no-ping", "no-ping6"]) {
        const figures = ({ rules }: Seen): object => {
          const { packets, bytes, flows, would_drop, dropped } = rules.get(name)!;
          return { packets, bytes, flows, would_drop, dropped };
        };
        assert.deepEqual(figures(xdp), figures(tcx), name);
      }
      // How often TCP repeats itself and how it cuts its bytes is its own affair.
      for (const name of ["no-web", "bulk"]) assert.equal(xdp.rules.get(name)!.flows, tcx.rules.get(name)!.flows, name);
    });
  }
});

const NO_UDP = `
rules:
  - { name: no-udp, action: block, enforce: true, direction: ingress, layer4: { protocol: udp, destination_ports: [${BLOCKED_UDP}] } }
`;

describe("devices that cannot do what is asked", here, () => {
  /** Each takes frames of eth0, which must not answer for the new device's address. */
  const devices = {
    bridge: "ip link add soft0 type bridge && ip link set eth0 master soft0",
    macvlan: "ip link add link eth0 name soft0 type macvlan mode bridge",
  };
  for (const [kind, make] of Object.entries(devices)) {
    it(`a ${kind} gets generic XDP, says why, and drops what it should`, async () => {
      await using lab = await makeLab();
      await lab.exec(
        "server",
        "sh",
        "-c",
        `echo 1 > /proc/sys/net/ipv4/conf/eth0/arp_ignore && ip address flush dev eth0 && ${make} && ip address add 198.18.0.7/24 dev soft0 && ip link set soft0 up`,
      );
      const receiver = await Receiver.open(lab, "server", { udp: [BLOCKED_UDP, UDP] });
      await using agent = await AgentHome.make(lab, "server");
      await agent.start({ config: `interfaces: { include: [soft0], ingress: xdp, egress: false }\n${NO_UDP}` });
      const [device] = (await agent.status()).interfaces;
      assert.deepEqual([device?.name, device?.ingress.hook, device?.ingress.mode], ["soft0", "xdp", "generic"]);
      assert.match(device?.ingress.reason ?? "", /asked for.*the driver has no native XDP/);
      assert.deepEqual([device?.egress.hook, device?.egress.reason], ["off", "interfaces.egress is false"]);

      const send = (port: number, text: string): Promise<string> =>
        lab.exec("client", "sh", "-c", `printf ${text} | nc -u -q0 198.18.0.7 ${port}`);
      await send(BLOCKED_UDP, "detected");
      await receiver.arrival("detected");
      await agent.auditLine(/DETECTED no-udp .* soft0 in/);
      await agent.weir("mode", "prevent");
      await send(BLOCKED_UDP, "blocked");
      await send(UDP, "allowed");
      await receiver.arrival("allowed");
      assert.deepEqual(await receiver.texts(), ["detected", "allowed"]);
      await agent.auditLine(/BLOCKED no-udp .* soft0 in/);
    });
  }

  it("a device that is asked to offload says why it does not, and goes on in the driver", async () => {
    await using lab = await makeLab();
    const receiver = await Receiver.open(lab, "server", { udp: [BLOCKED_UDP, UDP] });
    await using agent = await AgentHome.make(lab, "server");
    await agent.start({ config: `mode: prevent\ninterfaces: { include: [eth0], ingress: xdp, offload: true }\n${NO_UDP}` });
    const [device] = (await agent.status()).interfaces;
    assert.deepEqual([device?.ingress.hook, device?.ingress.mode], ["xdp", "native"]);
    assert.match(device?.ingress.reason ?? "", /hardware offload is not possible: \S+/);
    assert.match(await agent.weir("status"), /hardware offload is not possible/);
    const { ipv4 } = lab.end("server:eth0");
    await lab.exec("client", "sh", "-c", `printf blocked | nc -u -q0 ${ipv4} ${BLOCKED_UDP}; printf allowed | nc -u -q0 ${ipv4} ${UDP}`);
    await receiver.arrival("allowed");
    assert.deepEqual(await receiver.texts(), ["allowed"]);
  });
});
