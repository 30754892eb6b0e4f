/** Hashes are of the very file that a process runs, or there is none and it is said why. */

import assert from "node:assert/strict";
import { type ChildProcess, fork, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import {
  ExecutableHashes,
  type ExecutableHashesOptions,
  type HashAnswer,
  type HashQuestion,
} from "../../../agent/observe/enrich/executable-hashes.ts";
import type { ProgramRun } from "../../../agent/observe/events/event.ts";

const folder = mkdtempSync(join(tmpdir(), "weir-hashes-"));
const children: ChildProcess[] = [];
after(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

const SLEEP = realpathSync("/bin/sleep");
const sha256 = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");
const hashes = (options: Partial<ExecutableHashesOptions> = {}) => new ExecutableHashes({ isOver: () => false, ...options });

/** Runs `sleep` from a file of its own, which may be longer than that. */
async function running(name: string, more = ""): Promise<{ path: string; run: ProgramRun; child: ChildProcess }> {
  const path = join(folder, name);
  copyFileSync(SLEEP, path);
  writeFileSync(path, more, { flag: "a" });
  return { path, ...(await started(path)) };
}

async function started(path: string): Promise<{ run: ProgramRun; child: ChildProcess }> {
  const child = spawn(path, ["1000"], { stdio: "ignore" });
  children.push(child);
  await once(child, "spawn");
  const stat = readFileSync(`/proc/${child.pid}/stat`, "utf8");
  return {
    run: { pid: child.pid!, startedNs: BigInt(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]!) * 10_000_000n, executions: 1 },
    child,
  };
}

/** A folder like /proc, in which process 10 runs this file. */
function procOf(executable: string): { proc: string; run: ProgramRun } {
  const proc = mkdtempSync(join(folder, "proc-"));
  mkdirSync(join(proc, "10"));
  writeFileSync(join(proc, "10/stat"), `10 (it) S 1 ${"0 ".repeat(17)}1000 0`);
  symlinkSync(executable, join(proc, "10/exe"));
  return { proc, run: { pid: 10, startedNs: 10_000_000_000n, executions: 1 } };
}

test("of a file that was replaced, or has no name any more, it is what the process runs", async () => {
  const replaced = await running("replaced", "the first");
  const deleted = await running("deleted", "no more");
  const expected = [sha256(replaced.path), sha256(deleted.path)];
  copyFileSync(SLEEP, join(folder, "new"));
  renameSync(join(folder, "new"), replaced.path);
  unlinkSync(deleted.path);
  const twin = await started(replaced.path);
  const found = await hashes().of([replaced.run, deleted.run, twin.run, replaced.run]);
  assert.deepEqual(
    found,
    [...expected, sha256(SLEEP), expected[0]].map((hash) => ({ sha256: hash })),
  );
});

test("a process that is gone has none, nor has its number for another process", async () => {
  const { run, child } = await running("ending");
  const other = { ...run, startedNs: run.startedNs - 1_000_000_000n };
  assert.deepEqual(await hashes().of([run, other]), [{ sha256: sha256(SLEEP) }, { missing: "gone" }]);
  child.kill();
  await once(child, "exit");
  assert.deepEqual(await hashes().of([run]), [{ missing: "gone" }]);
});

test("a process that runs another program by now has none", async () => {
  const { run } = await running("changing");
  const found = await hashes({ isOver: ({ executions }) => executions === 1 }).of([run, { ...run, executions: 2 }]);
  assert.deepEqual(found, [{ missing: "another program" }, { sha256: sha256(SLEEP) }]);
});

test("a file that is too large to be read is not", async () => {
  const large = await running("large");
  large.child.kill();
  await once(large.child, "exit");
  truncateSync(large.path, 2 ** 30 + 1); // of which the disk holds hardly anything
  assert.deepEqual(await hashes().of([(await started(large.path)).run]), [{ missing: "too large" }]);
});

test("what cannot be read is said to be so", async () => {
  const { proc, run } = procOf(folder);
  assert.deepEqual(await hashes({ proc }).of([run, { ...run, pid: 11 }]), [{ missing: "unreadable" }, { missing: "gone" }]);
});

test("nobody waits longer than for an answer", async () => {
  const { proc, run } = procOf(SLEEP);
  assert.deepEqual(await hashes({ proc, patienceMs: 0 }).of([run]), [{ missing: "late" }]);
  assert.deepEqual(await hashes({ proc }).of([run]), [{ sha256: sha256(SLEEP) }]);
});

test("a file is read once, and again when it has been written to, whatever its date says", async () => {
  const path = join(folder, "written");
  writeFileSync(path, "before");
  utimesSync(path, 1, 1);
  const { proc, run } = procOf(path);
  const first = await answerOf({ proc, runs: [run], known: new Map() });
  assert.deepEqual(first.hash, { sha256: sha256(path) });
  assert.deepEqual((await answerOf({ proc, runs: [run], known: new Map([[first.file!, "as before"]]) })).hash, { sha256: "as before" });
  writeFileSync(path, "behind");
  utimesSync(path, 1, 1);
  assert.deepEqual((await answerOf({ proc, runs: [run], known: new Map([[first.file!, "as before"]]) })).hash, { sha256: sha256(path) });
});

test("rows get the hashes of their processes, and others are not read", async () => {
  const { proc, run } = procOf(SLEEP);
  const names = {
    rule: () => ({ name: "r", action: "allow" as const, enforce: false, source: "" }),
    interface: () => "eth0",
    namespace: () => undefined,
    user: () => undefined,
    workload: () => ({}),
    program: () => ({ executable: "/bin/sleep" }),
  };
  const rows = await hashes({ proc, isOver: ({ pid }) => assert.equal(pid, 10) as never }).in((by) => {
    by.program({ ...run, pid: 99 }, "left out");
    return [{ process: { pid: 10, name: "it", ...by.program(run, "it"), uid: 0 } }, {}];
  }, names);
  assert.deepEqual(rows, [{ process: { pid: 10, name: "it", executable: "/bin/sleep", hash: { sha256: sha256(SLEEP) }, uid: 0 } }, {}]);
});

async function answerOf(question: HashQuestion): Promise<HashAnswer> {
  const reader = fork(new URL("../../../agent/observe/enrich/hash-reader.ts", import.meta.url), {
    serialization: "advanced",
    execArgv: [],
  });
  children.push(reader);
  reader.send(question);
  return ((await once(reader, "message")) as [HashAnswer])[0];
}
