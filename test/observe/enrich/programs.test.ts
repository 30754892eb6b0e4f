/** Which program a process ran: as the kernel told it, and as the process tells it itself. */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { Programs } from "../../../agent/observe/enrich/programs.ts";
import { ProgramStarted } from "../../../agent/generated/layout.ts";

const SECOND = 1_000_000_000n;

interface Told {
  pid: number;
  executions?: number;
  parent?: number;
  parentExecutions?: number;
  /** Of a process that goes on with its maker's program: absent. */
  path?: string;
  words?: string[];
}

/** As the kernel writes it; a process starts as many seconds after the machine as its number says. */
function record({ pid, executions = 1, parent = 1, parentExecutions = 1, path, words = [] }: Told): Buffer {
  const bytes = Buffer.alloc(ProgramStarted.size);
  bytes.writeUInt32LE(pid, ProgramStarted.pid);
  bytes.writeBigUInt64LE(BigInt(pid) * SECOND, ProgramStarted.started_ns);
  bytes.writeUInt16LE(executions, ProgramStarted.executions);
  bytes.writeUInt32LE(parent, ProgramStarted.parent_pid);
  bytes.writeBigUInt64LE(BigInt(parent) * SECOND, ProgramStarted.parent_started_ns);
  bytes.writeUInt16LE(parentExecutions, ProgramStarted.parent_executions);
  bytes[ProgramStarted.forked] = path === undefined ? 1 : 0;
  bytes.write(path ?? "", ProgramStarted.path.at);
  const text = Buffer.from(words.map((word) => `${word}\0`).join(""));
  text.copy(bytes, ProgramStarted.arguments.at, 0, ProgramStarted.arguments.count);
  bytes.writeUInt16LE(Math.min(text.length, ProgramStarted.arguments.count), ProgramStarted.arguments_length);
  return bytes;
}

function run(pid: number, executions = 1): { pid: number; startedNs: bigint; executions: number } {
  return { pid, startedNs: BigInt(pid) * SECOND, executions };
}

/** A folder like /proc. */
class Proc {
  readonly path = mkdtempSync(join(tmpdir(), "weir-proc-"));
  /** As the kernel tells of those that run already. */
  readonly older: Buffer[] = [];
  constructor() {
    after(() => rmSync(this.path, { recursive: true }));
  }

  add(
    pid: number,
    {
      command,
      executable,
      words = [],
      parent = 1,
      directory = "/",
    }: { command: string; executable: string; words?: string[]; parent?: number; directory?: string },
  ): void {
    const folder = join(this.path, String(pid));
    mkdirSync(folder);
    writeFileSync(`${folder}/comm`, `${command}\n`);
    this.older.push(record({ pid, path: "", words }));
    writeFileSync(`${folder}/stat`, `${pid} (${command}) S ${parent} ${"0 ".repeat(17)}${pid * 100} 0`);
    symlinkSync(executable, `${folder}/exe`);
    symlinkSync(directory, `${folder}/cwd`);
  }
}

/** What the ring holds is there once somebody looks. */
function programs(proc: Proc, ...ring: Told[]): Programs & { ring: Told[] } {
  const found: Programs = new Programs({
    proc: proc.path,
    catchUp: () => {
      for (const told of ring.splice(0)) found.learn(record(told));
    },
  });
  found.learnOlder(Buffer.concat(proc.older));
  return Object.assign(found, { ring });
}

test("a process that is gone is told with its file, arguments and ancestors", () => {
  const known = programs(
    new Proc(),
    { pid: 10, path: "/usr/sbin/cron", words: ["cron", "-f"] },
    { pid: 20, parent: 10, path: "/bin/bash", words: ["bash", "-c", "curl x"] },
    { pid: 30, parent: 20, path: "/usr/bin/curl", words: ["curl", "--token", "hunter2", "x"] },
  );
  const { started, ...told } = known.of(run(30), "curl");
  assert.deepEqual(told, {
    executable: "/usr/bin/curl",
    arguments: ["curl", "--token", "***", "x"],
    ancestors: [
      { pid: 20, name: "bash" },
      { pid: 10, name: "cron" },
    ],
  });
  assert.ok(Date.parse(started!) < Date.now());
});

