/** Every end that connect(2) can have, as the process sees it and as weir tells it: each failure once, and no success. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";

import type { SocketEvent } from "../../agent/observe/events/event.ts";
import { formatAddress, parseAddress } from "../../agent/values/address.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";
import { Receiver } from "./receiver.ts";
import { Watched } from "./watched.ts";

const [OPEN, CLOSED] = [8080, 7201];
/** A router says that there is no such host; this host knows no route, or knows that there is none; nobody ever answers. */
const [NO_HOST, NO_ROUTE, REFUSED_ROUTE, SILENT] = ["198.51.100.1", "203.0.113.9", "192.0.2.1", "198.51.101.1"];
/** Two attempts: the second a second after the first, which is waited for two seconds more. */
const PATIENCE_MS = [2900, 20_000] as const;

interface End {
  how: string;
  to: string;
  port?: number;
  /** What the process sees; 0 is success. */
  seen: string;
  /** What weir tells, in this order. */
  told: readonly { error: string; call?: string; took?: readonly [number, number] }[];
}

const AT_ONCE = [0, 1000] as const;
const ENDS: readonly End[] = [
  ...["block", "later", "again", "datagram", "interrupt", "thread", "ring", "ring-async"].map((how) => ({
    how,
    to: "there",
    port: OPEN,
    seen: "0",
    told: [],
  })),
  ...["block", "later", "again", "thread", "ring"].map((how) => ({
    how,
    to: "there",
    seen: "ECONNREFUSED",
    told: [{ error: "ECONNREFUSED", took: AT_ONCE }],
  })),
  { how: "block", to: "there6", seen: "ECONNREFUSED", told: [{ error: "ECONNREFUSED" }] },
  { how: "datagram", to: "there", seen: "0", told: [] },
  ...["block", "later", "thread"].map((how) => ({ how, to: NO_HOST, seen: "EHOSTUNREACH", told: [{ error: "EHOSTUNREACH" }] })),
  ...["block", "datagram", "thread", "ring", "ring-async"].map((how) => ({
    how,
    to: NO_ROUTE,
    seen: "ENETUNREACH",
    told: [{ error: "ENETUNREACH", call: "connect", took: AT_ONCE }],
  })),
  ...["block", "datagram"].map((how) => ({
    how,
    to: REFUSED_ROUTE,
    seen: "EHOSTUNREACH",
    told: [{ error: "EHOSTUNREACH", call: "connect", took: AT_ONCE }],
  })),
  ...["block", "later", "restart", "ring"].map((how) => ({
    how,
    to: SILENT,
    seen: "ETIMEDOUT",
    told: [{ error: "ETIMEDOUT", took: PATIENCE_MS }],
  })),
  { how: "limit", to: SILENT, seen: "EINPROGRESS", told: [{ error: "ETIMEDOUT", took: PATIENCE_MS }] },
  {
    how: "interrupt",
    to: SILENT,
    seen: "EINTR",
    told: [
      { error: "EINTR", call: "connect", took: [150, 2500] },
      { error: "ETIMEDOUT", took: PATIENCE_MS },
    ],
  },
];

interface Done {
  pid: number;
  thread: number;
  seen: string;
}

describe("the end of connect", requires(root(), tool("cc", "gcc"), tool("sysctl", "procps")), () => {
  let lab: Lab;
  let agent: AgentHome;
  let watched: Watched;
  const folder = mkdtempSync(join(tmpdir(), "weir-connector-"));
  const connector = join(folder, "connector");

  before(async () => {
    execFileSync("cc", ["-O2", "-Wall", "-Werror", "-pthread", "-o", connector, join(import.meta.dirname, "connector.c")]);
    lab = await makeLab();
    const via = lab.end("server:eth0").ipv4;
    await lab.exec("client", "sysctl", "-qw", "net.ipv4.tcp_syn_retries=1");
    for (const to of [NO_HOST, SILENT]) await lab.exec("client", "ip", "route", "add", to, "via", via);
    await lab.exec("client", "ip", "route", "add", "unreachable", REFUSED_ROUTE);
    await lab.exec("server", "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.icmp_ratelimit=0");
    await lab.exec("server", "ip", "route", "add", "unreachable", NO_HOST);
    await lab.exec("server", "ip", "route", "add", "blackhole", SILENT);
    await Receiver.open(lab, "server", { tcp: [OPEN], udp: [OPEN] });
    agent = await AgentHome.make(lab, "client");
    watched = await Watched.startTraced(agent);
  });

  after(async () => {
    watched?.[Symbol.dispose]();
    await agent[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const addressOf = (to: string): string =>
    to === "there" ? lab.end("server:eth0").ipv4 : to === "there6" ? lab.end("server:eth0").ipv6 : to;

  function start({ how, to, port = CLOSED }: End): Promise<Done> {
    const child = lab.spawn("client", [connector, how, addressOf(to), String(port)], { stdio: ["ignore", "pipe", "inherit"] });
    return new Promise((resolve, reject) => {
      createInterface(child.stdout!).once("line", (line) => {
        const [pid, thread, seen] = line.split(" ") as [string, string, string];
        resolve({ pid: Number(pid), thread: Number(thread), seen });
      });
      child.once("exit", (code) => reject(new Error(`${how} to ${to} ended with ${code}`)));
    });
  }

  it("is told once, with the process, the thread, the address and the time, and a success is not told", async () => {
    const done = await Promise.all(ENDS.map(start));
    const of = (index: number): SocketEvent[] => watched.events.filter(({ process }) => process?.pid === done[index]!.pid);
    assert.deepEqual(
      done.map(({ seen }, index) => [ENDS[index]!.how, ENDS[index]!.to, seen]),
      ENDS.map(({ how, to, seen }) => [how, to, seen]),
    );
    await eventually("all", () => ENDS.every(({ told }, index) => of(index).length >= told.length)).catch(() => {}); // told below
    await watched.fence();
    const wrong = ENDS.flatMap((end, index) => {
      const faults = faultsOf(end, done[index]!, of(index));
      return faults.length === 0 ? [] : [`${end.how} to ${end.to}:${end.port ?? CLOSED}: ${faults.join("; ")}`];
    });
    assert.deepEqual(wrong, []);
  });

  function faultsOf({ how, to, port = CLOSED, told }: End, { pid, thread }: Done, events: readonly SocketEvent[]): string[] {
    const faults: string[] = [];
    const errors = events.map(({ error }) => error);
    if (errors.join() !== told.map(({ error }) => error).join()) return [`told ${errors.join(", ") || "nothing"}`];
    for (const [index, { error, call, took }] of told.entries()) {
      const event = events[index]!;
      if (event.type !== (error === "ECONNREFUSED" ? "CONNECT_REFUSED" : "CONNECT_FAILED")) faults.push(event.type);
      if (event.protocol !== (how === "datagram" ? "udp" : "tcp")) faults.push(`${event.protocol}`);
      if (event.remote?.port !== port || event.remote.address !== formatAddress(parseAddress(addressOf(to)).bytes))
        faults.push(JSON.stringify(event.remote));
      if (call !== undefined && event.call !== call) faults.push(`call ${event.call}`);
      if (!how.startsWith("ring") && (event.process?.thread ?? pid) !== thread)
        faults.push(`thread ${event.process?.thread}, not ${thread}`);
      if (event.process?.name !== "connector") faults.push(`${event.process?.name}`);
      if (took !== undefined && !(event.took_ms! >= took[0] && event.took_ms! <= took[1])) faults.push(`took ${event.took_ms}`);
    }
    return faults;
  }
});
