/** Telemetry holds the arguments of root's processes. Without an address that somebody asked for, it goes to nobody who may not read them. */

import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

import { AgentHome } from "../harness/agent.ts";
import { ControlGroups } from "../harness/control-groups.ts";
import { eventually as within } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";

const RECEIVER = join(import.meta.dirname, "otlp-child.ts");
const LOGIN_USER = "1000";
const QUICK = { OTEL_BSP_SCHEDULE_DELAY: "100", OTEL_BLRP_SCHEDULE_DELAY: "100", OTEL_METRIC_EXPORT_INTERVAL: "500" };

/** A busy machine may take its time: how long is no matter of these tests. */
function eventually<T>(what: string, probe: () => T | Promise<T>): Promise<Exclude<T, undefined | false>> {
  return within(what, probe, 60_000);
}

interface Receiver {
  child: ChildProcess;
  lines: string[];
}

async function receiver(lab: Lab, uid: string, group = ""): Promise<Receiver> {
  const child = lab.spawn("server", [process.execPath, RECEIVER, "4318", uid, group], { stdio: ["ignore", "pipe", "pipe"] });
  const lines: string[] = [];
  const take = (text: string): void => void lines.push(...text.split("\n").filter((line) => line !== ""));
  child.stdout!.setEncoding("utf8").on("data", take);
  child.stderr!.setEncoding("utf8").on("data", take);
  await eventually(
    "the receiver listens",
    async () => lines.includes("listening") || (child.exitCode !== null && assert.fail(lines.join("\n"))),
  );
  return { child, lines };
}

const sent = ({ lines }: Receiver): boolean => lines.some((line) => line.startsWith("request /v1/metrics"));

async function endsAsNoCollector(agent: AgentHome, why: RegExp): Promise<void> {
  const { telemetry, lost } = await eventually("every signal has no collector", async () => {
    const status = await agent.status();
    return Object.values(status.telemetry).every(({ state }) => state === "no_collector") && status;
  });
  assert.deepEqual(Object.keys(telemetry).sort(), ["logs", "metrics", "traces"]);
  for (const { error } of Object.values(telemetry)) assert.match(error!, why);
  assert.deepEqual(
    Object.keys(lost).filter((stage) => stage.startsWith("otel")),
    [],
    "nobody asked for a collector, so nothing is lost",
  );
}

for (const [who, uid, path] of [
  ["root", "0", undefined],
  ["a service of the system as a user of its own", "10001", "system.slice/otelcol.service"],
  ["a container that root made", "10001", `docker/${"a1".repeat(32)}`],
] as const) {
  test(`${who} at the usual address is sent telemetry`, async () => {
    using groups = new ControlGroups(); // which can go once the processes of the lab have
    await using lab = await makeLab();
    const { lines, child } = await receiver(lab, uid, path === undefined ? "" : groups.make(path));
    await using agent = await AgentHome.make(lab, "server");
    await agent.start({ env: QUICK });
    await eventually("metrics arrive", async () => sent({ lines, child }));
    const { telemetry } = await eventually("the signal is well", async () =>
      agent.status().then((status) => status.telemetry.metrics?.state === "ok" && status),
    );
    assert.equal(telemetry.metrics!.error, null);
  });
}

for (const [where, uid, path] of [
  ["a login user's session", LOGIN_USER, "user.slice/user-1000.slice/session-3.scope"],
  ["a service of a user's own", LOGIN_USER, "user.slice/user-1000.slice/user@1000.service/app.slice/system.slice/otelcol.service"],
  ["a container that a user made", LOGIN_USER, `user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${"a1".repeat(32)}.scope`],
  ["a job that cron began for a user", LOGIN_USER, "system.slice/cron.service"],
  ["no group of anybody's", LOGIN_USER, undefined],
] as const) {
  test(`a process in ${where} at the usual address is sent no byte, which is said once with the line to write`, async () => {
    using groups = new ControlGroups(); // which can go once the processes of the lab have
    await using lab = await makeLab();
    const { lines, child } = await receiver(lab, uid, path === undefined ? "" : groups.make(path));
    await using agent = await AgentHome.make(lab, "server");
    await agent.start({ env: QUICK });
    await endsAsNoCollector(
      agent,
      /^weir sends nothing to http:\/\/127\.0\.0\.1:4318: process \d+ .* of user 1000 .*; if it should get weir's telemetry all the same, write into weir\.yaml: otel: \{ endpoint: "http:\/\/127\.0\.0\.1:4318" \}/,
    );
    await eventually("a second attempt, which is refused as well", async () => lines.filter((line) => line === "connection").length >= 2);
    assert.deepEqual([...new Set(lines)], ["listening", "connection"], "connections, and not a byte on them");
    assert.equal(agent.said.split("weir sends nothing to").length, 2, agent.said);
    assert.match(await agent.weir("status"), /^telemetry  no collector: weir sends nothing to/m);

    // The control: the operator's word counts.
    await agent.stop();
    await agent.start({ config: 'otel: { endpoint: "http://127.0.0.1:4318" }', env: QUICK });
    await eventually("metrics arrive", async () => sent({ lines, child }));
  });
}

test("where nobody is, nothing is sent, nothing counts as lost, and a collector that comes is found", async () => {
  await using lab = await makeLab();
  await using agent = await AgentHome.make(lab, "server");
  await agent.start({ env: QUICK });
  await endsAsNoCollector(agent, /^nobody listens at http:\/\/127\.0\.0\.1:4318/);
  const tcp = await lab.exec("server", "cat", "/proc/net/snmp");
  const opens = Number(
    tcp
      .split("\n")
      .filter((line) => line.startsWith("Tcp:"))[1]!
      .split(" ")[5],
  );
  assert.equal(opens, 0, "not even an attempt to connect was made");
  const found = await receiver(lab, "0");
  await eventually("metrics arrive", async () => sent(found));
});

test("with an address that was asked for and nobody there, the same counts as lost", async () => {
  await using lab = await makeLab();
  await using agent = await AgentHome.make(lab, "server");
  await agent.start({ config: 'otel: { endpoint: "http://127.0.0.1:4318" }', env: QUICK });
  const { telemetry } = await eventually("metrics are lost", async () => {
    const status = await agent.status();
    return (status.telemetry.metrics?.lost ?? 0) > 0 && status;
  });
  assert.equal(telemetry.metrics!.state, "failing");
  assert.equal(telemetry.metrics!.no_collector, 0);
});
