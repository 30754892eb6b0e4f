/** Runs a program of an `iter/` section over all objects of its kind, and returns the bytes that it wrote. */

import { spawn } from "node:child_process";
import { closeSync, read as readFile, readSync } from "node:fs";
import { promisify } from "node:util";

import { createLink } from "./attachment.ts";
import { KernelError } from "./errors.ts";
import { libbpf } from "./libbpf.ts";
import type { BpfProgram } from "./program.ts";
import { libc } from "./syscall.ts";

/** Output beyond this size is cut, so that no number of objects takes the memory of the host. */
const ANSWER_LIMIT = 64 << 20;
const CHUNK = 64 << 10;
const readAsync = promisify(readFile);

export function readIterator(program: BpfProgram): Buffer {
  using iterator = new Iterator(program);
  const chunks: Buffer[] = [];
  for (let length = 0, read = 1; read > 0 && length < ANSWER_LIMIT; length += read) {
    const chunk = Buffer.allocUnsafe(CHUNK);
    read = readSync(iterator.fd, chunk);
    chunks.push(chunk.subarray(0, read));
  }
  return Buffer.concat(chunks);
}

/** Does the same in portions, so that other work gets its turn. */
export async function readIteratorAside(program: BpfProgram): Promise<Buffer> {
  using iterator = new Iterator(program);
  const chunks: Buffer[] = [];
  for (let length = 0, read = 1; read > 0 && length < ANSWER_LIMIT; length += read) {
    const chunk = Buffer.allocUnsafe(CHUNK);
    ({ bytesRead: read } = await readAsync(iterator.fd, { buffer: chunk }));
    chunks.push(chunk.subarray(0, read));
  }
  return Buffer.concat(chunks);
}

/** The number of pages of the kernel's own buffer, see bpf_seq_read. If a read asks for that much, no record is split. */
const PAGES_AT_ONCE = 8;

/** Yields whole records, many at a time, however many there are. The buffer is used again: copy what you keep. */
export async function* iteratorRecords(program: BpfProgram): AsyncGenerator<Buffer> {
  using iterator = new Iterator(program);
  const chunk = Buffer.allocUnsafe(PAGES_AT_ONCE * libc().pageSize());
  for (;;) {
    const { bytesRead } = await readAsync(iterator.fd, { buffer: chunk });
    if (bytesRead === 0) return;
    yield chunk.subarray(0, bytesRead);
  }
}

class Iterator implements Disposable {
  readonly fd: number;

  constructor(program: BpfProgram) {
    const operation = `run the program ${program.name} over ${program.section}`;
    const link = expectDescriptor(operation, createLink(program, 0, program.attachType, 0));
    try {
      this.fd = expectDescriptor(operation, libbpf().iterCreate(link));
    } finally {
      closeSync(link); // the iterator holds it
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }
}

function expectDescriptor(operation: string, fd: number): number {
  if (fd < 0) throw new KernelError(operation, fd);
  return fd;
}

/** The children that still wait, by program. Each program has at most one. */
const waiting = new Set<string>();

/**
 * Reads the iterator in a process of its own. It serves programs that read the memory of processes: a reader may have to wait as
 * long as some other process likes, and may not even be killed. The result is the output up to the time limit; `isWhole` says
 * whether that is all.
 */
export async function readIteratorApart(program: BpfProgram, withinMs: number): Promise<{ bytes: Buffer; isWhole: boolean }> {
  if (waiting.has(program.name)) return { bytes: Buffer.alloc(0), isWhole: false };
  using iterator = new Iterator(program);
  const reader = spawn("/bin/cat", { stdio: [iterator.fd, "pipe", "ignore"], cwd: "/", env: {} });
  waiting.add(program.name);
  const chunks: Buffer[] = [];
  let length = 0;
  reader.stdout!.on("data", (chunk: Buffer) => {
    if ((length += chunk.length) <= ANSWER_LIMIT) chunks.push(chunk);
  });
  reader.once("exit", () => waiting.delete(program.name));
  const isWhole = await new Promise<boolean>((resolve) => {
    const late = setTimeout(() => resolve(false), withinMs);
    reader.once("error", () => {
      waiting.delete(program.name); // the child was not even started
      clearTimeout(late);
      resolve(false);
    });
    reader.once("close", (code) => {
      clearTimeout(late);
      resolve(code === 0);
    });
  });
  if (!isWhole) {
    reader.kill("SIGKILL");
    reader.stdout!.destroy();
    reader.unref();
  }
  return { bytes: Buffer.concat(chunks), isWhole };
}
