/** What a process does with its sockets, shown by the programs at tracepoints: each call beside one that is not shown. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { after, before, describe, it } from "node:test";

import { PROBES } from "../../agent/kernel/dataplane.ts";
import { openObjectAside } from "../../agent/kernel/objects.ts";
import { attachTrace } from "../../agent/kernel/trace.ts";
import { type ShownCall, ShownCalls } from "../../agent/observe/sockets/shown-calls.ts";
import { Refusal } from "../../agent/values/refusal.ts";
import { eventually } from "../harness/eventually.ts";
import { requires, root, tool } from "../harness/require.ts";

/** Reads lines of Perl, and does what each says. */
const ACTOR = `$| = 1; while (<STDIN>) { my @r = eval $_; print "$@@r\\n"; }`;

describe("calls of a process that somebody looks at", requires(root(), tool("perl", "perl-base")), () => {
  let attached = 0;
  const shown = new ShownCalls({
    load: () => openObjectAside(join(PROBES, "shown.bpf.o")),
    attach(program) {
      const attachment = attachTrace(program, "");
      attached++;
      const detach = attachment.detach.bind(attachment);
      attachment.detach = () => {
        attached--;
        detach();
      };
      return attachment;
    },
    self: { pid: process.pid },
  });
  let actor: Actor;
  let other: Actor;

  before(async () => {
    [actor, other] = [new Actor(), new Actor()];
    await Promise.all([actor.does("1"), other.does("1")]);
  });

  after(() => {
    shown.close();
    actor.end();
    other.end();
  });

  const PAIR = `use Socket; socketpair(A, B, AF_UNIX, SOCK_STREAM, 0) or die $!; fileno(A) . " " . fileno(B)`;

  it("bytes that are sent and received are shown with the descriptor, and files and other processes are not", async () => {
    const [from, to] = (await actor.does(PAIR)).split(" ").map(Number);
    await other.does(PAIR);
    const calls: ShownCall[] = [];
    const showing = await shown.show(actor.pid, { most: 1000 }, keeping(calls));
    try {
      await actor.does("syswrite(A, 'x' x 700)");
      await other.does("syswrite(A, 'x' x 900)");
      await actor.does("sysread(B, my $b, 500)");
      await actor.does("open(my $f, '<', '/proc/self/stat'); sysread($f, my $b, 100)");
      await actor.does("send(A, 'y' x 30, 0); recv(B, my $b, 230, 0); shutdown(A, 1)");
      await eventually("all are there", () => calls.some(({ call }) => call === "shutdown"));
      assert.deepEqual(
        calls.map(({ pid, call, descriptor, bytes, protocol }) => [pid, call, descriptor, bytes, protocol]),
        [
          [actor.pid, "write", from, 700, "unix"],
          [actor.pid, "read", to, 500, "unix"],
          [actor.pid, "sendto", from, 30, "unix"],
          [actor.pid, "recvfrom", to, 230, "unix"],
          [actor.pid, "shutdown", from, undefined, "unix"],
        ],
      );
      const { seen, told, suppressed, lost } = showing.counts();
      assert.deepEqual([seen, suppressed, lost], [told, 0, 0]);
    } finally {
      showing.close();
    }
  });

  it("a connection is shown with its ends, and a call that fails with its error", async () => {
    const calls: ShownCall[] = [];
    const showing = await shown.show(actor.pid, { most: 1000 }, keeping(calls));
    try {
      const port = await actor.does(
        "socket(L, AF_INET, SOCK_STREAM, 6); bind(L, pack_sockaddr_in(0, INADDR_LOOPBACK)); listen(L, 1); (unpack_sockaddr_in(getsockname(L)))[0]",
      );
      await actor.does(`socket(C, AF_INET, SOCK_STREAM, 6); connect(C, pack_sockaddr_in(${port}, INADDR_LOOPBACK)); accept(D, L); 1`);
      await actor.does("socket(E, AF_INET, SOCK_STREAM, 6); connect(E, pack_sockaddr_in(1, INADDR_LOOPBACK)); 1");
      await eventually("the last is there", () => calls.some(({ error }) => error !== undefined));
      const [connected, accepted] = ["connect", "accept"].map((name) => calls.find(({ call }) => call.startsWith(name)));
      assert.deepEqual([connected?.protocol, connected?.remote], ["tcp", { address: "127.0.0.1", port: Number(port) }]);
      assert.deepEqual([accepted?.local, accepted?.remote], [connected?.remote, connected?.local]);
      const failed = calls.findLast(({ call }) => call === "connect");
      assert.deepEqual([failed?.error, failed?.bytes], ["ECONNREFUSED", undefined]);
    } finally {
      showing.close();
    }
  });

  it("only one descriptor is shown where only one is asked for", async () => {
    const [from] = (await actor.does(PAIR)).split(" ").map(Number);
    const calls: ShownCall[] = [];
    const showing = await shown.show(actor.pid, { most: 1000, descriptor: from! }, keeping(calls));
    try {
      await actor.does("syswrite(B, 'other'); syswrite(A, 'this')");
      await eventually("it is there", () => calls.length > 0);
      assert.deepEqual(
        calls.map(({ descriptor, bytes }) => [descriptor, bytes]),
        [[from, 4]],
      );
      assert.equal(showing.counts().seen, 1);
    } finally {
      showing.close();
    }
  });

  it("of a flood so many are told as may be, and all are counted", async () => {
    await actor.does(PAIR);
    let told = 0;
    const showing = await shown.show(actor.pid, { most: 100 }, { calls: (some) => void (told += some.length), ended: () => {} });
    try {
      await actor.does("for (1 .. 20000) { syswrite(A, 'x'); sysread(B, my $b, 1) } 1");
      const counts = showing.counts();
      assert.ok(counts.seen >= 40_000 && counts.seen < 40_010, `${counts.seen}`);
      assert.equal(counts.told + counts.suppressed + counts.lost, counts.seen);
      assert.ok(counts.suppressed > 30_000, `${counts.suppressed}`);
      await eventually("what was told is here", () => told === counts.told);
    } finally {
      showing.close();
    }
  });

  it("what finds the ring full is counted as lost, and what is in it is told before the end", async () => {
    await actor.does(PAIR);
    let told = 0;
    const showing = await shown.show(actor.pid, { most: 10_000 }, { calls: (some) => void (told += some.length), ended: () => {} });
    const done = actor.does("for (1 .. 20000) { syswrite(A, 'x'); sysread(B, my $b, 1) } 1");
    // Nobody reads the ring meanwhile: this thread is the one that would.
    const sleeping = new Int32Array(new SharedArrayBuffer(4));
    for (let looks = 0; showing.counts().seen < 40_000 && looks < 3000; looks++) Atomics.wait(sleeping, 0, 0, 10);
    const { seen, lost, suppressed, ...counts } = showing.finish();
    assert.ok(seen >= 40_000 && seen < 40_010, `${seen}`);
    assert.ok(lost > 1000 && counts.told > 1000, `${lost} lost, ${counts.told} told`);
    assert.equal(counts.told + suppressed + lost, seen);
    assert.equal(told, counts.told);
    await done;
  });

  it("nothing is attached once nobody looks any more", async () => {
    await eventually("all are detached", () => attached === 0);
    assert.equal(shown.attached.length, 0);
    const [one, two] = [await show(actor.pid), await show(other.pid)];
    assert.ok(attached > 10 && shown.attached.includes("sys_exit_write"), shown.attached.join());
    one.close();
    assert.ok(attached > 10);
    two.close();
    await eventually("all are detached again", () => attached === 0);
  });

  it("who asks for what cannot be shown is told why, and the end of a process is told", async () => {
    await assert.rejects(show(4_194_304), (error) => error instanceof Refusal && error.kind === "not_found");
    // Node has threads of its own.
    const thread = readdirSync("/proc/self/task")
      .map(Number)
      .find((number) => number !== process.pid)!;
    await assert.rejects(show(thread), new RegExp(`${thread} is a thread of process ${process.pid}`));
    const first = await show(actor.pid);
    await assert.rejects(show(actor.pid), (error) => error instanceof Refusal && error.kind === "conflict");
    first.close();
    const short = new Actor();
    let ended = false;
    const showing = await shown.show(short.pid, { most: 1 }, { calls: () => {}, ended: () => (ended = true) });
    short.end();
    await eventually("its end is told", () => ended);
    showing.close();
    const many = Array.from({ length: 8 }, () => new Actor());
    try {
      const all = await Promise.all(many.map(({ pid }) => show(pid)));
      await assert.rejects(show(actor.pid), (error) => error instanceof Refusal && error.kind === "busy");
      for (const one of all) one.close();
    } finally {
      for (const one of many) one.end();
    }
  });

  /** The pipes through which an actor is told what to do are sockets, too. */
  function keeping(calls: ShownCall[]): Parameters<ShownCalls["show"]>[2] {
    return { calls: (some) => void calls.push(...some.filter(({ descriptor }) => descriptor > 2)), ended: () => {} };
  }

  function show(pid: number): ReturnType<ShownCalls["show"]> {
    return shown.show(pid, { most: 1 }, { calls: () => {}, ended: () => {} });
  }
});

class Actor {
  readonly #child: ChildProcess = spawn("perl", ["-MSocket", "-e", ACTOR], { stdio: ["pipe", "pipe", "inherit"] });
  readonly #lines: Interface = createInterface({ input: this.#child.stdout! });

  get pid(): number {
    return this.#child.pid!;
  }

  async does(perl: string): Promise<string> {
    const answer = once(this.#lines, "line") as Promise<[string]>;
    this.#child.stdin!.write(`${perl}\n`);
    return (await answer)[0];
  }

  end(): void {
    this.#lines.close();
    this.#child.kill("SIGKILL");
  }
}