test("a process that starts another program is told with the one it ran then", () => {
  const known = programs(new Proc(), { pid: 30, executions: 1, path: "/bin/sh" }, { pid: 30, executions: 2, path: "/usr/bin/nc" });
  assert.equal(known.of(run(30, 1), "sh").executable, "/bin/sh");
  assert.equal(known.of(run(30, 2), "nc").executable, "/usr/bin/nc");
});

test("another process with the same number is another one", () => {
  const known = programs(new Proc(), { pid: 30, path: "/bin/sh" });
  assert.deepEqual(known.of({ ...run(30), startedNs: 31n * SECOND }, "sh"), {});
});

test("a process that only was made goes on with its maker's program", () => {
  const known = programs(
    new Proc(),
    { pid: 20, path: "/usr/sbin/nginx", words: ["nginx"] },
    { pid: 21, parent: 20 },
    { pid: 99, parent: 98 },
  );
  const { started: _, ...worker } = known.of(run(21), "nginx");
  assert.deepEqual(worker, { executable: "/usr/sbin/nginx", arguments: ["nginx"], ancestors: [{ pid: 20, name: "nginx" }] });
  assert.deepEqual(known.of(run(99), "x"), {}, "of an unknown maker nothing is known");
});

test("a process older than the agent tells itself, and so do its ancestors", () => {
  const proc = new Proc();
  proc.add(10, { command: "cron", executable: "/usr/sbin/cron" });
  proc.add(20, { command: "a) b (c", executable: "/opt/odd", words: ["odd", "PASSWORD=x"], parent: 10, directory: "/srv" });
  const { started: _, ...told } = programs(proc).of(run(20), "a) b (c");
  assert.deepEqual(told, {
    executable: "/opt/odd",
    arguments: ["odd", "PASSWORD=***"],
    directory: "/srv",
    ancestors: [{ pid: 10, name: "cron" }],
  });
});

test("what a process runs now is not told of what it ran before", () => {
  const proc = new Proc();
  proc.add(30, { command: "nc", executable: "/usr/bin/nc.openbsd", directory: "/srv" });
  const known = programs(
    proc,
    { pid: 30, executions: 1, path: "/bin/sh" },
    { pid: 30, executions: 2, path: "/usr/bin/nc" },
    { pid: 40, executions: 2, path: "/usr/bin/nc" },
  );
  const before = known.of(run(30, 1), "sh");
  assert.deepEqual([before.executable, before.directory], ["/bin/sh", undefined]);
  const now = known.of(run(30, 2), "nc");
  assert.deepEqual([now.executable, now.directory], ["/usr/bin/nc.openbsd", "/srv"]);
  proc.add(40, { command: "nc", executable: "/usr/bin/nc.openbsd" });
  assert.deepEqual(known.of(run(40, 1), "nc"), {}, "an older program, of which nobody was told");
});

test("a path that says nothing without a directory is not told, and cut arguments end where a whole one does", () => {
  const known = programs(new Proc(), { pid: 30, path: "./tool", words: ["tool", "x".repeat(400), "hunter2".repeat(40), "y"] });
  const { executable, arguments: words } = known.of(run(30), "tool");
  assert.deepEqual([executable, words], [undefined, ["tool", "x".repeat(400), "…"]]);
});

test("ancestors are told to a depth, also where they go round in a circle", () => {
  const known = programs(
    new Proc(),
    ...Array.from({ length: 20 }, (_, at) => ({ pid: 100 + at, parent: at === 0 ? 119 : 99 + at, path: `/bin/p${at}` })),
  );
  assert.deepEqual(
    known.of(run(110), "p10").ancestors!.map(({ name }) => name),
    ["p9", "p8", "p7", "p6", "p5", "p4", "p3", "p2"],
  );
});
