/** Programs at tracepoints of system calls while configurations, agents and rights change: no link is left, and none is there twice. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";

import { linkDirectory } from "../../agent/enforce/adoption/leftovers.ts";
import { pinnedLinks } from "../../agent/kernel/attachment.ts";
import { tableFolders } from "../../agent/kernel/pinned-table.ts";
import type { Status } from "../../agent/service/contract.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";
import { allGone, programsOf } from "./programs.ts";

type SystemCalls = Status["probes"]["system_calls"];

const CALLS = ["socket", "bind", "listen", "accept", "accept4", "connect", "recvmsg", "pidfd_getfd"];
const HAND_OVER = ["--on-stop", "hand-over"] as const;
const WEIR = join(import.meta.dirname, "../../agent/weir");
const config = (calls: string): string => `interfaces: { include: [eth0] }\nprobes: { system_calls: ${calls} }\n`;

async function tracing(agent: AgentHome, state: "on" | "off"): Promise<SystemCalls> {
  return eventually(`they are ${state}`, async () => {
    const calls = (await agent.status()).probes.system_calls;
    return calls.state === state && calls;
  });
}

/** Of the pins: those at tracepoints of single system calls. */
const pinned = ({ pins }: AgentHome): string[] =>
  pinnedLinks(linkDirectory(pins)).flatMap((name) => /^trace-tracepoint-syscalls-sys_exit_(\w+)$/.exec(name)?.[1] ?? []);
const strange = ({ pins }: AgentHome): string[] => pinnedLinks(linkDirectory(pins)).filter((name) => /older|next/.test(name));

/** How many programs of this name run in links of this agent, pinned or not: those of other tests have other tables. */
async function linksAt({ lab, namespace, pins }: AgentHome, program: string): Promise<number> {
  const show = async <T>(...words: string[]): Promise<T> => JSON.parse(await lab.exec(namespace, "bpftool", "-j", ...words)) as T;
  const tables = await eventually("the tables", () => pinnedTables(pins)[0]);
  const { id: map } = await show<{ id: number }>("map", "show", "pinned", `${tables}/traced_calls`);
  const programs = await show<{ id: number; name?: string; map_ids?: number[] }[]>("prog", "show");
  const ours = new Set(programs.filter(({ name, map_ids }) => name === program && map_ids?.includes(map)).map(({ id }) => id));
  return (await show<{ prog_id: number }[]>("link", "show")).filter(({ prog_id }) => ours.has(prog_id)).length;
}

const pinnedTables = (pins: string): string[] => tableFolders(pins).map((name) => join(pins, name));

test(
  "programs at system calls come and go with the configuration, and with the agent",
  requires(root(), tool("bpftool", "bpftool")),
  async () => {
    await using lab = await makeLab();
    await using agent = await AgentHome.make(lab, "server");
    await agent.start({ config: config("on"), words: HAND_OVER });
    await tracing(agent, "on");
    assert.deepEqual(pinned(agent), CALLS.toSorted());
    assert.equal(await linksAt(agent, "weir_exit_socket"), 1);

    await agent.configure(config("off"));
    await agent.weir("reload");
    await tracing(agent, "off");
    assert.deepEqual(pinned(agent), []);
    assert.equal(await linksAt(agent, "weir_exit_socket"), 0);

    await agent.configure(config("auto"));
    await agent.weir("reload");
    await eventually("a decision", async () => (await agent.status()).probes.system_calls.added_ns !== undefined);
    const { state, added_ns, reason } = (await agent.status()).probes.system_calls;
    assert.ok(
      added_ns! >= 0 && (state === "on" ? reason === undefined : reason!.includes(" ns with them")),
      `${state} ${added_ns} ${reason}`,
    );
    await agent.configure(config("on"));
    await agent.weir("reload");
    await tracing(agent, "on");

    // Nobody lets go of them.
    await agent.stop("SIGKILL");
    assert.deepEqual(pinned(agent), CALLS.toSorted());
    const old = await programsOf(agent);
    await agent.restart({}, HAND_OVER);
    await tracing(agent, "on");
    assert.deepEqual([pinned(agent), strange(agent)], [CALLS.toSorted(), []]);
    assert.equal(await linksAt(agent, "weir_exit_socket"), 1);
    await allGone(agent, old);

    // The next agent does not want them.
    await agent.stop("SIGKILL");
    await agent.configure(config("off"));
    await agent.restart({}, HAND_OVER);
    assert.deepEqual([await tracing(agent, "off"), pinned(agent)], [{ state: "off", attached: [] }, []]);
    await agent.configure(config("on"));
    await agent.weir("reload");
    await tracing(agent, "on");

    // They are handed over, and go on meanwhile.
    assert.equal(await agent.stop(), 0, agent.said);
    assert.deepEqual(pinned(agent), CALLS.toSorted());
    assert.equal(await linksAt(agent, "weir_exit_socket"), 1);
    await agent.restart({}, HAND_OVER);
    await tracing(agent, "on");
    assert.equal(await linksAt(agent, "weir_exit_socket"), 1);

    // Nobody comes any more.
    assert.equal(await agent.stop(), 0, agent.said);
    const last = await programsOf(agent);
    const { code, stderr } = await lab.attempt("server", agent.launcher, "detach", "--config", agent.configPath);
    assert.equal(code, 0, stderr);
    assert.equal(existsSync(agent.pins), false);
    await allGone(agent, last);
  },
);

describe("where the environment refuses tracepoints", requires(root(), tool("cc", "gcc")), () => {
  for (const [calls, health] of [
    ["auto", "ok"],
    ["on", "degraded"],
  ] as const) {
    test(`an agent with system_calls: ${calls} runs without them, says why, and is ${health}`, async (t) => {
      const folder = mkdtempSync(join(tmpdir(), "weir-refuse-"));
      t.after(() => rmSync(folder, { recursive: true }));
      const launcher = join(folder, "weir");
      execFileSync("cc", ["-O2", "-Wall", "-Werror", `-DPROGRAM="${WEIR}"`, "-o", launcher, join(import.meta.dirname, "refuse-tracing.c")]);
      await using lab = await makeLab();
      await using agent = await AgentHome.make(lab, "server", launcher);
      await agent.start({ config: config(calls) });
      const { reason, attached } = await eventually("a reason", async () => {
        const { system_calls } = (await agent.status()).probes;
        return system_calls.reason !== undefined && system_calls;
      });
      assert.deepEqual([attached, pinned(agent), strange(agent)], [[], [], []]);
      assert.match(reason!, /(mount tracefs|attach tracepoint\/syscalls\/\S+).*EPERM/);
      await eventually(health, async () => (await agent.status()).health.state === health);
      if (calls === "on") assert.match((await agent.status()).health.reasons.join(), /system calls are not traced: .*EPERM/);
      assert.match(await agent.weir("status").catch((error: Error) => error.message), /calls +not traced: .*EPERM/);
    });
  }
});
