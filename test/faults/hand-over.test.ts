/** An agent that is stopped either lets go at once, or hands over to the next one: for a while, and never for ever. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { constants } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { hasStart } from "../../agent/daemon/systemd-job.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { makeLab } from "../harness/netns.ts";
import { requires, root } from "../harness/require.ts";
import { Traffic } from "./traffic.ts";

const BLOCKED = 5001;
const ALLOWED = 5002;
const HAND_OVER = ["--on-stop", "hand-over"] as const;
const CONFIG = `
mode: prevent
interfaces: { include: [eth0] }
rules:
  - { name: no-5001, action: block, enforce: true, direction: ingress, layer4: { protocol: udp, destination_ports: [${BLOCKED}] } }
`;

test("an agent that hands over leaves no hole for the next one", requires(root()), async () => {
  await using lab = await makeLab();
  await using agent = await AgentHome.make(lab, "server");
  await agent.start({ config: CONFIG, words: HAND_OVER });
  const traffic = await Traffic.start(lab, [BLOCKED, ALLOWED], 50);
  await traffic.more(ALLOWED, true);
  for (let round = 0; round < 2; round++) {
    assert.equal(await agent.stop(), 0, agent.said);
    assert.match(agent.said, /handing over: .*at most until \d{4}-.* \(120 s\)/);
    await traffic.more(BLOCKED, false);
    await traffic.more(ALLOWED, true);
    await agent.restart({}, HAND_OVER);
  }
  await agent.auditLine(/ STOP pid=\d+ in_force_until=\d{4}-/);
  await agent.auditLine(/ START .* adopted=yes/);
  const sent = await traffic.stop();
  await eventually("every allowed datagram", async () => (await traffic.received())[ALLOWED] === sent[ALLOWED]);
  assert.equal((await traffic.received())[BLOCKED], 0, "not one passed while agents changed");
  assert.equal((await agent.status()).mode, "prevent");
});

/** The agent names the deadline by the wall clock, and the kernel keeps it by jiffies. */
const CLOCKS_APART_MS = 20;

test("without an agent that takes over, everything passes from the deadline on", requires(root()), async () => {
  await using lab = await makeLab();
  await using agent = await AgentHome.make(lab, "server");
  await agent.start({ config: `hand_over_for: 3s\n${CONFIG}`, words: HAND_OVER });
  const traffic = await Traffic.start(lab, [BLOCKED, ALLOWED]);
  const gone = agent.stop();
  const until = await eventually("it hands over", () => /at most until (\S+) \(3 s\)/.exec(agent.said)?.[1]);
  let early = (await traffic.received())[BLOCKED]!;
  for (let before = early; Date.now() < Date.parse(until) - CLOCKS_APART_MS; before = (await traffic.received())[BLOCKED]!) early = before;
  assert.equal(early, 0, "until then it drops");
  assert.equal(await gone, 0, agent.said);
  await traffic.more(BLOCKED, true);
  await traffic.more(ALLOWED, true);

  await agent.restart({}, HAND_OVER); // its rules hold again, without an end
  await traffic.endsAt(BLOCKED, ALLOWED);
  await agent.stop("SIGKILL");
  await traffic.endsAt(BLOCKED, ALLOWED);
});

test("an agent that is killed leaves its rules in force without a deadline", requires(root()), async () => {
  await using lab = await makeLab();
  await using agent = await AgentHome.make(lab, "server");
  await agent.start({ config: `hand_over_for: 1s\n${CONFIG}`, words: HAND_OVER });
  const traffic = await Traffic.start(lab, [BLOCKED, ALLOWED]);
  await agent.stop("SIGKILL");
  const [left] = (await leftBy(agent)).left_in_force;
  assert.deepEqual([left?.drops, left?.until], [true, null]);
  for (let round = 0; round < 10; round++) await traffic.more(ALLOWED, true); // longer than the second of a hand-over
  assert.equal((await traffic.received())[BLOCKED], 0);
});

test("an agent that is stopped by a person lets go at once, whatever else it has to do", requires(root()), async () => {
  await using lab = await makeLab();
  await using agent = await AgentHome.make(lab, "server");
  await agent.start({ config: CONFIG });
  const traffic = await Traffic.start(lab, [BLOCKED, ALLOWED]);
  await traffic.more(ALLOWED, true);
  assert.equal((await traffic.received())[BLOCKED], 0);
  assert.equal(await agent.stop(), 0);
  assert.match(agent.said, /nothing of it is left in the kernel/);
  assert.equal(existsSync(agent.pins), false);
  await traffic.more(BLOCKED, true);
});

test("what was handed over ends at once by weir detach, and by a second signal", requires(root()), async () => {
  await using lab = await makeLab();
  await using agent = await AgentHome.make(lab, "server");
  await agent.start({ config: CONFIG, words: HAND_OVER });
  const traffic = await Traffic.start(lab, [BLOCKED, ALLOWED]);
  assert.equal(await agent.stop(), 0);
  await traffic.more(ALLOWED, true);
  assert.equal((await traffic.received())[BLOCKED], 0);
  const detached = await lab.attempt("server", agent.launcher, "detach", "--config", agent.configPath);
  assert.equal(detached.code, 0, detached.stderr);
  await traffic.more(BLOCKED, true);

  await agent.restart({}, HAND_OVER);
  await traffic.endsAt(BLOCKED, ALLOWED);
  const { pid } = agent;
  process.kill(pid, "SIGTERM");
  while (isPending(pid, constants.signals.SIGTERM)); // a second one before that would be the same one
  process.kill(pid, "SIGTERM");
  assert.equal(await agent.stop(), 0, agent.said);
  await traffic.more(BLOCKED, true);
  assert.equal(existsSync(agent.pins), false);
});

