/** Runs a program of the `iter/` sections over all objects of its kind, and answers what it wrote. */

import { closeSync, read as readFile, readSync } from "node:fs";
import { promisify } from "node:util";

import { createLink } from "./attachment.ts";
import { KernelError } from "./errors.ts";
import { libbpf } from "./libbpf.ts";
import type { BpfProgram } from "./program.ts";
import { libc } from "./syscall.ts";

/** Longer answers are cut here, so that no number of objects takes the memory of the host. */
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

/** The same, while others have their turn. */
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

/** The pages of the kernel's own buffer, see bpf_seq_read: where all of it fits, no record is in two pieces. */
const PAGES_AT_ONCE = 8;

/** Whole records as they come, many at a time, however many there are. The buffer is used again: copy what is kept. */
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
