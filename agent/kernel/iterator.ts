/** Runs a program of the `iter/` sections over all objects of its kind, and answers what it wrote. */

import { closeSync, readSync } from "node:fs";

import { createLink } from "./attachment.ts";
import { KernelError } from "./errors.ts";
import { libbpf } from "./libbpf.ts";
import type { BpfProgram } from "./program.ts";

/** Longer answers are cut here, so that no number of objects takes the memory of the host. */
const ANSWER_LIMIT = 64 << 20;
const CHUNK = 64 << 10;

export function readIterator(program: BpfProgram): Buffer {
  const operation = `run the program ${program.name} over ${program.section}`;
  const link = expectDescriptor(operation, createLink(program, 0, program.attachType, 0));
  try {
    const iterator = expectDescriptor(operation, libbpf().iterCreate(link));
    try {
      return readAll(iterator);
    } finally {
      closeSync(iterator);
    }
  } finally {
    closeSync(link);
  }
}

function readAll(fd: number): Buffer {
  const chunks: Buffer[] = [];
  for (let length = 0; length < ANSWER_LIMIT; ) {
    const chunk = Buffer.allocUnsafe(CHUNK);
    const read = readSync(fd, chunk);
    if (read === 0) break;
    chunks.push(chunk.subarray(0, read));
    length += read;
  }
  return Buffer.concat(chunks);
}

function expectDescriptor(operation: string, fd: number): number {
  if (fd < 0) throw new KernelError(operation, fd);
  return fd;
}
