/** Rules about processes hold against those who try to be taken for somebody else, or for nobody known. */

import assert from "node:assert/strict";
import { type ChildProcess, execFileSync } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { AgentHome } from "../harness/agent.ts";
import { ControlGroups } from "../harness/control-groups.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";
import { Receiver } from "./receiver.ts";

const PORT = 8080;
const PASSED = "passed";
const REFUSED = "refused";

describe("rules about processes that try to be others", requires(root(), tool("cc", "gcc")), () => {
  let lab: Lab;
  let agent: AgentHome;
  let there: string;
  let here: string;
  const folder = mkdtempSync(join(tmpdir(), "weir-tricks-"));
  const groups = new ControlGroups();
  const [visitor, tricks] = [join(folder, "visitor"), join(folder, "tricks")];

  before(async () => {
    for (const [path, source] of [
      [visitor, "visitor.c"],
      [tricks, "visitor-tricks.c"],
    ] as const) {
      execFileSync("cc", ["-O2", "-Wall", "-Werror", "-pthread", "-o", path, join(import.meta.dirname, source)]);
    }
    lab = await makeLab({ namespaces: ["client", "server"], links: [{ from: "client:eth0", to: "server:eth0" }] });
    [here, there] = [lab.end("client:eth0").ipv4, lab.end("server:eth0").ipv4];
    await Receiver.open(lab, "server", { tcp: [PORT], udp: [PORT] });
    agent = await AgentHome.make(lab, "client");
    await agent.start({ config: policy([block("{ executable: /nowhere/at/all }")]) });
  });

  after(async () => {
    await agent[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
    groups[Symbol.dispose]();
    execFileSync("rm", ["-r", folder]); // it has paths that are too long for a system call
  });

  function program(name: string, from = visitor): string {
    const path = join(folder, name);
    mkdirSync(join(path, ".."), { recursive: true });
    copyFileSync(from, path);
    return path;
  }

  async function enforce(...rules: string[]): Promise<void> {
    await agent.configure(policy(rules));
    await agent.weir("reload");
  }

  async function told(words: readonly string[], from = "client"): Promise<string> {
    const { code } = await lab.attempt(from, ...words);
    return [PASSED, REFUSED][code ?? 2] ?? `ended with ${code}`;
  }

  const visit = (...words: string[]): Promise<string> => told([...words, there, String(PORT)]);

  it("a path may be longer than any name that a system call takes", async () => {
    const deep = join("deep", ...Array.from({ length: 12 }, () => "d".repeat(250)));
    const [inside, outside] = [program(join(deep, "visitor")), program("elsewhere/visitor")];
    await enforce(block(`{ executable: ${folder}/deep/* }`));
    assert.deepEqual([await visit(inside), await visit(outside)], [REFUSED, PASSED]);
    const step = "e".repeat(250);
    const deeper = [
      "bash",
      "-c",
      `cd -P "$0" && for part in {1..8}; do mkdir -p ${step} && cd -P ./${step}; done; cp ${visitor} . && exec env ./visitor "$@"`,
      join(folder, deep),
    ];
    assert.equal(await visit(...deeper), REFUSED);
    await enforce(block(`{ executable: ${folder}/elsewhere/* }`));
    assert.deepEqual([await visit(inside), await visit(...deeper), await visit(outside)], [PASSED, PASSED, REFUSED]);
    assert.deepEqual(await unknown(), []);
  });

  it("a command that is too long to compare to its end is known by its start", async () => {
    const [long, short] = [`${PORT}${" ".repeat(600)}`, String(PORT)];
    await enforce(block(`{ command: "${visitor} *" }`), block('{ command: "/another *" }'));
    assert.deepEqual([await told([visitor, there, long]), await told([visitor, there, short])], [REFUSED, REFUSED]);
    await enforce(block('{ command: "/another *" }'));
    assert.deepEqual([await told([visitor, there, long]), await told([visitor, there, short])], [PASSED, PASSED]);
    assert.deepEqual(await unknown(), []);
  });

  it("a path in mounts that anybody may make is none of this host's", async () => {
    const [real, fake] = [program("real"), program("fake")];
    const mounted = [
      "unshare",
      "--user",
      "--map-root-user",
      "--mount",
      "sh",
      "-c",
      'mount --bind "$0" "$1" && shift 0 && exec "$@"',
      fake,
      real,
    ];
    await enforce(allow(`{ executable: ${real} }`), block("{ executable: '*/real' }"), block("{ executable: '*/fake' }"));
    assert.deepEqual([await visit(real), await visit(fake), await visit(...mounted)], [PASSED, REFUSED, REFUSED]);
  });

  it("a process whose first thread has ended is compared as others are when rules come", async () => {
    const [blocked, allowed] = [program("ended/blocked", tricks), program("ended/allowed", tricks)];
    await enforce("action: allow, layer4: { protocol: icmp }");
    const waiting = [blocked, allowed].map((path) =>
      lab.spawn("client", [path, "thread", there, String(PORT)], { stdio: ["pipe", "pipe", "inherit"] }),
    );
    for (const child of waiting) await once(child.stdout!, "data");
    await enforce(block(`{ executable: ${blocked} }`));
    assert.deepEqual(await Promise.all(waiting.map(visitOf)), [1, 0]);
    assert.deepEqual(await unknown(), []);
  });

  it("the user is the one who connects, and not who made the socket", async () => {
    await enforce(block("{ user: 4711 }"));
    const as = (user: number): Promise<string> => told([tricks, "user", String(user), there, String(PORT)]);
    assert.deepEqual([await as(4711), await as(4712)], [REFUSED, PASSED]);
  });

  it("what a socket was allowed counts for no other one that takes its port over", async () => {
    const [blocked, allowed] = [program("port/blocked", tricks), program("port/allowed", tricks)];
    await enforce(`action: block, enforce: true, direction: egress, process: { executable: ${blocked} }`);
    const send = (path: string, from: number): Promise<string> => told([path, "send", there, String(PORT), String(from)]);
    assert.deepEqual(
      [await send(blocked, 5300), await send(allowed, 5353), await send(blocked, 5353), await send(allowed, 5353)],
      [REFUSED, PASSED, REFUSED, PASSED],
    );
  });

  it("a user's own container is none of the same name that root started", async () => {
    const inside = (group: string): string[] => ["sh", "-c", 'echo $$ > "$0"/cgroup.procs && exec "$@"', groups.make(group)];
    const own = inside("user.slice/user-4711.slice/user@4711.service/lxc.payload.billing");
    const other = inside("lxc.payload.billing");
    await enforce(block("{ container: billing }"));
    await eventually(
      "the groups are known",
      async () => (await visit(...other, visitor)) === REFUSED && (await visit(...own, visitor)) === PASSED,
    );
    assert.deepEqual([await visit(...other, visitor), await visit(...own, visitor)], [REFUSED, PASSED]);
    await enforce(block("{ container: user@4711.service/billing }"));
    assert.deepEqual([await visit(...other, visitor), await visit(...own, visitor)], [PASSED, REFUSED]);
  });

  it("a command is compared also of a process that is older than the rules", async () => {
    await enforce("action: allow, layer4: { protocol: icmp }");
    const waiting = [program("older/blocked", tricks), program("older/allowed", tricks)].map((path) =>
      lab.spawn("client", [path, "thread", there, String(PORT)], { stdio: ["pipe", "pipe", "inherit"] }),
    );
    for (const child of waiting) await once(child.stdout!, "data");
    await enforce(block('{ command: "*/older/blocked thread *" }'));
    assert.deepEqual(await Promise.all(waiting.map(visitOf)), [1, 0]);
  });

  it("a server that left its socket to a child is known also when other rules come", async () => {
    const [blocked, allowed] = [program("daemon/blocked", tricks), program("daemon/allowed", tricks)];
    await enforce(block(`{ executable: ${blocked} }`, "ingress"));
    const ports = [8091, 8092];
    const servers = await Promise.all(
      [blocked, allowed].map(async (path, at) => Number(await lab.exec("client", path, "daemon", String(ports[at])))),
    );
    try {
      const visits = (): Promise<string[]> => Promise.all(ports.map((port) => told([visitor, here, String(port)], "server")));
      assert.deepEqual(await visits(), [REFUSED, PASSED]);
      await enforce(block(`{ executable: [${blocked}, /nowhere] }`, "ingress"));
      assert.deepEqual(await visits(), [REFUSED, PASSED]);
      assert.deepEqual(await unknown(), []);
    } finally {
      for (const pid of servers) process.kill(pid);
    }
  });

  /** What was undecided because nobody knew the process, since it was last asked. */
  async function unknown(): Promise<string[]> {
    const lines = (await agent.audit()).split("\n").filter((line) => line.includes("process_unknown"));
    return lines.slice(seen, (seen = lines.length));
  }
  let seen = 0;
});

/** Tells one that waits to connect, and answers how it ends. */
async function visitOf(child: ChildProcess): Promise<number> {
  child.stdin!.end("go\n");
  return ((await once(child, "exit")) as [number])[0];
}

function block(process: string, direction = "egress"): string {
  return `action: block, enforce: true, reject: true, direction: ${direction}, process: ${process}`;
}

function allow(process: string): string {
  return `action: allow, direction: egress, process: ${process}`;
}

function policy(rules: readonly string[]): string {
  return `mode: prevent\ninterfaces: { include: [eth0] }\nevents_per_second: 100000\nrules:\n${rules.map((rule, number) => `  - { name: rule-${number}, ${rule} }\n`).join("")}`;
}
