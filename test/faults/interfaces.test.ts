/** Interfaces come and go, and others use them too: the agent follows, repairs, and leaves alone what is not its own. */

import assert from "node:assert/strict";
import { readdirSync, readlinkSync } from "node:fs";
import { test } from "node:test";

import { pinnedLinks } from "../../agent/kernel/attachment.ts";
import { probeFeatures } from "../../agent/kernel/features.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";
import { compile, pinDirectory } from "../kernel/support.ts";
import { Traffic } from "./traffic.ts";

const DEVICES = Number(process.env["WEIR_DEVICES"] ?? 50);
const BLOCKED = 5001;
const ALLOWED = 5002;
const CONFIG = `
mode: prevent
interfaces: { include: ["*"] }
probes: { system_calls: off }
rules:
  - { name: no-5001, action: block, enforce: true, direction: ingress, layer4: { protocol: udp, destination_ports: [${BLOCKED}] } }
`;

test("interfaces that appear, are renamed and vanish are followed, and nothing of them is kept", requires(root()), async () => {
  await using lab = await makeLab();
  await using agent = await AgentHome.make(lab, "server");
  await agent.start({ config: CONFIG });
  assert.deepEqual(await watched(agent), ["eth0"], "only what is there, without loopback");
  await agent.auditLine(/ START /);
  // What the agent opens once, it has opened when it has seen an interface come and go.
  await ipBatch(lab, ["link add first type veth peer name other", "address add 10.200.0.1/24 dev first", "link set first up"]);
  await eventually("the first is watched", async () => sameNames(await watched(agent), ["eth0", "first"]));
  await ipBatch(lab, ["link delete first"]);
  await eventually("the first is gone", async () => sameNames(await watched(agent), ["eth0"]));
  const before = holdings(agent);

  const names = Array.from({ length: DEVICES }, (_, number) => `many${number}`);
  // A veth without an address is a container's, and is left out.
  await ipBatch(
    lab,
    names.flatMap((name, number) => [
      `link add ${name} type veth peer name far${number}`,
      `address add 10.${number >> 8}.${number & 255}.1/24 dev ${name}`,
      `link set ${name} up`,
    ]),
  );
  await eventually("all are watched", async () => sameNames(await watched(agent), ["eth0", ...names]));
  assert.equal(holdings(agent).links, before.links + 2 * DEVICES);

  await ipBatch(lab, ["link set many0 down", "link set many0 name renamed", "link set renamed up"]);
  await eventually("the new name", async () => sameNames(await watched(agent), ["eth0", "renamed", ...names.slice(1)]));
  assert.equal(holdings(agent).links, before.links + 2 * DEVICES, "a name is not what it is attached to");

  await ipBatch(
    lab,
    ["renamed", ...names.slice(1)].map((name) => `link delete ${name}`),
  );
  await eventually("none is watched any more", async () => sameNames(await watched(agent), ["eth0"]));
  await eventually("as many links as before", () => holdings(agent).links === before.links);
  await eventually("the descriptors of before", () => added(before.descriptors, holdings(agent).descriptors).length === 0).catch(
    (error: Error) => {
      throw new Error(`${error.message}: ${added(before.descriptors, holdings(agent).descriptors).join(", ")} more`);
    },
  );
  assert.deepEqual((await agent.status()).faults, {});
  assert.equal((await agent.status()).health.state, "ok");
});

/** Without TCX a filter is no link, and nobody can detach it as one. */
function tcx(): string | undefined {
  return process.getuid?.() !== 0 || probeFeatures().tcx.state === "available" ? undefined : "this kernel has no TCX";
}

