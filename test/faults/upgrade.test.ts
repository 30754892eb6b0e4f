/** Agents take over from each other on a router under traffic, of one version or of two: nothing is cut, and nothing leaks. */

import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, writeFile } from "node:fs/promises";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";

import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";
import { OtherBuild } from "./other-build.ts";

const PORT = 6000;
const DENIED = 5001;
const CONNECTIONS = 1000;
const CONFIG = `
mode: prevent
interfaces: { include: ["eth*"] }
defaults: { on_error: { ingress: block, egress: block } }
rules:
  - { name: no-5001, action: block, enforce: true, layer4: { protocol: tcp, destination_ports: [${DENIED}] } }
  - { name: no-5001-udp, action: block, enforce: true, layer4: { protocol: udp, destination_ports: [${DENIED}] } }
  - { name: many, action: block, enforce: true, layer4: { protocol: tcp, destination_ports: [${PORT}], connections_over: { count: 5000, by: source } } }
`;
const WORDS = ["--on-stop", "hand-over"] as const;

let made: OtherBuild | undefined;
const otherBuild = (): OtherBuild => (made ??= OtherBuild.make());
after(() => made?.[Symbol.dispose]());

const here = requires(root(), tool("clang", "clang"));

test("an upgrade to another layout of the tables, and back, cuts no forwarded connection and lets nothing through", here, async () => {
  await using lab = await routed();
  await using agent = await AgentHome.make(lab, "router");
  const own = agent.launcher;
  await agent.start({ config: CONFIG, words: WORDS });
  const traffic = await Traffic.start(lab);
  await traffic.more();
  const folders = new Set(tables(agent));
  for (const launcher of [otherBuild().launcher, own]) {
    await change(agent, traffic, { launcher });
    assert.match(agent.said, /connections were copied from the tables of the earlier agent/);
    assert.equal(tables(agent).length, 1, "the tables of before are gone");
    folders.add(tables(agent)[0]!);
  }
  assert.equal(folders.size, 2, "each version has tables of its own");
  await agent.auditLine(/ START .* adopted=no/);
  assert.match(await agent.weir("flows", "--limit", "10", "--json"), /"packets"/);
});

test("an upgrade where XDP judges cuts nothing and lets nothing through either", here, async () => {
  await using lab = await routed();
  await using agent = await AgentHome.make(lab, "router");
  await agent.start({ config: CONFIG.replace(`["eth*"]`, `["eth*"], ingress: xdp`), words: WORDS });
  const traffic = await Traffic.start(lab);
  await traffic.more();
  assert.equal((await agent.status()).interfaces[0]!.ingress.hook, "xdp");
  await change(agent, traffic, { launcher: otherBuild().launcher });
});

test("a restart with the same version, and after a kill, does neither", here, async () => {
  await using lab = await routed();
  await using agent = await AgentHome.make(lab, "router");
  await agent.start({ config: CONFIG, words: WORDS });
  const traffic = await Traffic.start(lab);
  await traffic.more();
  await change(agent, traffic);
  await change(agent, traffic, { signal: "SIGKILL" });
});

test("a pod that is replaced by another, which sees other mounts, does neither", here, async () => {
  await using lab = await routed();
  await using agent = await AgentHome.make(lab, "router");
  const pod = join(agent.folder, "pod");
  await writeFile(
    pod,
    `#!/bin/sh\nexec unshare --mount --propagation private sh -c 'mount -t tmpfs none /mnt && exec ${agent.launcher} "$@"' sh "$@"\n`,
  );
  await chmod(pod, 0o755);
  Object.assign(agent, { launcher: pod });
  await agent.start({ config: CONFIG, words: WORDS });
  const traffic = await Traffic.start(lab);
  await traffic.more();
  await change(agent, traffic);
  await change(agent, traffic);
});

test("other sizes of the tables are another layout, too", here, async () => {
  await using lab = await routed();
  await using agent = await AgentHome.make(lab, "router");
  await agent.start({ config: CONFIG, words: WORDS });
  const traffic = await Traffic.start(lab);
  await traffic.more();
  const rules = Array.from(
    { length: 5000 },
    (_, n) =>
      `  - { name: other-${n}, action: block, enforce: true, layer3: { source: ["192.0.${n >> 8}.${n & 255}"] }, layer4: { protocol: udp, destination_ports: [${7000 + n}] } }`,
  );
  await agent.configure(`${CONFIG}${rules.join("\n")}`);
  await change(agent, traffic);
  assert.match(agent.said, /connections were copied/);
});

