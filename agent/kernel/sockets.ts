/** Reads options of sockets that Node does not offer. */

import { closeSync, readFileSync, readlinkSync } from "node:fs";

import { check, libc } from "./syscall.ts";

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const SO_NETNS_COOKIE = 71;
const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;

export interface Peer {
  pid: number;
  uid: number;
  gid: number;
}

/** Returns the process that connected to a Unix socket, as the kernel noted it at that moment. */
export function peerOf(fd: number): Peer {
  const credentials = socketOption("ask who connected", fd, SO_PEERCRED, 12);
  return { pid: credentials.readInt32LE(0), uid: credentials.readUInt32LE(4), gid: credentials.readUInt32LE(8) };
}

/** Returns the number by which BPF programs know this network namespace. */
export function netnsCookie(): bigint {
  const operation = "read the network namespace's cookie";
  const fd = check(operation, libc().socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0));
  try {
    return socketOption(operation, fd, SO_NETNS_COOKIE, 8).readBigUInt64LE();
  } finally {
    closeSync(fd);
  }
}

/**
 * Returns whether this thread is in the network namespace that the kernel began with. The kernel's own threads are in it, if this
 * process can see them.
 */
export function inFirstNetns(): boolean {
  const kernelThreads = "/proc/2";
  try {
    if (readFileSync(`${kernelThreads}/comm`, "utf8") !== "kthreadd\n") return false;
    return readlinkSync(`${kernelThreads}/ns/net`) === readlinkSync("/proc/thread-self/ns/net");
  } catch {
    return false; // a container sees only its own processes
  }
}

function socketOption(operation: string, fd: number, option: number, length: number): Buffer {
  const value = Buffer.alloc(length);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(length);
  check(operation, libc().getsockopt(fd, SOL_SOCKET, option, value, size));
  return value;
}
