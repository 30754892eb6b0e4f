/** What a killed agent left in force ends by `weir detach`, and not while an agent runs. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { test } from "node:test";

import { PROBES } from "../../agent/kernel/dataplane.ts";
import { AgentHome } from "../harness/agent.ts";
import { makeLab, type Outcome } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";
import { inNamespace } from "../kernel/support.ts";
import { allGone, programsOf } from "./programs.ts";
import { Traffic } from "./traffic.ts";

const BLOCKED = 5001;
const ALLOWED = 5002;
const CONFIG = `
mode: prevent
interfaces: { include: [eth0] }
rules:
  - { name: no-5001, action: block, enforce: true, direction: ingress, layer4: { protocol: udp, destination_ports: [${BLOCKED}] } }
`;

interface Answer {
  pins: string;
  removed: { kind: string; name: string }[];
  audited: boolean;
}

test(
  "what a killed agent went on blocking passes after weir detach, which leaves nothing in the kernel",
  requires(root(), tool("bpftool", "bpftool")),
  async () => {
    await using lab = await makeLab();
    await using agent = await AgentHome.make(lab, "server");
    await agent.start({ config: CONFIG });
    const traffic = await Traffic.start(lab, [BLOCKED, ALLOWED]);
    await agent.stop("SIGKILL");
    await traffic.more(BLOCKED, false);
    await traffic.more(ALLOWED, true);
    assert.equal((await traffic.received())[BLOCKED], 0, "while no agent runs");
    const programs = await programsOf(agent);
    assert.ok(programs.size > 2);

    const said = await detach(agent, "--json");
    assert.equal(said.code, 0, said.stderr);
    const { pins, removed, audited } = JSON.parse(said.stdout) as Answer;
    assert.equal(pins, agent.pins);
    const names = (kind: string) => removed.filter((one) => one.kind === kind).map(({ name }) => name);
    assert.ok(
      names("link").some((name) => name.startsWith("trace-")),
      names("link").join(),
    );
    assert.ok(names("table").includes("control") && names("table").includes("flows"), names("table").join());
    assert.equal(audited, true);
    assert.equal(existsSync(agent.pins), false);
    await traffic.more(BLOCKED, true);
    await allGone(agent, programs);

    assert.match(
      await agent.audit(),
      new RegExp(` DETACH uid=0 pins=${agent.pins} links=${names("link").length} filters=0 tables=${names("table").length} `),
    );
    const verdict = await lab.attempt("server", agent.launcher, "audit", "verify", "--config", agent.configPath);
    assert.equal(verdict.code, 0, verdict.stderr);

    const again = await detach(agent);
    assert.equal(again.code, 0);
    assert.match(again.stdout, /^Nothing is left in force/);
    await agent.restart();
    assert.match(await agent.auditLine(/ START .*adopted=no/), /START/);
    await traffic.endsAt(BLOCKED, ALLOWED);
    assert.equal(await agent.stop(), 0);
  },
);

test("weir detach removes noted filters with the qdisc made for them, and needs no audit log for it", requires(root()), async () => {
  await using lab = await makeLab();
  await using agent = await AgentHome.make(lab, "server");
  await leaveFilters(agent);
  await rm(agent.auditPath);
  await mkdir(agent.auditPath);

  const { code, stdout, stderr } = await detach(agent);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^Removed [0-9]+ links, 2 filters and [0-9]+ tables .*neither dropped nor watched/);
  assert.match(stdout, /\n {2}filter clsact-egress-[0-9]+\n/);
  assert.match(stderr, /not in the audit log: .*not a regular file/);
  assert.doesNotMatch(await lab.exec("server", "tc", "qdisc", "show", "dev", "eth0"), /clsact/);
  assert.equal(existsSync(agent.pins), false);
});

test("weir detach finds filters in the network namespace that the agent was in", requires(root()), async () => {
  await using lab = await makeLab();
  await using agent = await AgentHome.make(lab, "server");
  await leaveFilters(agent);
  assert.match(await lab.exec("server", "tc", "qdisc", "show", "dev", "eth0"), /clsact/);
  const elsewhere = await lab.attempt("client", agent.launcher, "detach", "--config", agent.configPath, "--json");
  assert.equal(elsewhere.code, 0, elsewhere.stderr);
  const { removed, audited } = JSON.parse(elsewhere.stdout) as Answer;
  assert.equal(removed.filter(({ kind }) => kind === "filter").length, 2);
  assert.equal(audited, true);
  assert.doesNotMatch(await lab.exec("server", "tc", "qdisc", "show", "dev", "eth0"), /clsact/);
  assert.equal(existsSync(agent.pins), false);
});

test("weir detach leaves everything where filters are out of its reach, and says what to do", requires(root()), async () => {
  await using lab = await makeLab();
  await using agent = await AgentHome.make(lab, "server");
  await leaveFilters(agent);
  lab.removeNow();
  const { code, stdout, stderr } = detachOutside(agent);
  const left = existsSync(`${agent.pins}/links`);
  await rm(agent.pins, { recursive: true });
  assert.equal(code, 1);
  assert.equal(stdout, "");
  assert.match(
    stderr,
    /remove clsact-\w+-\d+ and clsact-\w+-\d+: .*network namespace .*nsenter --net=.* weir detach; .*rm -r \/sys\/fs\/bpf\/weir-/,
  );
  assert.ok(left);
});

test("weir detach is refused while the agent runs, which goes on", requires(root()), async () => {
  await using lab = await makeLab();
  await using agent = await AgentHome.make(lab, "server");
  await agent.start({ config: CONFIG });
  const { code, stdout, stderr } = await detach(agent);
  assert.equal(code, 1);
  assert.equal(stdout, "");
  assert.match(stderr, new RegExp(`already running \\(pid ${agent.pid}\\).*\\n.*kill ${agent.pid}`));
  assert.doesNotMatch(readFileSync(agent.auditPath, "utf8"), / DETACH uid=/);
  const traffic = await Traffic.start(lab, [BLOCKED, ALLOWED]);
  await traffic.more(BLOCKED, false);
  await traffic.more(ALLOWED, true);
  assert.equal((await traffic.received())[BLOCKED], 0);
  assert.doesNotMatch(agent.said, /detached by somebody else/);
  assert.equal(await agent.stop(), 0);
});

test("weir detach reads the configuration as the agent does, and refuses a broken one", requires(root()), async () => {
  await using lab = await makeLab({ namespaces: ["server"], links: [] });
  await using agent = await AgentHome.make(lab, "server");
  await agent.configure("mode: sideways");
  const { code, stderr } = await detach(agent);
  assert.equal(code, 2);
  assert.match(stderr, /weir\.yaml:\d+:\d+: .*sideways/);
});

/** As an agent does on a kernel without TCX, which is killed. */
async function leaveFilters(agent: AgentHome): Promise<void> {
  await agent.start({ config: CONFIG });
  await agent.stop("SIGKILL");
  const inside = inNamespace(
    agent.lab,
    agent.namespace,
    `
    const { programs } = objects.openObject(${JSON.stringify(`${PROBES}tc.bpf.o`)});
    for (const direction of ["ingress", "egress"]) tc.attachClsact(programs.get("weir_tc_" + direction), device("eth0"), direction, ${JSON.stringify(`${agent.pins}/links`)});
    say(links.countFilters(device("eth0").ifindex));
    process.stdin.destroy();
  `,
  );
  assert.equal(await inside.next(), 2);
}

/** Outside of every namespace of the test. */
function detachOutside(agent: AgentHome): Outcome {
  const { status, stdout, stderr } = spawnSync(agent.launcher, ["detach", "--config", agent.configPath], { encoding: "utf8" });
  return { code: status, stdout, stderr };
}

function detach(agent: AgentHome, ...words: string[]): Promise<Outcome> {
  return agent.lab.attempt(agent.namespace, agent.launcher, "detach", "--config", agent.configPath, ...words);
}
