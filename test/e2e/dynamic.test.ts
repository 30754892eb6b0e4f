/** Rules added by command, with real traffic: in force at once, kept over a restart, gone when their time is over. */

import assert from "node:assert/strict";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import type { ListedRule, RuleChange, RuleDetail } from "../../agent/service/contract.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root } from "../harness/require.ts";
import { Traffic } from "../faults/traffic.ts";

const PORT = { blocked: 5001, allowed: 5002, passing: 5003 };
const CONFIG = `
mode: prevent
interfaces: { include: [eth0] }
rules:
  - { name: in-file, action: block, direction: ingress, layer4: { protocol: udp, destination_ports: [${PORT.passing}] } }
  - { name: beside, action: allow, direction: ingress, layer4: { protocol: udp, destination_ports: [9] } }
`;

/** Nobody need listen: a refusal is an answer, too. */
const CONNECT = `
const socket = require("node:net").connect({ host: process.argv[1], port: +process.argv[2] });
const say = (word) => process.stdout.write(word, () => process.exit());
socket.on("connect", () => say("open")).on("error", () => say("open"));
setTimeout(say, 1500, "silent");
`;

describe("rules added by command", requires(root()), () => {
  let lab: Lab;
  let agent: AgentHome;
  let traffic: Traffic;

  before(async () => {
    lab = await makeLab();
    agent = await AgentHome.make(lab, "server");
    await agent.start({ config: CONFIG });
    traffic = await Traffic.start(lab, Object.values(PORT), 10);
    await traffic.more(PORT.blocked, true);
  });

  after(async () => {
    await agent[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  const json = async <T>(...words: string[]): Promise<T> => JSON.parse(await agent.weir(...words, "--json")) as T;
  const list = (): Promise<ListedRule[]> => json("rule", "list");
  const row = async (name: string): Promise<ListedRule> => (await list()).find((one) => one.name === name)!;
  const block = (...more: string[]): string[] => [
    "rule",
    "add",
    "--action",
    "block",
    "--enforce",
    "--proto",
    "udp",
    "--port",
    String(PORT.blocked),
    "--direction",
    "ingress",
    ...more,
  ];

  it("stops what a rule blocks at once, and nothing else", async () => {
    const { rules, loaded } = await json<RuleChange>(...block("--name", "now", "--reason", "a test of it"));
    assert.deepEqual([rules.map(({ id, name, uid }) => [id, name, uid]), loaded], [[["d1", "now", 0]], 3]);
    await traffic.endsAt(PORT.blocked, PORT.allowed);
    await traffic.more(PORT.passing, true);
    const [first, ...others] = await list();
    assert.equal(first?.source, "dynamic:d1");
    assert.equal(first.dynamic?.reason, "a test of it");
    assert.ok(first.dropped > 0 && first.events_suppressed >= 0);
    assert.ok(others.every(({ dynamic }) => dynamic === undefined));
    await agent.auditLine(/ BLOCKED now udp /);
    await agent.auditLine(
      / RULE-ADD uid=0 rules=d1:now rule="block, enforced: udp to any port 5001, ingress" reason="a test of it" generation=\d+ pid=\d+/,
    );
  });

  it("writes nothing into the file, and keeps what it knows for root alone", async () => {
    assert.doesNotMatch(await readFile(agent.configPath, "utf8"), /now/);
    assert.equal((await stat(join(agent.stateDirectory, "dynamic-rules.json"))).mode & 0o777, 0o600);
  });

  it("keeps the counters of each rule while others come, move and go, and over a reload", async () => {
    const before = [await row("now"), await row("in-file")];
    await agent.weir("rule", "add", "--action", "allow", "--src", "192.0.2.1", "--first", "--for", "1h");
    await agent.weir("rule", "move", "d1", "--first");
    await agent.weir("reload");
    await agent.weir("rule", "delete", "d2");
    const after = [await row("now"), await row("in-file")];
    for (const [index, { name, packets, bytes, flows }] of before.entries()) {
      assert.ok(after[index]!.packets >= packets && after[index]!.bytes >= bytes && after[index]!.flows >= flows && packets > 0, name);
    }
  });

  it("refuses a file that takes the name of a dynamic rule, and says which", async () => {
    await agent.configure(CONFIG.replace("name: beside", "name: now"));
    const { code, stderr } = await agent.attempt("reload");
    assert.equal(code, 2);
    assert.match(stderr, /"now" is that of the dynamic rule d1 and of the rule at weir\.yaml:\d+/);
    await traffic.endsAt(PORT.blocked, PORT.allowed);
    await agent.configure(CONFIG);
    await agent.weir("reload");
  });

  it("keeps its rules over a restart, and while no agent runs", async () => {
    await agent.stop("SIGKILL");
    await traffic.endsAt(PORT.blocked, PORT.allowed);
    await agent.restart();
    assert.equal((await row("now")).source, "dynamic:d1");
    await traffic.endsAt(PORT.blocked, PORT.allowed);
  });

  it("lets pass again what a deleted rule blocked", async () => {
    await agent.weir("rule", "delete", "d1");
    await traffic.more(PORT.blocked, true);
    await agent.auditLine(/ RULE-DELETE uid=0 rules=d1:now generation=/);
  });

  it("audits what it refuses, and changes nothing", async () => {
    const { generation } = await agent.status();
    const { code, stderr } = await agent.attempt(...block("--src", "10.0.0.0/33"));
    assert.equal(code, 2);
    assert.match(stderr, /--src: /);
    assert.equal((await agent.attempt("rule", "delete", "d1")).code, 1);
    await agent.auditLine(/ RULE-REFUSED uid=0 what=add problem="layer3\.source/);
    await agent.auditLine(/ RULE-REFUSED uid=0 what=delete problem=/);
    assert.equal((await agent.status()).generation, generation);
  });

  it("ends a rule when its time is over, and says so", async () => {
    const { rules } = await json<RuleChange>(...block("--for", "5s"));
    const { id, expires } = rules[0]!;
    assert.equal(id, "d3", "no id is given twice");
    assert.equal((await json<RuleDetail>("rule", "show", id)).dynamic?.expires, expires);
    await traffic.endsAt(PORT.blocked, PORT.allowed);
    await traffic.more(PORT.blocked, true);
    await agent.auditLine(/ RULE-EXPIRED rules=d3:d3 generation=/);
    assert.deepEqual(
      (await list()).map(({ name }) => name),
      ["in-file", "beside"],
    );
  });

  it("leaves a rule in force whose time is over while no agent runs; the next start ends it before all else", async () => {
    await agent.weir(...block("--for", "2s"));
    await agent.stop("SIGKILL");
    await traffic.endsAt(PORT.blocked, PORT.allowed);
    const state = join(agent.stateDirectory, "dynamic-rules.json");
    const kept = JSON.parse(await readFile(state, "utf8"));
    for (const one of kept.rules) one.expires.boot -= 3600;
    await writeFile(state, JSON.stringify(kept));
    await traffic.endsAt(PORT.blocked, PORT.allowed);
    await agent.restart();
    await traffic.more(PORT.blocked, true);
    await agent.auditLine(/ RULE-EXPIRED rules=d4:d4 generation=/);
  });

  it("starts without the dynamic rules where their file is damaged, and says so", async () => {
    await agent.weir(...block());
    await agent.stop("SIGKILL");
    const state = join(agent.stateDirectory, "dynamic-rules.json");
    await writeFile(state, (await readFile(state, "utf8")).slice(0, -20));
    await agent.restart();
    await traffic.more(PORT.blocked, true);
    const { health } = await agent.status();
    assert.match(health.reasons.join(), /rules added by command are not in force: .*dynamic-rules\.json is damaged/);
    const { rules } = await json<RuleChange>(...block());
    assert.equal(rules[0]?.id, "d6", "its ids are not given again");
    await traffic.endsAt(PORT.blocked, PORT.allowed);
    await eventually("there are no problems any more", async () => (await agent.status()).health.reasons.length === 0);
  });

  it("keeps the management port open, whatever a rule says", async () => {
    await agent.weir("rule", "add", "--action", "block", "--enforce", "--first");
    for (const [port, open] of [
      [22, true],
      [23, false],
    ] as const) {
      const { stdout } = await lab.attempt("client", process.execPath, "-e", CONNECT, lab.end("server:eth0").ipv4, String(port));
      assert.equal(stdout, open ? "open" : "silent", `port ${port}`);
    }
    await agent.weir("rule", "delete", "d7");
  });

  it("starts with the file's rules where the file took the name of a dynamic one meanwhile, and says so", async () => {
    await agent.weir("rule", "clear", "--yes");
    await agent.weir(...block("--name", "mine"));
    await agent.stop("SIGKILL");
    await agent.configure(CONFIG.replace("name: beside", "name: mine"));
    await agent.restart();
    assert.deepEqual(
      (await list()).map(({ name }) => name),
      ["in-file", "mine"],
    );
    assert.match(
      (await agent.status()).health.reasons.join(),
      /rules added by command are not in force: name: "mine" is that of the dynamic rule d8 .*put aside/,
    );
    await agent.configure(CONFIG);
    await agent.weir("reload");
    await agent.weir(...block());
    await eventually("there are no problems any more", async () => (await agent.status()).health.reasons.length === 0);
  });

  it("clears them all at once", async () => {
    const { code, stderr } = await agent.attempt("rule", "clear");
    assert.deepEqual([code, /use --yes/.test(stderr)], [2, true]);
    await agent.weir("rule", "clear", "--yes");
    await traffic.more(PORT.blocked, true);
    await agent.auditLine(/ RULE-CLEAR uid=0 rules=d9:d9 /);
  });
});
