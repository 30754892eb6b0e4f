/** System calls that are traced: facts at once, where there are guesses later without. Each deed has a twin with the programs off. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import type { FlowRow } from "../../agent/observe/flows/row.ts";
import type { ShownCall, ShownCounts } from "../../agent/observe/sockets/shown-calls.ts";
import type { Status } from "../../agent/service/contract.ts";
import { AgentHome } from "../harness/agent.ts";
import { eventually } from "../harness/eventually.ts";
import { type Lab, makeLab } from "../harness/netns.ts";
import { requires, root, tool } from "../harness/require.ts";

/** accept(2) by its number: who asks for the other end's address, as Perl does, is seen without a tracepoint. */
const ACCEPT = process.arch === "arm64" ? 202 : 43;
const [SILENT, TAKEN] = [7101, 7102];
const TRACED = "interfaces: { include: [eth0] }\nprobes: { system_calls: on }\n";
const UNTRACED = "interfaces: { include: [eth0] }\nprobes: { system_calls: off }\n";

describe("system calls", requires(root(), tool("perl", "perl-base")), () => {
  let lab: Lab;
  let agent: AgentHome;

  before(async () => {
    lab = await makeLab();
    agent = await AgentHome.make(lab, "server");
    await agent.start({ config: TRACED });
    await eventually("they are attached", async () => (await state()).state === "on");
  });

  after(async () => {
    await agent[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });

  const state = async (): Promise<Status["probes"]["system_calls"]> =>
    (JSON.parse(await agent.weir("status", "--json")) as Status).probes.system_calls;

  function perl(code: string): ReturnType<Lab["spawn"]> {
    return lab.spawn("server", ["perl", "-MSocket", "-e", code], { stdio: "ignore" });
  }

  /** A parent listens, and its child accepts without ever asking for an address, sending or reading. */
  function acceptSilently(port: number): ReturnType<Lab["spawn"]> {
    return perl(
      `socket(S, AF_INET, SOCK_STREAM, 6); setsockopt(S, 1, 2, 1); bind(S, pack_sockaddr_in(${port}, INADDR_ANY)) or die;` +
        `listen(S, 5); fork() and do { close(S); sleep 100 }; $0 = "child"; syscall(${ACCEPT}, fileno(S), 0, 0); sleep 100`,
    );
  }

  /** A client connects once somebody listens, and sends nothing. */
  async function visitSilently(port: number): Promise<Disposable & { process(): Promise<FlowRow["process"]> }> {
    await eventually("it listens", async () => (await lab.exec("server", "ss", "-Hltn")).includes(`:${port} `));
    const client = lab.spawn("client", [
      "perl",
      "-MIO::Socket::INET",
      "-e",
      `$socket = IO::Socket::INET->new("198.18.0.2:${port}") or die; sleep 100`,
    ]);
    const row = async (): Promise<FlowRow | false> => {
      const rows = JSON.parse(await agent.weir("flows", "--json", "--port", String(port))) as FlowRow[];
      return rows.find(({ state }) => state === "established") ?? false;
    };
    await eventually("the connection is there", row);
    return { process: async () => ((await row()) || undefined)?.process, [Symbol.dispose]: () => client.kill() };
  }

  it("the status names what is attached, and what it costs here", async () => {
    const { attached, added_ns } = await state();
    for (const name of ["socket", "bind", "listen", "accept", "accept4", "connect", "recvmsg", "pidfd_getfd"])
      assert.ok(attached.includes(`sys_exit_${name}`), `${name} of ${attached.join(", ")}`);
    assert.ok(added_ns! >= 0 && added_ns! < 10_000, `${added_ns} ns`);
  });

  it("a process that accepts is named before any packet shows it", async () => {
    for (let port = SILENT + 20; port < SILENT + 30; port++) {
      const parent = acceptSilently(port);
      using visit = await visitSilently(port);
      try {
        const named = await eventually("another process than the listener is named", async () => {
          const process = await visit.process();
          return process?.pid !== parent.pid && process;
        });
        assert.equal(named.ancestors?.[0]?.pid, parent.pid, JSON.stringify(named));
      } finally {
        parent.kill();
      }
    }
  });

  it("a socket that cannot be bound is told at once, with the error and the holder", async () => {
    const holder = perl(`socket(S, AF_INET, SOCK_STREAM, 6); bind(S, pack_sockaddr_in(${TAKEN}, INADDR_ANY)); listen(S, 1); sleep 100`);
    try {
      await eventually("it listens", async () => (await lab.exec("server", "ss", "-Hltn")).includes(`:${TAKEN} `));
      await lab.attempt(
        "server",
        "perl",
        "-MSocket",
        "-e",
        `socket(S, AF_INET, SOCK_STREAM, 6); bind(S, pack_sockaddr_in(${TAKEN}, INADDR_ANY)) or die`,
      );
      const line = await agent.auditLine(new RegExp(` BIND_FAILED tcp 0\\.0\\.0\\.0:${TAKEN} `));
      assert.match(line, new RegExp(` reason=port_in_use holder=${holder.pid} perl `));
    } finally {
      holder.kill();
    }
  });

  it("a connection that has no route is told with the error, and one that is made is not", async () => {
    await lab.attempt(
      "server",
      "perl",
      "-MSocket",
      "-e",
      `socket(S, AF_INET, SOCK_STREAM, 6); connect(S, pack_sockaddr_in(80, inet_aton("203.0.113.9")))`,
    );
    const line = await agent.auditLine(/ CONNECT_FAILED /);
    assert.match(line, / CONNECT_FAILED tcp .* > 203\.0\.113\.9:80 error=ENETUNREACH took=[\d.]+ms pid=\d+ perl /);
  });

  it("what a process does with its sockets is shown live, and that of others is not", async () => {
    const sender = perl(
      `socket(S, AF_INET, SOCK_DGRAM, 17); connect(S, pack_sockaddr_in(9, inet_aton("198.18.0.1")));` +
        `for (1 .. 600) { send(S, "x" x 123, 0); select(undef, undef, undef, 0.1) }`,
    );
    const other = perl(
      `socket(S, AF_INET, SOCK_DGRAM, 17); connect(S, pack_sockaddr_in(9, inet_aton("198.18.0.1")));` +
        `for (1 .. 600) { send(S, "x" x 77, 0); select(undef, undef, undef, 0.1) }`,
    );
    try {
      const said = await agent.attempt("sockets", "--calls", String(sender.pid), "--count", "3");
      const lines = said.stdout.trimEnd().split("\n");
      assert.equal(lines.length, 3);
      for (const line of lines)
        assert.match(line, /^\S+Z (?:sendto 3 udp 198\.18\.0\.2:\d+ > 198\.18\.0\.1:9 (?:123 bytes|ECONNREFUSED))$/);
      assert.match(said.stderr, /^\(\d+ calls seen, 3 shown(, \d+ not printed)?\)$/m);
      const json = await agent.weir("sockets", "--calls", String(sender.pid), "--count", "2", "--json");
      const messages = json
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as Partial<ShownCall> & { counts?: ShownCounts });
      const first = messages.find(({ call }) => call !== undefined);
      assert.equal(messages.filter(({ call }) => call !== undefined).length, 2);
      assert.ok(messages.at(-1)!.counts!.seen >= 2, json);
      assert.deepEqual([first?.pid, first?.call, first?.remote], [sender.pid, "sendto", { address: "198.18.0.1", port: 9 }]);
      await eventually("nothing of it is attached any more", async () => !(await state()).attached.includes("sys_exit_sendto"));
      const looking = agent.attempt("sockets", "--calls", String(other.pid));
      await eventually("it looks", async () => (await state()).attached.includes("sys_exit_sendto"));
      other.kill();
      const end = await looking;
      assert.deepEqual([end.code, end.stderr.includes(`weir: process ${other.pid} has ended.`)], [0, true], end.stderr);
      const { code, stderr } = await agent.attempt("sockets", "--calls", "4194304");
      assert.deepEqual([code, /There is no process 4194304/.test(stderr)], [1, true]);
    } finally {
      sender.kill();
      other.kill();
    }
  });

  it("they go while the agent runs, and what only they know is unknown", async () => {
    await agent.configure(UNTRACED);
    await eventually("they are gone", async () => (await state()).state === "off");
    assert.deepEqual((await state()).attached, []);
    const parent = acceptSilently(SILENT + 10);
    try {
      using visit = await visitSilently(SILENT + 10);
      assert.equal((await visit.process())?.pid, parent.pid, "the listener's, because nobody has used it yet");
    } finally {
      parent.kill();
    }
    await agent.configure(TRACED);
    await eventually("they are back", async () => (await state()).state === "on");
  });
});