/** Whether a signal waits for a process to take it. */
function isPending(pid: number, signal: number): boolean {
  const [, pending] = /^ShdPnd:\s*(\w+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))!;
  return (BigInt(`0x${pending}`) >> BigInt(signal - 1)) % 2n === 1n;
}

/** Lines as `systemctl list-jobs --no-legend --plain` of systemd 252 prints them. */
const RESTART = "4711 weir.service restart running";
const STOP = "4711 weir.service stop running";

test("a systemd unit hands over where its start is queued, and lets go on a plain stop", requires(root()), async () => {
  await using lab = await makeLab();
  await using agent = await AgentHome.make(lab, "server");
  const env = { PATH: `${join(agent.folder, "bin")}:${process.env["PATH"]}` };
  const words = [...HAND_OVER, "--unit", "weir.service"];
  await imitateSystemctl(agent, `echo "$@" >>${agent.folder}/asked; echo '${RESTART}'`);
  await agent.start({ config: CONFIG, env, words });
  const traffic = await Traffic.start(lab, [BLOCKED, ALLOWED]);
  assert.equal(await agent.stop(), 0);
  await traffic.more(ALLOWED, true);
  assert.equal((await traffic.received())[BLOCKED], 0, "systemctl restart");

  for (const [what, script] of [
    ["systemctl stop", `echo '${STOP}'`],
    ["kill", "true"],
    ["no systemd", "exit 1"],
    ["a systemd that does not answer", "sleep 60"],
  ] as const) {
    await imitateSystemctl(agent, script);
    await agent.restart(env, words);
    await traffic.endsAt(BLOCKED, ALLOWED);
    assert.equal(await agent.stop(), 0, agent.said);
    assert.equal(existsSync(agent.pins), false, what);
    await traffic.more(BLOCKED, true);
  }
  assert.match(agent.said, /systemd is not going to start weir\.service again/);
  assert.match(agent.said, /systemd did not say whether it will start weir\.service again/);
});

test("only a job that starts this very unit counts", () => {
  assert.equal(hasStart(`${RESTART}\n`, "weir.service"), true);
  assert.equal(hasStart("12 other.service start waiting\n4711 weir.service start waiting\n", "weir.service"), true);
  assert.equal(hasStart(STOP, "weir.service"), false);
  assert.equal(hasStart("12 weir.service.other restart running\n13 otherweir.service restart running", "weir.service"), false);
  assert.equal(hasStart("13 weir.service reload running", "weir.service"), false);
  assert.equal(hasStart("", "weir.service"), false);
});

test("weir status and weir mode say what an agent that ended left in force, until when, and how to end it", requires(root()), async () => {
  await using lab = await makeLab();
  await using agent = await AgentHome.make(lab, "server");
  await agent.start({ config: CONFIG, words: HAND_OVER });
  const traffic = await Traffic.start(lab, [BLOCKED, ALLOWED]);
  await traffic.more(BLOCKED, false);
  const { pid } = agent;
  await agent.stop("SIGKILL");
  await traffic.more(BLOCKED, false);
  for (const command of ["status", "mode"]) {
    const { code, stdout, stderr } = await agent.attempt(command);
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(stderr, /is not running: nothing answers on /);
    assert.match(
      stderr,
      new RegExp(
        `agent with pid ${pid}, .*mode prevent: they go on dropping until the next agent or weir detach; [0-9,]+ packets were dropped`,
      ),
    );
    assert.match(stderr, new RegExp(`"weir detach" with --config ${agent.configPath} lets everything pass`));
  }
  const {
    running,
    left_in_force: [left],
  } = await leftBy(agent);
  assert.equal(running, false);
  assert.deepEqual(
    [left?.mode, left?.drops, left?.until, left?.pid, left?.config, left?.state_dir],
    ["prevent", true, null, pid, agent.configPath, agent.stateDirectory],
  );
  assert.ok(left!.dropped > 0);
  await traffic.more(BLOCKED, false);
  assert.ok((await leftBy(agent)).left_in_force[0]!.dropped > left!.dropped, "it goes on counting");

  await agent.restart({}, HAND_OVER);
  await agent.stop();
  const handed = (await leftBy(agent)).left_in_force[0]!;
  const seconds = (Date.parse(handed.until!) - Date.now()) / 1000;
  assert.ok(handed.drops && seconds > 30 && seconds < 121, handed.until!);
  assert.match((await agent.attempt("status")).stderr, /they go on dropping until \d{4}-.* from now/);

  await lab.exec("server", agent.launcher, "detach", "--config", agent.configPath);
  const ended = await agent.attempt("status");
  assert.equal(ended.code, 1);
  assert.doesNotMatch(ended.stderr, new RegExp(agent.pins));
});

interface Left {
  running: boolean;
  left_in_force: {
    pins: string;
    mode: string;
    drops: boolean;
    until: string | null;
    dropped: number;
    state_dir: string;
    config: string;
    pid: number;
  }[];
}

async function leftBy(agent: AgentHome): Promise<Left> {
  const { code, stdout, stderr } = await agent.attempt("status", "--json");
  assert.equal(code, 1, stderr);
  return JSON.parse(stdout) as Left;
}

async function imitateSystemctl(agent: AgentHome, script: string): Promise<void> {
  const folder = join(agent.folder, "bin");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "systemctl"), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, "systemctl"), 0o755);
}
