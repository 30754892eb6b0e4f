/**
 * Rules about processes, in force on the real kernel. A program that a rule blocks never gets its first packet out,
 * however short it lives, while the same connection of another program passes.
 *
 * WEIR_STORM sets how many programs visit; the default is a small number.
 */

import assert from "node:assert/strict";
import { copyFileSync, globSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { libbpf } from "../../agent/kernel/libbpf.ts";
import { BpfMap } from "../../agent/kernel/maps.ts";
import { AgentHome } from "../harness/agent.ts";
import { ControlGroups } from "../harness/control-groups.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";
import { Receiver } from "./receiver.ts";

const STORM = Number(process.env["WEIR_STORM"] ?? 300);
const PORT = 8080;
const PASSED = "passed";
const REFUSED = "refused";

describe("rules about processes", requires(root(), tool("cc", "gcc")), () => {
  let lab: Lab;
  let agent: AgentHome;
  let there: string;
  let here: string;
  const folder = mkdtempSync(join(tmpdir(), "weir-visitor-"));
  const visitor = join(folder, "visitor");
  /** Of its own name, because whoever runs the tests may have been started by one. */
  const [TIMEOUT, DASH] = ["timeout", "dash"].map((name) => join(folder, "started", name)) as [string, string];
  const groups = new ControlGroups();

  before(async () => {
    mkdirSync(join(folder, "started"));
    for (const path of [TIMEOUT, DASH]) copyFileSync(join("/usr/bin", basename(path)), path);
    execFileSync("cc", ["-O2", "-Wall", "-Werror", "-o", visitor, join(import.meta.dirname, "visitor.c")]);
    lab = await makeLab({ namespaces: ["client", "server"], links: [{ from: "client:eth0", to: "server:eth0" }] });
    [here, there] = [lab.end("client:eth0").ipv4, lab.end("server:eth0").ipv4];
    await Receiver.open(lab, "server", { tcp: [PORT] });
    await Receiver.open(lab, "client", { tcp: [PORT] });
    agent = await AgentHome.make(lab, "client");
    await agent.start({
      config: policy(
        `- { name: none, action: block, enforce: true, reject: true, direction: egress, process: { executable: /nowhere/at/all } }`,
      ),
    });
  });

  after(async () => {
    await agent[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
    groups[Symbol.dispose]();
  });

  /** A program of its own, by the path below the folder. */
  function program(name: string): string {
    const path = join(folder, name);
    mkdirSync(join(path, ".."), { recursive: true });
    copyFileSync(visitor, path);
    return path;
  }

  async function enforce(rules: string): Promise<void> {
    await agent.configure(policy(rules));
    await agent.weir("reload");
  }

  async function visit(words: readonly string[], to = there, from = "client"): Promise<string> {
    const { code } = await lab.attempt(from, ...words, to, String(PORT));
    return [PASSED, REFUSED][code ?? 2] ?? `ended with ${code}`;
  }

  it("a program is blocked at its first packet and another passes, however often they come", async (t) => {
    const [blocked, allowed] = [program("storm/blocked"), program("storm/allowed")];
    await enforce(block(`{ executable: ${blocked} }`));
    const { stdout } = await lab.attempt("client", visitor, there, String(PORT), String(2 * STORM), blocked, allowed);
    t.diagnostic(stdout.trim());
    assert.deepEqual(stdout.trim().split("\n"), [`${blocked} 0 ${STORM} 0`, `${allowed} ${STORM} 0 0`]);
  });

  for (const [what, rule, hit, miss] of [
    [
      "user",
      "{ user: [daemon, 4711] }",
      ["setpriv", "--reuid=4711", "--clear-groups", "--"],
      ["setpriv", "--reuid=4712", "--clear-groups", "--"],
    ],
    ["user by name", "{ user: d*mon }", ["setpriv", "--reuid=daemon", "--clear-groups", "--"], []],
    ["parent", '{ parent: "*/started/timeout" }', [TIMEOUT, "20", "sh", "-c", '"$@"; exit $?', "sh"], ["sh", "-c", '"$@"; exit $?', "sh"]],
    ["command", "{ command: '* 198.18.* 8080' }", [], undefined],
    ["executable and parent", '{ executable: "*/visitor", parent: "*/started/timeout" }', [TIMEOUT, "20"], ["env"]],
  ] as const) {
    it(`a rule names the ${what}`, async () => {
      await enforce(block(rule));
      assert.equal(await visit([...hit, visitor]), REFUSED);
      if (miss !== undefined) assert.equal(await visit([...miss, visitor]), PASSED);
      // A word more in the command.
      else
        assert.equal(
          (await lab.attempt("client", visitor, there, String(PORT), "1", visitor)).stdout.trim().split(" ").slice(1).join(" "),
          "0 1 0",
        );
    });
  }

  it("a rule leaves out what its not names", async () => {
    const [listed, other] = [program("not/listed"), program("not/other")];
    await enforce(
      `- { name: rule, action: block, enforce: true, reject: true, direction: egress, not: { process: { executable: ${listed} } } }`,
    );
    assert.deepEqual([await visit([listed]), await visit([other])], [PASSED, REFUSED]);
  });

  it("on ingress the process that listens is the one that counts", async () => {
    await enforce(block(`{ executable: ${process.execPath} }`, "ingress"));
    assert.equal(await visit([visitor], here, "server"), REFUSED);
    await enforce(block(`{ executable: ${visitor} }`, "ingress"));
    assert.equal(await visit([visitor], here, "server"), PASSED);
  });

  it("a listener is known also after many other sockets", async () => {
    await enforce(block(`{ executable: ${process.execPath} }`, "ingress"));
    const [tables] = globSync(join(agent.pins, "tables-*"));
    const owners = new BpfMap("owners", libbpf().get(join(tables!, "owners")));
    try {
      const { keySize, maxEntries } = owners.info;
      const count = 2 * maxEntries;
      const keys = Buffer.alloc(count * keySize);
      for (let number = 0; number < count; number++) keys.writeBigUInt64LE((1n << 60n) + BigInt(number), number * keySize);
      owners.updateBatch(keys, Buffer.alloc(count * owners.valueBytes), count);
    } finally {
      owners.close();
    }
    assert.equal(await visit([visitor], here, "server"), REFUSED);
  });

  it("what the kernel sends of itself has no process, and is not undecided", async () => {
    /** The line about the report of the groups that the interface is in. The kernel may leave a change out of it that is taken back at once. */
    const report = async (rule: string): Promise<string> => {
      await enforce(rule);
      const told = (await agent.audit()).length;
      return eventually("the kernel's report", async () => {
        for (const change of ["add", "del"])
          await lab.exec("client", "ip", "-6", "address", change, "fd00:77::7/64", "dev", "eth0", ...(change === "add" ? ["nodad"] : []));
        await sleep(1500);
        return / (\S+ (default|reports)|UNDECIDED \S+) icmpv6 \S+ > \[ff02::16\] eth0 out .*/.exec((await agent.audit()).slice(told))?.[0];
      });
    };
    assert.match(await report("- { name: reports, action: allow, direction: egress, layer4: { protocol: icmpv6 } }"), /^ ALLOWED reports /);
    const line = await report(
      "- { name: rule, action: block, enforce: true, direction: egress, layer4: { protocol: icmpv6 }, process: { user: nobody } }",
    );
    assert.match(line, /^ ALLOWED default /);
    assert.doesNotMatch(line, /pid=/);
  });

  it("a container is told by the control group that its processes are in", async () => {
    const id = randomBytes(32).toString("hex");
    await enforce(block(`{ container: "${id.slice(0, 8)}*" }`));
    const join = (container: string): string[] => [
      "sh",
      "-c",
      'echo $$ > "$0"/cgroup.procs && exec "$@"',
      groups.make(`docker/${container}`),
    ];
    const inside = join(id);
    const elsewhere = join(randomBytes(32).toString("hex"));
    await eventually("the group is known", async () => (await visit([...inside, visitor])) === REFUSED);
    await eventually("the other is known, too", async () => (await visit([...elsewhere, visitor])) === PASSED);
  });

  it("a rule that is added by command counts for processes that are there", async () => {
    await enforce("- { name: none, action: allow, layer4: { protocol: icmp } }");
    const waiting = program("dynamic/waiting");
    const script = 'echo ready; read go; exec "$@"';
    const child = lab.spawn("client", [DASH, "-c", script, "sh", waiting, there, String(PORT)], { stdio: ["pipe", "pipe", "inherit"] });
    await once(child.stdout!, "data");
    await agent.weir(
      "rule",
      "add",
      "--name",
      "asked",
      "--action",
      "block",
      "--enforce",
      "--reject",
      "--direction",
      "egress",
      "--parent",
      "*/started/dash",
    );
    child.stdin!.end("go\n");
    const [code] = await once(child, "exit");
    assert.equal(code, 0, "it is the shell itself by now, and nobody above it is one");
    assert.equal(await visit([DASH, "-c", '"$@"; exit $?', "sh", visitor]), REFUSED);
    await agent.weir("rule", "delete", "d1");
    assert.equal(await visit([DASH, "-c", '"$@"; exit $?', "sh", visitor]), PASSED);
  });

  it("rules that tell other processes apart take over without a connection that either would have judged otherwise", async () => {
    const [blocked, allowed] = [program("reload/blocked"), program("reload/allowed")];
    const one = block(`{ executable: ${blocked} }`);
    const other = block(`{ executable: [${blocked}, /nowhere] }`);
    await enforce(one);
    let isOver = false;
    const storm = lab.attempt("client", visitor, there, String(PORT), String(4 * STORM), blocked, allowed).finally(() => (isOver = true));
    for (let turn = 0; !isOver; turn++) await enforce(turn % 2 === 0 ? other : one);
    assert.deepEqual((await storm).stdout.trim().split("\n"), [`${blocked} 0 ${2 * STORM} 0`, `${allowed} ${2 * STORM} 0 0`]);
  });

  it("without an agent programs that start then are told apart as before", async () => {
    const [blocked, allowed] = [program("killed/blocked"), program("killed/allowed")];
    await enforce(block(`{ executable: "*/killed/blocked" }`));
    await agent.stop("SIGKILL");
    assert.deepEqual([await visit([blocked]), await visit([allowed])], [REFUSED, PASSED]);
    await agent.restart();
    assert.deepEqual([await visit([blocked]), await visit([allowed])], [REFUSED, PASSED]);
  });
});

function block(process: string, direction = "egress"): string {
  return `- { name: rule, action: block, enforce: true, reject: true, direction: ${direction}, process: ${process} }`;
}

function policy(rules: string): string {
  return `mode: prevent\ninterfaces: { include: [eth0] }\nevents_per_second: 100000\nrules:\n  ${rules.replaceAll("\n", "\n  ")}\n`;
}