test(
  "a program that somebody else detaches is attached again, and that is told",
  requires(root(), tool("bpftool", "bpftool"), tcx()),
  async () => {
    await using lab = await makeLab();
    await using agent = await AgentHome.make(lab, "server");
    await agent.start({ config: CONFIG });
    const link = pinnedLinks(`${agent.pins}/links`).find((name) => name.startsWith("tcx-ingress-"))!;
    const traffic = await Traffic.start(lab, [BLOCKED, ALLOWED]);
    await traffic.more(ALLOWED, true);
    assert.equal((await traffic.received())[BLOCKED], 0);

    await lab.exec("server", "bpftool", "link", "detach", "pinned", `${agent.pins}/links/${link}`);
    await eventually("a word about it", () => /TCX ingress on eth0 was detached by somebody else/.test(agent.said));
    const [device] = (await agent.status()).interfaces;
    assert.equal(device?.ingress.hook, "tcx");
    await eventually(
      "a second line in the audit log",
      async () => [...(await agent.audit()).matchAll(/ ATTACH .*eth0.*ingress/g)].length === 2,
    );

    const passed = (await traffic.received())[BLOCKED];
    await traffic.more(BLOCKED, false);
    await traffic.more(ALLOWED, true);
    assert.equal((await traffic.received())[BLOCKED], passed, "the rule is in force again");
  },
);

test(
  "an XDP program of somebody else is named, and stays",
  requires(root(), tool("bpftool", "bpftool"), tool("clang", "clang")),
  async () => {
    await using lab = await makeLab();
    const theirs = `${pinDirectory()}/theirs`;
    await lab.exec(
      "server",
      "bpftool",
      "prog",
      "load",
      compile(`SEC("xdp") int their_filter(struct xdp_md *ctx) { return XDP_PASS; }`),
      theirs,
    );
    await lab.exec("server", "bpftool", "net", "attach", "xdpdrv", "pinned", theirs, "dev", "eth0");
    const before = await xdpAt(lab);
    assert.ok(before !== undefined);

    await using agent = await AgentHome.make(lab, "server");
    await agent.start({ config: CONFIG.replace(`include: ["*"]`, "include: [eth0], ingress: xdp") });
    const [device] = (await agent.status()).interfaces;
    assert.match(device?.ingress.hook ?? "", /^(tcx|clsact)$/);
    assert.match(device?.ingress.reason ?? "", /their_filter/);

    const traffic = await Traffic.start(lab, [BLOCKED, ALLOWED]);
    await traffic.more(BLOCKED, false);
    await traffic.more(ALLOWED, true);
    assert.equal((await traffic.received())[BLOCKED], 0, "weir judges all the same");
    assert.deepEqual(await xdpAt(lab), before);
    assert.equal(await agent.stop(), 0);
    assert.deepEqual(await xdpAt(lab), before, "it is still there when weir is gone");
  },
);

async function watched(agent: AgentHome): Promise<string[]> {
  const { interfaces } = await agent.status();
  return interfaces.filter(({ ingress, egress }) => ingress.hook !== "none" && egress.hook !== "none").map(({ name }) => name);
}

function sameNames(one: readonly string[], other: readonly string[]): boolean {
  return [...one].sort().join() === [...other].sort().join();
}

/** What the agent's process and its pins hold. */
function holdings({ pid, pins }: AgentHome): { descriptors: string[]; links: number } {
  const folder = `/proc/${pid}/fd`;
  return { descriptors: readdirSync(folder).map((name) => targetOf(`${folder}/${name}`)), links: pinnedLinks(`${pins}/links`).length };
}

/** What a descriptor is of, without the number that tells two pipes or sockets apart; empty for one that is closed by now. */
function targetOf(path: string): string {
  try {
    return readlinkSync(path).replace(/\[\d+\]$/, "");
  } catch {
    return "";
  }
}

/** What is there more often than before. */
function added(before: readonly string[], now: readonly string[]): string[] {
  const left = [...before, ""];
  return now.filter((target) => {
    const place = left.indexOf(target);
    if (place >= 0 && target !== "") left.splice(place, 1);
    return place < 0;
  });
}

async function ipBatch(lab: Lab, lines: readonly string[]): Promise<void> {
  await lab.exec("server", "sh", "-c", `ip -batch - <<'END'\n${lines.join("\n")}\nEND`);
}

/** The id of the XDP program on the server's eth0. */
async function xdpAt(lab: Lab): Promise<number | undefined> {
  const [link] = JSON.parse(await lab.exec("server", "ip", "-j", "link", "show", "eth0")) as { xdp?: { prog?: { id: number } } }[];
  return link?.xdp?.prog?.id;
}
