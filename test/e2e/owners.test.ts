/**
 * Whose connection it is, where that is hard to tell: processes that are gone at once, descriptors that were inherited or
 * handed on, sockets nobody connects, sockets older than the agent. A wrong process is worse than none.
 *
 * WEIR_STORM sets how many short-lived processes there are; the default is a small number.
 */

import assert from "node:assert/strict";
import { type ChildProcess, execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";

import type { FlowRow } from "../../agent/observe/flows/row.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";
import { Receiver } from "./receiver.ts";

const STORM = Number(process.env["WEIR_STORM"] ?? 300);
const PORT = 8080;
/** Every actor gets an address of its own here, so that it is known by what it talks to. */
const FAR = "10.9.0.0/16";
const FAR6 = "fd09::/64";

const RULES = `
interfaces: { include: [eth0] }
events_per_second: 100000
rules:
  - { name: far, action: block, direction: egress, layer3: { destination: [${FAR}, "${FAR6}"] } }
  - { name: near, action: block, direction: ingress, layer3: { destination: [198.18.0.0/16] } }
`;

let addresses = 0;

interface Deed {
  to: string;
  protocol: string;
  pid: number;
  creator: number;
}

describe("the owner of a connection", requires(root(), tool("cc", "gcc"), tool("sysctl", "procps")), () => {
  let lab: Lab;
  let agent: AgentHome;
  const folder = mkdtempSync(join(tmpdir(), "weir-actor-"));
  const actor = join(folder, "actor");
  let old: Record<"joined" | "listener" | "shared" | "datagrams", Actor>;
  let here: string;

  before(async () => {
    execFileSync("cc", ["-O2", "-Wall", "-Werror", "-o", actor, join(import.meta.dirname, "actor.c")]);
    lab = await makeLab({ namespaces: ["client", "server", "twin"], links: [{ from: "client:eth0", to: "server:eth0" }] });
    const { ipv4, ipv6 } = lab.end("server:eth0");
    for (const [far, via] of [
      [FAR, ipv4],
      [FAR6, ipv6],
    ] as const) {
      await lab.exec("server", "ip", "route", "add", "local", far, "dev", "lo");
      await lab.exec("client", "ip", "route", "add", far, "via", via);
    }
    await lab.exec("client", "sysctl", "-qw", "net.ipv4.ping_group_range=0 0");
    await Receiver.open(lab, "server", { tcp: [PORT], udp: [PORT] });
    here = lab.end("client:eth0").ipv4;
    old = {
      joined: await act("hold", "udp-joined"),
      listener: await act("hold", "tcp", { to: here, port: 7001 }),
      shared: await act("hold", "tcp", { to: here, port: 7002, number: 3 }),
      datagrams: await act("hold", "udp", { to: here, port: 7003 }),
    };
    agent = await AgentHome.make(lab, "client");
    await agent.start({ config: RULES });
  });

  after(async () => {
    await agent[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  /** Starts an actor; the answer is there once it has done its deed. */
  async function act(...words: Parameters<typeof start>): Promise<Actor> {
    const doer = start(...words);
    await doer.said(1);
    return doer;
  }

  function start(how: string, kind: string, { namespace = "client", to = address(), port = PORT, number = 1 } = {}): Actor {
    return new Actor(lab.spawn(namespace, [actor, how, kind, to, String(port), String(number)], { stdio: ["pipe", "pipe", "inherit"] }));
  }

  async function told({ to, protocol }: Deed): Promise<Told> {
    return processOf(await agent.auditLine(new RegExp(` DETECTED far ${protocol} \\S+ > \\[?${to.replaceAll(".", "\\.")}[\\]: ]`)));
  }

  /** Somebody far away comes to a port; the answer is what is told of it, and from which port it came. */
  async function visited(protocol: "tcp" | "udp", port: number, to = here): Promise<Told & { from: number }> {
    const known = new Set((await agent.audit()).split("\n"));
    start("hold", `${protocol}-joined`, { namespace: "server", to, port }).use();
    const line = await eventually(`a visit at ${to}:${port}`, async () =>
      (await agent.audit())
        .split("\n")
        .find((one) => !known.has(one) && one.includes(` DETECTED near ${protocol} `) && one.includes(` > ${to}:${port} `)),
    );
    return { ...processOf(line), from: Number(/:(\d+) > /.exec(line)![1]) };
  }

  const kinds = ["tcp", "udp", "udp-message", "udp-messages", "udp-joined", "ping", "raw"];
  for (const [how, of, families] of [
    ["simple", kinds, 2],
    ["inherited", kinds, 2],
    ["passed", kinds, 2],
    ["ring", ["at-once", "async"], 2],
    ["frame", ["udp"], 1],
  ] as const) {
    it(`${how}: the process that sends first is named, and the one that made the socket`, async () => {
      for (const [kind, family] of of.flatMap((kind) => [address, address6].slice(0, families).map((family) => [kind, family] as const))) {
        using doer = await act(how, kind, { to: family() });
        const [deed] = doer.deeds as [Deed];
        const { pid, name, creator } = await told(deed);
        assert.deepEqual([pid, name], [deed.pid, "actor"], `${kind} to ${deed.to}`);
        assert.equal(
          creator,
          deed.creator === deed.pid || deed.creator === 0 ? undefined : deed.creator,
          `creator of ${kind} to ${deed.to}`,
        );
      }
    });
  }

  it("a socket that is handed on after it was used is that of its new user soon", async () => {
    using doer = await act("handed", "udp-joined");
    const to = doer.deeds[0]!.to;
    await doer.said(2);
    assert.notEqual(doer.deeds[1]!.pid, doer.deeds[0]!.pid);
    const of = await eventually(
      "the flow is its new user's",
      async () => {
        const flows = JSON.parse(await agent.weir("flows", "--json")) as FlowRow[];
        const process = flows.find(({ destination }) => destination.address === to)?.process;
        return process?.pid === doer.deeds[1]!.pid && process;
      },
      20_000,
    );
    assert.equal(of.creator, doer.deeds[0]!.pid);
    assert.equal((await told({ ...doer.deeds[0]!, protocol: "udp" })).pid, doer.deeds[0]!.pid, "who sent first");
  });

  it("the program of a process that is gone is told with its arguments and who started it", async () => {
    using doer = await act("inherited", "udp");
    const { to, pid, creator } = doer.deeds[0]!;
    const gone = once(doer.child, "exit");
    doer[Symbol.dispose]();
    await gone;
    const flows = JSON.parse(await agent.weir("flows", "--json")) as FlowRow[];
    const { process: told } = flows.find(({ destination }) => destination.address === to)!;
    assert.deepEqual([told?.pid, told?.executable, told?.user], [pid, actor, "root"]);
    assert.deepEqual(told?.arguments, [actor, "inherited", "udp", to, String(PORT), "1"]);
    assert.deepEqual(
      told?.ancestors?.slice(0, 2).map(({ pid, name }) => [pid, name]),
      [
        [creator, "actor"],
        [process.pid, "node"],
      ],
    );
    const line = await agent.auditLine(new RegExp(` DETECTED far udp \\S+ > ${to.replaceAll(".", "\\.")}:`));
    assert.match(line, / user=root by=actor creator=/);
  });

  it("a packet that waits for its neighbour is that of its sender", async () => {
    for (const kind of ["udp-joined", "raw"]) {
      await lab.exec("server", "ip", "link", "set", "eth0", "arp", "off");
      let deed: Deed;
      try {
        await lab.exec("client", "ip", "neigh", "flush", "dev", "eth0");
        using doer = await act("passed", kind);
        deed = doer.deeds[0]!;
      } finally {
        await lab.exec("server", "ip", "link", "set", "eth0", "arp", "on");
      }
      const { pid, creator } = await told(deed);
      assert.deepEqual([pid, creator], [deed.pid, deed.creator], kind);
    }
  });

  for (const kind of ["asking", "silent"]) {
    it(`a connection that comes in is its listener's, then that of the process that accepted it (${kind})`, async () => {
      using server = await act("serve", kind, { to: here, port: kind === "asking" ? 7101 : 7102, number: 3 });
      const [listener] = server.deeds as [Deed];
      for (let visit = 1; visit <= 4; visit++) {
        const { pid, from } = await visited("tcp", kind === "asking" ? 7101 : 7102);
        assert.equal(pid, listener.pid);
        await server.said(1 + visit);
        const worker = server.deeds.find(({ to }) => to === String(from))!;
        assert.notEqual(worker.pid, listener.pid);
        await eventually("the flow is the worker's", async () => {
          const flows = JSON.parse(await agent.weir("flows", "--json")) as FlowRow[];
          return flows.find(({ source }) => source.port === from)?.process?.pid === worker.pid;
        });
      }
    });
  }

  it("of two that have one port at different addresses, the one whose address it is is named", async () => {
    const there = "198.18.0.77";
    await lab.exec("client", "ip", "address", "add", `${there}/24`, "dev", "eth0");
    for (const protocol of ["tcp", "udp"] as const) {
      using one = await act("hold", protocol, { to: here, port: 7201 });
      using other = await act("hold", protocol, { to: there, port: 7201 });
      assert.equal((await visited(protocol, 7201)).pid, one.deeds[0]!.pid);
      assert.equal((await visited(protocol, 7201, there)).pid, other.deeds[0]!.pid);
    }
  });

  it("the same ends in another network namespace are somebody else's", async () => {
    await lab.exec("twin", "ip", "address", "add", `${here}/24`, "dev", "lo");
    for (const protocol of ["tcp", "udp"] as const) {
      using mine = await act("hold", protocol, { to: here, port: 7301 });
      using theirs = await act("hold", protocol, { namespace: "twin", to: here, port: 7301 });
      assert.notEqual(theirs.deeds[0]!.pid, mine.deeds[0]!.pid);
      assert.equal((await visited(protocol, 7301)).pid, mine.deeds[0]!.pid);
    }
  });

  it("what only passes through the host is nobody's, although somebody has that port at every address", async () => {
    await lab.exec("client", "sysctl", "-qw", "net.ipv4.ip_forward=1");
    await lab.exec("client", "ip", "route", "add", "198.18.8.0/24", "via", lab.end("server:eth0").ipv4);
    await lab.exec("server", "ip", "route", "add", "198.18.8.0/24", "via", here);
    for (const protocol of ["tcp", "udp"] as const) {
      using anywhere = await act("hold", protocol, { to: "0.0.0.0", port: 7401 });
      assert.equal((await visited(protocol, 7401)).pid, anywhere.deeds[0]!.pid);
      assert.equal((await visited(protocol, 7401, "198.18.8.9")).pid, undefined);
    }
  });

  it("a packet to nobody's port has no process", async () => {
    using nobody = await act("simple", "udp", { namespace: "server", to: here, port: 7999 });
    assert.equal(nobody.deeds.length, 1);
    assert.equal(processOf(await agent.auditLine(/ DETECTED near udp \S+ > \S+:7999 /)).pid, undefined);
  });

  it("sockets older than the agent are those of who holds them, until they are used", async () => {
    for (const [port, of] of [
      [7001, old.listener],
      [7002, old.shared],
    ] as const) {
      const { pid, holder, creator } = await visited("tcp", port);
      assert.deepEqual([pid, holder, creator], [of.deeds[0]!.pid, true, undefined], String(port));
    }
    const datagrams = await visited("udp", 7003);
    assert.deepEqual([datagrams.pid, datagrams.holder], [old.datagrams.deeds[0]!.pid, true]);
    old.joined.use();
    const { pid, holder } = await told({ ...old.joined.deeds[0]!, protocol: "udp" });
    assert.deepEqual([pid, holder], [old.joined.deeds[0]!.pid, false]);
  });

  for (const [kind, first] of [
    ["tcp", "10.9.128.0"],
    ["udp", "10.9.192.0"],
  ] as const) {
    it(`each of many processes that live no longer than their connection is named (${kind})`, async (t) => {
      const doer = await act("storm", kind, { to: first, number: STORM });
      await doer.said(STORM);
      const meant = new Set(doer.deeds.map(({ to }) => to));
      const told = await eventually("all connections", async () => {
        const found = new Map<string, Told>();
        for (const line of (await agent.audit()).split("\n")) {
          const to = / DETECTED far \S+ \S+ > ([\d.]+):/.exec(line)?.[1];
          if (to !== undefined && meant.has(to)) found.set(to, processOf(line));
        }
        return found.size === STORM && found;
      });
      const unknown = doer.deeds.filter(({ to }) => told.get(to)!.pid === undefined);
      const wrong = doer.deeds.filter(
        ({ to, pid }) => told.get(to)!.pid !== undefined && (told.get(to)!.pid !== pid || told.get(to)!.name !== "actor"),
      );
      const alone = [...told.values()].filter(({ by }) => by !== "actor");
      t.diagnostic(
        `of ${STORM} connections ${wrong.length} have the wrong process, ${unknown.length} none, and ${alone.length} one without its maker`,
      );
      assert.deepEqual(wrong, []);
      assert.ok(unknown.length <= STORM / 1000, `${unknown.length} of ${STORM} are unknown`);
      assert.ok(alone.length <= STORM / 1000, `of ${alone.length} of ${STORM} nobody knows who started them`);
    });
  }
});

function address(): string {
  addresses++;
  return `10.9.${addresses >> 8}.${addresses & 255}`;
}

function address6(): string {
  return `fd09::${(++addresses).toString(16)}`;
}

interface Told {
  pid?: number;
  name?: string;
  creator?: number;
  by?: string;
  holder: boolean;
}

function processOf(line: string): Told {
  const [, pid, name] = / pid=(\d+) (\S+)/.exec(line) ?? [];
  const creator = / creator=(\d+)/.exec(line)?.[1];
  const by = / by=(\S+)/.exec(line)?.[1];
  return {
    ...(pid === undefined ? {} : { pid: Number(pid), name: name! }),
    ...(creator === undefined ? {} : { creator: Number(creator) }),
    ...(by === undefined ? {} : { by }),
    holder: line.includes("(holder)"),
  };
}

class Actor implements Disposable {
  readonly child: ChildProcess;
  readonly deeds: Deed[] = [];

  constructor(child: ChildProcess) {
    this.child = child;
    createInterface(child.stdout!).on("line", (line) => {
      const [to, protocol, pid, creator] = line.split(" ") as [string, string, string, string];
      this.deeds.push({ to, protocol, pid: Number(pid), creator: Number(creator) });
    });
  }

  async said(count: number): Promise<void> {
    await eventually(
      `${count} deeds`,
      () => {
        if (this.child.exitCode !== null && this.child.exitCode !== 0) throw new Error(`the actor ended with ${this.child.exitCode}`);
        return this.deeds.length >= count;
      },
      60_000,
    );
  }

  /** Lets a holder use its socket. */
  use(): void {
    this.child.stdin!.write("x");
  }

  [Symbol.dispose](): void {
    this.child.stdin!.end();
  }
}
