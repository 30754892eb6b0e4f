/**
 * A configuration that is refused takes nothing away: at a reload and at a start the last good rules stay in force, loudly,
 * until the file is mended. Without any last good one the agent observes; it never begins to drop because of such a file.
 */

import assert from "node:assert/strict";
import { chmod, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root } from "../harness/require.ts";

const RULE = (port: number): string =>
  `{ name: to-${port}, action: block, enforce: true, direction: egress, layer4: { protocol: udp, destination_ports: [${port}] } }`;
const GOOD = `interfaces: { include: [eth0] }\nsets: { feed: { file: feed.txt } }\nrules: [${RULE(7023)}]`;
const HEADS: Record<string, (text: string) => string> = {
  "of another shape": (text) => text.replace("action: block", "action: blok"),
  "no YAML": (text) => `${text}\nrules: [{\n`,
  "of more conditions than fit": (text) =>
    text.replace(
      /rules:.*/,
      `rules: [${Array.from({ length: 9 }, (_, at) => `{ name: c${at}, action: block, enforce: true, layer4: { protocol: udp, over_rate: ${at + 1}/s } }`).join(", ")}]`,
    ),
};

describe("a configuration that is refused", requires(root()), () => {
  let lab: Lab;

  before(async () => {
    lab = await makeLab();
  });
  after(() => lab[Symbol.asyncDispose]());

  const rulesOf = async (agent: AgentHome): Promise<string[]> =>
    (JSON.parse(await agent.weir("rule", "list", "--json")) as { name: string }[])
      .map(({ name }) => name)
      .filter((name) => name.startsWith("to-"));
  const reasons = async (agent: AgentHome): Promise<string> =>
    (await agent.status()).health.reasons.filter((reason) => reason.startsWith("the configuration")).join("\n");
  const gauge = async (agent: AgentHome): Promise<string | undefined> =>
    /^weir_config_refused (\d)/m.exec(await agent.weir("metrics"))?.[1];

  async function begun(): Promise<AgentHome> {
    const agent = await AgentHome.make(lab, "client");
    await writeFile(join(agent.folder, "feed.txt"), "192.0.2.1\n");
    await agent.start({ config: GOOD });
    await eventually("the configuration is kept", async () =>
      (await readdir(agent.stateDirectory)).some((name) => /^last-good-\w+$/.test(name)),
    );
    return agent;
  }

  for (const [what, spoil] of Object.entries(HEADS)) {
    it(`degrades health until it is mended, at a reload and at a start: ${what}`, async () => {
      await using agent = await begun();
      assert.deepEqual([await reasons(agent), await gauge(agent)], ["", "0"]);
      await agent.weir("mode", "prevent");
      await agent.configure(spoil(GOOD));
      await eventually("the reload is refused", async () => /the last good rules stay in force/.test(await reasons(agent)));
      assert.equal(await gauge(agent), "1");
      assert.deepEqual(await rulesOf(agent), ["to-7023"]);

      await agent.stop();
      await agent.restart();
      assert.match(await reasons(agent), /refused, and the last good rules stay in force; mend it/);
      assert.match(agent.said, /the configuration .* is refused, and the last good rules stay in force/);
      assert.equal(await gauge(agent), "1");
      assert.deepEqual(await rulesOf(agent), ["to-7023"]);
      assert.equal((await agent.status()).mode, "prevent", "which was in force before");
      await agent.auditLine(/ CONFIG-REFUSED .*in_force="last good"/);
      assert.match(await agent.weir("set", "list"), /feed +1 /, "the lists of sets are found from where the file is");

      await agent.configure(GOOD.replaceAll("7023", "7024"));
      await eventually("the mended file is taken", async () => (await rulesOf(agent)).includes("to-7024"));
      await eventually("health is well again", async () => (await reasons(agent)) === "");
      assert.equal(await gauge(agent), "0");
    });
  }

  it("leaves the last good rules in force where the file is gone", async () => {
    await using agent = await begun();
    await agent.stop();
    await rm(agent.configPath);
    await agent.restart({ WEIR_STATE_DIR: agent.stateDirectory }); // the file would have named it
    assert.deepEqual(await rulesOf(agent), ["to-7023"]);
    assert.match(await reasons(agent), /no such file/);
    const [name] = (await readdir(agent.stateDirectory)).filter((one) => one.startsWith("last-good-"));
    assert.equal((await stat(join(agent.stateDirectory, name!))).mode & 0o777, 0o600);
  });

  it("observes where there is no last good one, whatever the mode was, and takes the file once it is mended", async () => {
    await using agent = await AgentHome.make(lab, "client");
    await agent.configure(`mode: prevent\n${HEADS["of another shape"]!(GOOD)}`);
    await agent.restart();
    const { mode, rules } = await agent.status();
    assert.deepEqual([mode, rules.loaded], ["detect", 0]);
    assert.match(await reasons(agent), /there is no last good one, so that weir observes with its built-in defaults/);
    await agent.configure(`mode: prevent\n${GOOD}`);
    await eventually("the mended file is taken", async () => (await agent.status()).mode === "prevent");
    assert.deepEqual(await rulesOf(agent), ["to-7023"]);
  });

  it("switches to prevent nothing that was in detect before", async () => {
    await using agent = await AgentHome.make(lab, "client");
    await agent.start({ config: `mode: prevent\n${GOOD}` });
    await agent.weir("mode", "detect");
    await eventually("the configuration is kept", async () =>
      (await readdir(agent.stateDirectory)).some((name) => /^last-good-\w+$/.test(name)),
    );
    await agent.stop("SIGKILL");
    await rm(join(agent.stateDirectory, "mode.json"), { force: true }); // as if the disk had lost it; toward detect nobody waits for the disk, so that it may not be there yet
    await agent.configure(`mode: prevent\n${HEADS["no YAML"]!(GOOD)}`);
    await agent.restart();
    assert.equal((await agent.status()).mode, "detect");
  });

  it("ends the start with --strict, as a file that is good does not", async () => {
    await using agent = await begun();
    await agent.stop();
    await agent.configure(HEADS["no YAML"]!(GOOD));
    const refused = await agent.attempt("run", "--no-view", "--strict", "--config", agent.configPath);
    assert.equal(refused.code, 2, refused.stderr);
    assert.match(refused.stderr, /The configuration is refused:/);
    await agent.configure(GOOD);
    await agent.restart({}, ["--strict"]);
    assert.deepEqual(await rulesOf(agent), ["to-7023"]);
  });

  it("is told in status and its exit code is that of a degraded agent only where it is asked for", async () => {
    await using agent = await begun();
    assert.equal((await agent.attempt("status", "--check", "--quiet")).code, 0);
    await agent.configure(HEADS["no YAML"]!(GOOD));
    await eventually("it is refused", async () => (await reasons(agent)) !== "");
    assert.deepEqual([(await agent.attempt("status")).code, (await agent.attempt("status", "--check")).code], [0, 3]);
    assert.match((await agent.attempt("status")).stdout, /the file is refused: /);
    await chmod(agent.configPath, 0o600);
  });
});
