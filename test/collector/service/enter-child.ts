/** Limits the system calls of this process as a unit of systemd would, and becomes another program: FILTER-FILE PROGRAM WORD... */

import { readFileSync } from "node:fs";

import koffi from "koffi";

const PR_SET_NO_NEW_PRIVS = 38;
const PR_SET_SECCOMP = 22;
const SECCOMP_MODE_FILTER = 2;
const F_SETFD = 2;

const [file = "", program = "", ...words] = process.argv.slice(2);
const libc = koffi.load("libc.so.6");
const prctl = libc.func("int prctl(int option, unsigned long a, void *b, unsigned long c, unsigned long d)") as unknown as (
  option: number,
  a: number,
  b: Uint8Array | null,
  c: number,
  d: number,
) => number;
const execv = libc.func("int execv(const char *path, const char **words)") as unknown as (path: string, words: (string | null)[]) => number;

const fcntl = libc.func("int fcntl(int fd, int command, long argument)") as unknown as (
  fd: number,
  command: number,
  argument: number,
) => number;

// Node.js has made sure that no child inherits these.
for (const fd of [0, 1, 2]) fcntl(fd, F_SETFD, 0);
const filter = readFileSync(file);
// struct sock_fprog
const described = Buffer.alloc(16);
described.writeUInt16LE(filter.length / 8, 0);
described.writeBigUInt64LE(BigInt(koffi.address(filter)), 8);
if (prctl(PR_SET_NO_NEW_PRIVS, 1, null, 0, 0) !== 0) throw new Error(`no_new_privs: error ${koffi.errno()}`);
if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, described, 0, 0) !== 0) throw new Error(`seccomp: error ${koffi.errno()}`);
execv(program, [program, ...words, null]);
throw new Error(`${program} cannot be run: error ${koffi.errno()}`);
