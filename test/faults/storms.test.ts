/**
 * Work that anybody on the host can cause takes its share of the agent and no more: the agent answers meanwhile, and counts
 * exactly what happened and what it did not look up.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { Share } from "../../agent/observe/enrich/share.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";

const MADE = 3000;
const HELD = 900;
const AS_NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--"];

describe(
  "listeners that are never bound, made by the thousand by a user without rights",
  requires(root(), tool("cc", "gcc"), tool("setpriv", "util-linux")),
  () => {
    let lab: Lab;
    let agent: AgentHome;
    const folder = mkdtempSync(join(tmpdir(), "weir-storm-"));
    const storm = join(folder, "listen-storm");

    before(async () => {
      execFileSync("cc", ["-O2", "-Wall", "-Werror", "-o", storm, join(import.meta.dirname, "listen-storm.c")]);
      chmodSync(folder, 0o755);
      lab = await makeLab({ namespaces: ["host"], links: [] });
      agent = await AgentHome.make(lab, "host");
      await agent.start({ config: "interfaces: { include: [lo] }\nevents_per_second: 100000" });
    });

    after(async () => {
      await agent[Symbol.asyncDispose]();
      await lab[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    });

    it("are told with their port where there are few", async () => {
      await lab.exec("host", ...AS_NOBODY, storm, "0", "1"); // keeps it for a while
      await agent.auditLine(/ LISTENING .*0\.0\.0\.0:[1-9]\d{3,4} .*listen-storm/);
      assert.deepEqual((await agent.status()).skipped, {});
    });

    it("leave the agent time for others, and each of them is counted", async () => {
      const before = await happened(agent);
      const storms = Array.from({ length: 3 }, () => lab.exec("host", ...AS_NOBODY, storm, String(MADE), String(HELD)));
      let isOver = false;
      const over = Promise.all(storms).then((said) => ((isOver = true), said.reduce((sum, text) => sum + Number(text), 0)));
      let answers = 0;
      while (!isOver) {
        await agent.weir("status", "--quiet"); // fails where no answer comes within its 10 s
        answers++;
      }
      const made = await over;
      assert.ok(answers > 0);
      await eventually("all are counted", async () => (await happened(agent)) - before === made);
      const { skipped } = await agent.status();
      assert.ok((skipped["listening"] ?? 0) > 0, "some were told without their port");
      await eventually("all are accounted for", async () => {
        const { emitted, received, pending, lost } = (await agent.status()).counters.events;
        return emitted === received + pending + lost;
      });
      assert.match(await agent.weir("mode", "prevent"), /prevent/, "and the mode can be changed");
    });
  },
);

async function happened(agent: AgentHome): Promise<number> {
  const metrics = await agent.weir("metrics");
  return Number(/^weir_socket_events_total\{[^}]*weir_socket_event="listening"[^}]*\} (\d+)/m.exec(metrics)?.[1] ?? 0);
}

it("a share is used up by what it costs, made good by time, and what is skipped is counted", () => {
  let [now, spent] = [0, 0];
  const share = new Share(
    10,
    () => now,
    () => spent,
  );
  const work = (milliseconds: number): boolean => share.use(() => ((spent += milliseconds), true), false);
  assert.deepEqual([work(4), work(4), work(4), work(4)], [true, true, true, false], "a second's worth at once");
  now += 300;
  assert.deepEqual([work(50), work(1)], [true, false], "three milliseconds are made good");
  now += 1000;
  assert.equal(work(1), false, "a long one is made good by those after it");
  now += 4000;
  assert.equal(work(1), true);
  assert.equal(share.skipped, 3);
  now += 1000;
  assert.throws(
    () =>
      share.use(() => {
        spent += 50;
        throw new Error("it fails");
      }, false),
    /it fails/,
  );
  assert.equal(work(1), false, "what failed has cost, too");
});