test("connections that are open count after an upgrade, too", here, async () => {
  await using lab = await routed();
  await using agent = await AgentHome.make(lab, "router");
  await agent.start({
    config: `
mode: prevent
interfaces: { include: ["eth*"] }
rules: [{ name: few, action: block, enforce: true, interfaces: [eth0], direction: ingress, layer4: { protocol: tcp, destination_ports: [${PORT}], connections_over: { count: 3, by: source } } }]
`,
    words: WORDS,
  });
  await child(lab, "server", ["serve", PORT, DENIED]);
  const address = lab.end("server:eth0").ipv4;
  const opening = `const socket = require("node:net").connect(+process.argv[1], "${address}");`;
  const trying = `${opening} socket.on("connect", () => process.exit(0)); setTimeout(() => process.exit(1), 2000);`;
  const connects = async (port: number): Promise<boolean> =>
    (await lab.attempt("client", process.execPath, "-e", trying, String(port))).code === 0;
  const held = Array.from({ length: 3 }, () => lab.spawn("client", [process.execPath, "-e", opening, String(PORT)], { stdio: "ignore" }));
  await eventually("three are open", async () => !(await connects(PORT)));
  await agent.stop();
  Object.assign(agent, { launcher: otherBuild().launcher });
  await agent.restart({}, WORDS);
  assert.equal(await connects(PORT), false, "a fourth, before a packet of the three came");
  assert.equal(await connects(DENIED), true, "another port");
  for (const one of held) one.kill();
  await eventually("they ended", () => connects(PORT), 30_000);
});

async function change(
  agent: AgentHome,
  traffic: Traffic,
  { launcher = agent.launcher, signal = "SIGTERM" as NodeJS.Signals } = {},
): Promise<void> {
  await agent.stop(signal);
  await traffic.more(); // while none runs
  Object.assign(agent, { launcher });
  await agent.restart({}, WORDS);
  await traffic.more();
  const { connections, cut, leaked } = await traffic.counts();
  assert.deepEqual({ connections, cut, leaked }, { connections: CONNECTIONS, cut: 0, leaked: 0 });
  // Those that open in the moment of an exchange may have to send their first packets again; those that are open may not.
  const { undecided } = await agent.status();
  const unknown = Object.values(undecided).reduce((sum, packets) => sum + packets, 0);
  assert.ok(unknown < CONNECTIONS / 20, `${unknown} packets met a connection that nobody knew`);
}

function tables(agent: AgentHome): string[] {
  return readdirSync(agent.pins).filter((name) => name.startsWith("tables-"));
}

async function routed(): Promise<Lab> {
  const lab = await makeLab({
    namespaces: ["client", "router", "server"],
    links: [
      { from: "client:eth0", to: "router:eth0" },
      { from: "router:eth1", to: "server:eth0" },
    ],
  });
  await lab.exec("router", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
  await lab.exec("client", "ip", "route", "add", "default", "via", lab.end("router:eth0").ipv4);
  await lab.exec("server", "ip", "route", "add", "default", "via", lab.end("router:eth1").ipv4);
  return lab;
}

interface Counts {
  connections: number;
  cut: number;
  rounds: number;
  short: number;
  knocks: number;
  leaked: number;
}

class Traffic {
  readonly #server: ChildProcess;
  readonly #client: ChildProcess;

  private constructor(server: ChildProcess, client: ChildProcess) {
    this.#server = server;
    this.#client = client;
  }

  static async start(lab: Lab): Promise<Traffic> {
    const server = await child(lab, "server", ["serve", PORT, DENIED]);
    return new Traffic(server, await child(lab, "client", ["use", lab.end("server:eth0").ipv4, PORT, DENIED, CONNECTIONS]));
  }

  async counts(): Promise<Counts> {
    return { ...(await ask(this.#server)), ...(await ask(this.#client)) };
  }

  /** Each open connection carried something both ways since, others opened and ended, and the denied port was knocked on. */
  async more(): Promise<void> {
    const before = await this.counts();
    await eventually(
      "more traffic",
      async () => {
        const { rounds, short, knocks } = await this.counts();
        return rounds >= before.rounds + 3 && short >= before.short + 3 && knocks >= before.knocks + 20;
      },
      120_000,
    );
  }
}

async function child(lab: Lab, namespace: string, words: readonly (string | number)[]): Promise<ChildProcess> {
  const started = lab.spawn(namespace, [process.execPath, join(import.meta.dirname, "connections-child.ts"), ...words.map(String)], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  await once(started, "message");
  return started;
}

async function ask(asked: ChildProcess): Promise<Counts> {
  const answer = once(asked, "message");
  asked.send("how many");
  return ((await answer) as [Counts])[0];
}
