/**
 * Every conformance case, judged by the kernel programs: ingress once on XDP and once on TC, egress on TC. With WEIR_SHARE=20 it is one
 * case in twenty, for kernels that run on an emulated processor.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { after, test } from "node:test";

import type { Host } from "../../agent/policy/reference.ts";
import type { SocketAddress } from "../../agent/policy/reference/arrival.ts";
import { eventually } from "../harness/eventually.ts";
import { enterOwnNamespace, ip, setNetworkKey, stayOnCpu } from "../harness/own-namespace.ts";
import { requires, root } from "../harness/require.ts";
import type { Case } from "./case.ts";
import { CASES } from "./cases.ts";
import { cannotRun, type IngressHook, KernelJudge } from "./kernel-judge.ts";
import { policyOf } from "./policy.ts";

const SHORTEST_FRAME = 60;
const ROUTED_VIA = "eth0";
const SHARE = Number(process.env["WEIR_SHARE"] ?? 1);

test("the kernel programs judge as the reference does", requires(root()), async (t) => {
  stayOnCpu(0);
  enterOwnNamespace();
  const devices = makeDevices(CASES);
  const judge = new KernelJudge(devices);
  after(() => judge.close());
  let ran = 0;
  const left = new Map<string, number>();
  for (const hook of ["xdp", "tc"] as const) {
    for (const one of CASES.filter((_, index) => index % SHARE === 0)) {
      const packets = one.steps.flatMap((step) => ("packet" in step ? [step.packet] : []));
      const reason = packets.map((packet) => cannotRun(packet, hook)).find((found) => found !== undefined);
      if (reason !== undefined) {
        left.set(reason, (left.get(reason) ?? 0) + 1);
        continue;
      }
      // Where no packet comes in, XDP adds nothing to what TC shows.
      if (hook === "xdp" && packets.every((packet) => packet.hook === "egress")) continue;
      ran++;
      await t.test(`${hook}: ${one.name}`, () => run(judge, one, hook));
    }
  }
  for (const [reason, count] of left) t.diagnostic(`${count} cases need a real device: ${reason}`);
  assert.ok(ran >= 500 / SHARE, `only ${ran} cases ran`);
});

async function run(judge: KernelJudge, { config, host, steps }: Case, hook: IngressHook): Promise<void> {
  const sockets: (Server | Socket)[] = [];
  try {
    await openSockets(sockets, host);
    await judge.start(policyOf(config), host);
    for (const [index, step] of steps.entries()) {
      if ("reload" in step) await judge.reload(policyOf(step.reload));
      else if ("members" in step) await judge.setMembers(step.members);
      else if ("mode" in step) judge.setMode(step.mode);
      else if ("bans" in step) judge.ban(step.bans);
      else if ("wait" in step) judge.pass(step.wait);
      else {
        setForwarding(step.packet.local === false);
        assert.deepEqual(judge.judge(step.packet, hook), step.expect, `step ${index + 1}`);
        assert.equal(
          judge.answer?.toString("hex"),
          step.answer && Buffer.from(hook === "xdp" && step.packet.hook === "ingress" ? filled(step.answer) : step.answer).toString("hex"),
          `the answer of step ${index + 1}`,
        );
      }
    }
  } finally {
    for (const socket of sockets) "destroy" in socket ? socket.destroy() : socket.close();
    for (const address of addressesOf(host)) onLoopback("del", address);
    setForwarding(false);
  }
}

/** XDP fills up what would be shorter than Ethernet has it. */
function filled(frame: Uint8Array): Uint8Array {
  return Buffer.concat([frame, new Uint8Array(Math.max(0, SHORTEST_FRAME - frame.length))]);
}

/** One device for each interface that a case names. */
function makeDevices(cases: readonly Case[]): Map<string, number> {
  const names = new Set(cases.flatMap(({ steps }) => steps.flatMap((step) => ("packet" in step ? [step.packet.interface] : []))));
  let number = 0;
  for (const name of names) {
    if (name === "lo") continue;
    ip("link", "add", name, "type", "veth", "peer", "name", `peer${number++}`);
    ip("link", "set", name, "up");
    ip("link", "set", `peer${number - 1}`, "up");
  }
  // What is not for this host can be sent on.
  ip("address", "add", "192.0.2.1/24", "dev", ROUTED_VIA);
  ip("route", "add", "default", "via", "192.0.2.2");
  ip("-6", "route", "add", "default", "dev", ROUTED_VIA);
  const links = JSON.parse(ip("-j", "link", "show")) as { ifname: string; ifindex: number }[];
  return new Map(links.filter(({ ifname }) => names.has(ifname)).map(({ ifname, ifindex }) => [ifname, ifindex]));
}

let forwarding = false;

function setForwarding(on: boolean): void {
  if (on === forwarding) return;
  setNetworkKey("ipv4/ip_forward", on ? "1" : "0");
  setNetworkKey("ipv6/conf/all/forwarding", on ? "1" : "0");
  forwarding = on;
}

async function openSockets(opened: (Server | Socket)[], host: Partial<Host> = {}): Promise<void> {
  for (const port of host.listening ?? []) opened.push(await listen(port));
  for (const address of addressesOf(host)) onLoopback("replace", address);
  for (const { local, remote } of host.established ?? []) {
    opened.push(await listen(remote.port, remote.address));
    opened.push(await eventually("the address can be used", () => open(local, remote)));
  }
}

/** undefined while the kernel has no route to an address it was given just now. */
async function open(local: SocketAddress, remote: SocketAddress): Promise<Socket | undefined> {
  const socket = connect({ host: remote.address, port: remote.port, localAddress: local.address, localPort: local.port });
  try {
    await once(socket, "connect");
    return socket;
  } catch {
    socket.destroy();
    return undefined;
  }
}

async function listen(port: number, address?: string): Promise<Server> {
  const server = createServer((socket) => socket.on("error", () => {}));
  server.listen(port, address);
  await once(server, "listening");
  return server;
}

/** Both ends of the connections that have a socket here. */
function addressesOf(host: Partial<Host> = {}): Set<string> {
  return new Set((host.established ?? []).flatMap(({ local, remote }) => [local.address, remote.address]));
}

function onLoopback(change: "replace" | "del", address: string): void {
  const bits = address.includes(":") ? 128 : 32;
  ip("address", change, `${address}/${bits}`, "dev", "lo", ...(bits === 128 && change === "replace" ? ["nodad"] : []));
}
