/** Sets with real traffic: members come and go while the agent runs, end to the second, and outlive it; files are followed. */

import assert from "node:assert/strict";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { uptime } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import type { MemberRow, SetChange, SetRow } from "../../agent/service/contract.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root } from "../harness/require.ts";
import { BLOCKED, TWIN, Twins } from "./twins.ts";

const CONFIG = `mode: prevent
interfaces: { include: [eth0] }
sets: { bad: { file: feed.txt } }
rules:
  - { name: no-bad, action: block, enforce: true, layer3: { source: ["@bad"] } }
`;
const MANY = 1_000_000;

describe("sets", requires(root()), () => {
  let lab: Lab;
  let agent: AgentHome;
  let twins: Twins;

  before(async () => {
    lab = await makeLab();
    twins = await Twins.of(lab);
    agent = await AgentHome.make(lab, "server");
    await writeFile(feed(), "203.0.113.0/24\n");
    await agent.start({ config: CONFIG });
  });

  after(async () => {
    await agent[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  const feed = (): string => join(agent.folder, "feed.txt");
  const journal = (): string => join(agent.stateDirectory, "sets/bad.journal");
  const json = async <T>(...words: string[]): Promise<T> => JSON.parse(await agent.weir("set", ...words, "--json")) as T;

  async function becomesBlocked(from: string): Promise<void> {
    await eventually(`no answer to ${from}`, async () => !(await twins.reaches(from)));
  }

  it("block whom a command adds, at once and of both families, and nobody else", async () => {
    for (const address of [...Object.values(TWIN), ...Object.values(BLOCKED)]) await twins.passes(address);
    const change = await json<SetChange>("add", "bad", BLOCKED.ipv4, BLOCKED.ipv6, "--reason", "scans");
    assert.deepEqual([change.members, change.changed], [3, 2]);
    await twins.onlyTwinPasses(["ipv4", "ipv6"]);
    await agent.auditLine(/ SET-ADD uid=0 set=bad networks=198\.18\.0\.1,fd00:198:18::1 members=2 until=removed reason=scans pid=\d+/);
    await agent.auditLine(/ BLOCKED no-bad icmp 198\.18\.0\.1 > 198\.18\.0\.2 eth0 in/);
  });

  it("are named where a packet is explained, with what an address is in and not in", async () => {
    const explain = (src: string): Promise<string> =>
      agent.weir(
        "explain",
        "--in",
        "eth0",
        "--src",
        src,
        "--dst",
        lab.end("server:eth0").ipv4,
        "--proto",
        "icmp",
        "--icmp",
        "echo-request",
      );
    const bad = await explain(BLOCKED.ipv4);
    assert.match(bad, /layer3\.source +yes +@bad +198\.18\.0\.1, in @bad/);
    assert.match(bad, /kernel +says the same/);
    const twin = await explain(TWIN.ipv4);
    assert.match(twin, /no rule decides it/);
    assert.match(twin, /kernel +says the same/);
  });

  it("hold a connection that is open to what they say now", async () => {
    const opened = lab.spawn("client", ["ping", "-n", "-i0.2", "-I", TWIN.ipv4, lab.end("server:eth0").ipv4], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    let answers = 0;
    opened.stdout?.on("data", () => answers++);
    try {
      await eventually("answers", () => answers > 2);
      await agent.weir("set", "add", "bad", TWIN.ipv4);
      await eventually("they end", async () => {
        const before = answers;
        await new Promise((resolve) => setTimeout(resolve, 1000));
        return answers === before;
      });
      await agent.weir("set", "remove", "bad", TWIN.ipv4);
      const before = answers;
      await eventually("they go on", () => answers > before + 2);
    } finally {
      opened.kill();
    }
  });

  it("are as they were after kill -9, while no agent runs, and after a restart", async () => {
    await agent.stop("SIGKILL");
    await twins.onlyTwinPasses();
    await agent.restart();
    await twins.onlyTwinPasses(["ipv4", "ipv6"]);
    await agent.stop();
    await agent.restart();
    await twins.onlyTwinPasses(["ipv4", "ipv6"]);
    const [row] = await json<MemberRow[]>("list", "bad", BLOCKED.ipv4);
    assert.deepEqual([row?.network, row?.from, row?.uid, row?.reason], [BLOCKED.ipv4, "command", 0, "scans"]);
  });

  it("let pass whom a command removes, and refuse what is not there", async () => {
    await agent.weir("set", "remove", "bad", BLOCKED.ipv4);
    await twins.passes(BLOCKED.ipv4);
    assert.equal(await twins.reaches(BLOCKED.ipv6), false);
    await agent.auditLine(/ SET-REMOVE uid=0 set=bad networks=198\.18\.0\.1 members=1 /);
    assert.equal((await agent.attempt("set", "remove", "bad", BLOCKED.ipv4)).code, 1);
    const { code, stderr } = await agent.attempt("set", "add", "bda", BLOCKED.ipv4);
    assert.equal(code, 1);
    assert.match(stderr, /There is no set "bda"\.\nDid you mean bad\?/);
    await agent.weir("set", "remove", "bad", "--all");
    await twins.passes(BLOCKED.ipv6);
  });

  it("hold what is added for a while until then", async () => {
    await agent.weir("set", "add", "bad", BLOCKED.ipv4, "--for", "3s");
    await twins.onlyTwinPasses();
    await twins.passes(BLOCKED.ipv4);
    await agent.auditLine(/ SET-EXPIRED set=bad networks=198\.18\.0\.1 members=1/);
    assert.deepEqual(await json<MemberRow[]>("list", "bad", BLOCKED.ipv4), []);
  });

  it("end to the second also when the agent is dead", async () => {
    await agent.weir("set", "add", "bad", BLOCKED.ipv4, "--for", "5s");
    const { until } = JSON.parse((await readFile(journal(), "utf8")).split("\n").findLast((line) => line.startsWith('{"order"'))!) as {
      until: number;
    };
    await agent.stop("SIGKILL");
    // A ping that was let through before the end, however late it is seen here.
    while ((await twins.reaches(BLOCKED.ipv4)) === false) assert.ok(uptime() < until + 30, "it is a member behind its end");
    assert.ok(uptime() >= until, "it ended early");
    await agent.restart();
    await twins.passes(BLOCKED.ipv4);
  });

  it("follow their file: written in place, replaced, wrong and gone", async () => {
    await writeFile(feed(), `# today\n${BLOCKED.ipv4}\n${BLOCKED.ipv6}/128 # and this\n`);
    await becomesBlocked(BLOCKED.ipv4);
    await twins.onlyTwinPasses(["ipv4", "ipv6"]);
    await agent.auditLine(/ SET-FILE set=bad file=\S+feed\.txt members=2/);
    await writeFile(feed(), "198.18.0.1\n198.18.0.300\n");
    await eventually("the problem is told", async () =>
      (await agent.status()).health.reasons
        .join()
        .match(/the file of the set bad is not used: .*feed\.txt:2: "198\.18\.0\.300" has a part above 255/),
    );
    await twins.onlyTwinPasses(["ipv4", "ipv6"]);
    await rm(feed());
    await eventually("its absence is told", async () => (await agent.status()).health.reasons.join().includes("feed.txt: no such file"));
    await twins.onlyTwinPasses(["ipv4", "ipv6"]);
    await agent.stop("SIGKILL");
    await agent.restart();
    await twins.onlyTwinPasses(["ipv4", "ipv6"]);
    await writeFile(`${feed()}.new`, `${TWIN.ipv4}\n`);
    await rename(`${feed()}.new`, feed());
    await twins.passes(BLOCKED.ipv4);
    await twins.passes(BLOCKED.ipv6);
    assert.equal(await twins.reaches(TWIN.ipv4), false);
    await eventually("there are no problems any more", async () => (await agent.status()).health.reasons.length === 0);
  });

  it("hold a million lines, of which each counts, taken while the agent goes on answering", async () => {
    const lines = Array.from({ length: MANY }, (_, at) => `${1 + (at >> 16)}.${(at >> 8) & 255}.${at & 255}.7`);
    await writeFile(`${feed()}.new`, `${lines.join("\n")}\n${BLOCKED.ipv4}\n`);
    await rename(`${feed()}.new`, feed());
    await becomesBlocked(BLOCKED.ipv4);
    await twins.onlyTwinPasses();
    await eventually("all are in", async () => (await json<SetRow[]>("list"))[0]?.from.file === MANY + 1, 60_000);
    await agent.auditLine(/ SET-FILE set=bad file=\S+feed\.txt members=1000001/);
    for (const [address, expected] of [
      ["1.0.0.7", 1],
      ["16.66.63.7", 1],
      ["16.66.63.8", 0],
    ] as const) {
      assert.equal((await json<MemberRow[]>("list", "bad", address)).length, expected, address);
    }
    await agent.stop("SIGKILL");
    await agent.restart();
    await twins.onlyTwinPasses();
    await writeFile(feed(), "");
    await twins.passes(BLOCKED.ipv4);
  });
});
