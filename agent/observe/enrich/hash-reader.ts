/** Runs as a process of its own: reads the files that executable-hashes.ts asks for. That file describes the messages. */

import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { setPriority } from "node:os";
import { setImmediate as breathe } from "node:timers/promises";

import type { ProgramRun } from "../events/event.ts";
import type { HashAnswer, HashQuestion } from "./executable-hashes.ts";
import { ofProcess } from "./process-files.ts";

const LARGEST = 1n << 30n;
const SLICE = 1 << 20;

process.once("message", async (question: HashQuestion) => {
  setPriority(10); // everything else on this host comes first
  const known = new Map(question.known);
  for (const [index, run] of question.runs.entries()) {
    const answer = hashOf(question.proc, run, known);
    if (answer.file !== undefined && answer.hash.sha256 !== undefined) known.set(answer.file, answer.hash.sha256);
    process.send!({ index, ...answer } satisfies HashAnswer);
    await breathe(); // the process ends here once nobody listens any more
  }
  process.disconnect();
});

function hashOf(proc: string, { pid, startedNs }: ProgramRun, known: ReadonlyMap<string, string>): Omit<HashAnswer, "index"> {
  let fd: number | undefined;
  try {
    fd = openSync(`${proc}/${pid}/exe`, "r");
    // This is checked last, so the number cannot have been given to another process before that file was opened.
    if (ofProcess(proc, pid, startedNs, () => true) === undefined) return { hash: { missing: "gone" } };
    return hashOfFile(fd, known);
  } catch {
    const there = ofProcess(proc, pid, startedNs, () => true) !== undefined;
    return { hash: { missing: there ? "unreadable" : "gone" } };
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function hashOfFile(fd: number, known: ReadonlyMap<string, string>): Omit<HashAnswer, "index"> {
  const { file, size } = identify(fd);
  const before = known.get(file);
  if (before !== undefined) return { hash: { sha256: before }, file };
  if (size > LARGEST) return { hash: { missing: "too large" } };
  const hash = createHash("sha256");
  const slice = Buffer.allocUnsafe(SLICE);
  for (let read: number; (read = readSync(fd, slice)) > 0; ) hash.update(slice.subarray(0, read));
  return identify(fd).file === file ? { hash: { sha256: hash.digest("hex") }, file } : { hash: { missing: "unreadable" } };
}

/** A writer can set back the modification time of a file, but not its change time. */
function identify(fd: number): { file: string; size: bigint } {
  const { dev, ino, size, mtimeNs, ctimeNs } = fstatSync(fd, { bigint: true });
  return { file: [dev, ino, size, mtimeNs, ctimeNs].join(" "), size };
}
