/** Bans with real traffic: they drop in prevent and are told in detect, end to the second, and outlive the agent. */

import assert from "node:assert/strict";
import { readFile, stat, writeFile } from "node:fs/promises";
import { uptime } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import type { BanChange, BanRow } from "../../agent/service/contract.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root } from "../harness/require.ts";
import { BLOCKED, TWIN, Twins } from "./twins.ts";

const CONFIG = "mode: prevent\ninterfaces: { include: [eth0] }\n";

describe("bans", requires(root()), () => {
  let lab: Lab;
  let agent: AgentHome;
  let twins: Twins;

  before(async () => {
    lab = await makeLab();
    twins = await Twins.of(lab);
    agent = await AgentHome.make(lab, "server");
    await agent.start({ config: CONFIG });
  });

  after(async () => {
    await agent[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  const journal = (): string => join(agent.stateDirectory, "bans.journal");
  const json = async <T>(...words: string[]): Promise<T> => JSON.parse(await agent.weir("ban", ...words, "--json")) as T;
  const list = async (): Promise<string[]> => (await json<BanRow[]>("list")).map(({ network }) => network);

  it("drop in prevent what comes from the banned, of both families, and nothing else", async () => {
    for (const address of [...Object.values(TWIN), ...Object.values(BLOCKED)]) await twins.passes(address);
    const change = await json<BanChange>("add", BLOCKED.ipv4, BLOCKED.ipv6, "--reason", "guesses passwords");
    assert.deepEqual([change.bans, change.changed], [2, 2]);
    await twins.onlyTwinPasses(["ipv4", "ipv6"]);
    await agent.auditLine(/ BAN uid=0 networks=198\.18\.0\.1,fd00:198:18::1 bans=2 until=lifted reason="guesses passwords" pid=\d+/);
    await agent.auditLine(/ BLOCKED ban icmp 198\.18\.0\.1 > 198\.18\.0\.2 eth0 in/);
    assert.equal((await agent.status()).bans, 2);
    assert.match(await agent.weir("metrics"), /^weir_bans_active 2$/m);
    assert.equal((await stat(journal())).mode & 0o777, 0o600);
  });

  it("are told in detect, and drop nothing", async () => {
    await agent.weir("mode", "detect");
    await twins.passes(BLOCKED.ipv4);
    await agent.auditLine(/ DETECTED ban icmp 198\.18\.0\.1 > 198\.18\.0\.2 eth0 in .*\(would drop\)/);
    await agent.weir("mode", "prevent");
  });

  it("are there after a restart, and while no agent runs", async () => {
    await agent.stop("SIGKILL");
    await twins.onlyTwinPasses();
    await agent.restart();
    await twins.onlyTwinPasses(["ipv4", "ipv6"]);
    await agent.stop();
    await agent.restart();
    await twins.onlyTwinPasses(["ipv4", "ipv6"]);
    const [row] = await json<BanRow[]>("list", BLOCKED.ipv4);
    assert.deepEqual([row?.network, row?.uid, row?.reason], [BLOCKED.ipv4, 0, "guesses passwords"]);
  });

  it("that the disk knows nothing of go with the next start", async () => {
    await agent.stop("SIGKILL");
    const kept = await readFile(journal(), "utf8");
    await writeFile(journal(), `${kept.split("\n", 1)[0]}\n`);
    await agent.restart();
    for (const address of Object.values(BLOCKED)) await twins.passes(address);
    await agent.stop("SIGKILL");
    await writeFile(journal(), kept);
    await agent.restart();
    await twins.onlyTwinPasses(["ipv4", "ipv6"]);
  });

  it("pass again when they are lifted", async () => {
    await agent.weir("ban", "delete", BLOCKED.ipv4);
    await twins.passes(BLOCKED.ipv4);
    assert.deepEqual(await list(), [BLOCKED.ipv6]);
    await agent.auditLine(/ UNBAN uid=0 networks=198\.18\.0\.1 bans=1 /);
    assert.equal((await agent.attempt("ban", "delete", BLOCKED.ipv4)).code, 1);
    await agent.weir("ban", "clear", "--yes");
    await twins.passes(BLOCKED.ipv6);
    assert.deepEqual(await list(), []);
  });

  it("do not reach whom bans.except names, also by a prefix, and are refused where they would be in vain", async () => {
    await agent.configure(`${CONFIG}bans: { except: [${TWIN.ipv4}] }`);
    await agent.weir("reload");
    const { code, stderr } = await agent.attempt("ban", "add", TWIN.ipv4);
    assert.deepEqual([code, /198\.18\.0\.9: bans\.except says that 198\.18\.0\.9 is never banned/.test(stderr)], [2, true], stderr);
    await agent.auditLine(/ BAN-REFUSED uid=0 what=ban networks=198\.18\.0\.9 problem=/);
    const { warnings } = await json<BanChange>("add", "198.18.0.0/24");
    assert.match(warnings.join(), /banned but for a part: bans\.except/);
    await twins.onlyTwinPasses();
    await agent.configure(CONFIG);
    await agent.weir("reload");
    assert.ok(!(await twins.reaches(TWIN.ipv4)));
    await agent.weir("ban", "delete", "198.18.0.0/24");
  });

  it("end when their time is over, and that is told", async () => {
    await agent.weir("ban", "add", BLOCKED.ipv4, "--for", "3s");
    await twins.onlyTwinPasses();
    await eventually("the end of the ban", () => twins.reaches(BLOCKED.ipv4));
    await agent.auditLine(/ BAN-EXPIRED networks=198\.18\.0\.1 bans=1/);
    assert.deepEqual(await list(), []);
  });

  it("end to the second also when the agent is dead, and are not there for the next one", async () => {
    await agent.weir("ban", "add", BLOCKED.ipv4, "--for", "5s");
    const { until } = JSON.parse((await readFile(journal(), "utf8")).split("\n").findLast((line) => line.startsWith('{"order"'))!) as {
      until: number;
    };
    await agent.stop("SIGKILL");
    // A ping that was let through before the end, however late it is seen here.
    while ((await twins.reaches(BLOCKED.ipv4)) === false) assert.ok(uptime() < until + 30, "the ban goes on behind its end");
    assert.ok(uptime() >= until, "the ban ended early");
    await agent.restart();
    assert.deepEqual(await list(), []);
    await twins.passes(BLOCKED.ipv4);
  });

  it("are not in force where their journal is damaged, which is told and put aside", async () => {
    await agent.weir("ban", "add", BLOCKED.ipv4);
    await agent.stop("SIGKILL");
    await writeFile(journal(), (await readFile(journal(), "utf8")).replace("198.18.0.1", "198.18.0.x"));
    await agent.restart();
    await twins.passes(BLOCKED.ipv4);
    assert.match(
      (await agent.status()).health.reasons.join(),
      /no earlier ban is in force: .*bans\.journal is damaged \(line \d+ is not one network\)/,
    );
    await agent.weir("ban", "add", BLOCKED.ipv4);
    await twins.onlyTwinPasses();
    await eventually("there are no problems any more", async () => (await agent.status()).health.reasons.length === 0);
    await agent.weir("ban", "clear", "--yes");
  });
});
