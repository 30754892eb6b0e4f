/** Enters network namespaces by their cookie, which the kernel never gives twice while it runs. */

import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";

import koffi from "koffi";

import { netnsCookie } from "./sockets.ts";
import { check } from "./syscall.ts";

const CLONE_NEWNET = 0x40000000;
const OWN = "/proc/thread-self/ns/net";
const FORWARDING = "/proc/sys/net/ipv4/ip_forward";

type Setns = (fd: number, type: number) => number;
let setns: Setns | undefined;

/**
 * Runs `work`, which must be synchronous, inside that namespace and returns its result. Returns undefined if the namespace is not
 * found or may not be entered.
 */
export function inNamespace<T>(cookie: bigint, work: () => T): { answer: T } | undefined {
  if (netnsCookie() === cookie) return { answer: work() };
  const home = openSync(OWN, "r");
  try {
    for (const path of namespacePaths()) {
      if (!enter(path)) continue;
      try {
        if (netnsCookie() === cookie) return { answer: work() };
      } finally {
        check("return to the network namespace", moveTo(home));
      }
    }
    return undefined;
  } finally {
    closeSync(home);
  }
}

/** Moves the calling thread, and no other, into a new network namespace that has only loopback and forwards nothing. */
export function enterEmptyNamespace(): void {
  const unshare = koffi.load("libc.so.6").func("int unshare(int flags)") as unknown as (flags: number) => number;
  check("make a network namespace", unshare(CLONE_NEWNET));
  // A new namespace takes the setting of the first one (net.core.devconf_inherit_init_net).
  if (readFileSync(FORWARDING, "utf8").trim() !== "0") writeFileSync(FORWARDING, "0");
}

/** Returns false if the namespace is gone, or may not be entered. */
function enter(path: string): boolean {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch {
    return false;
  }
  try {
    return moveTo(fd) === 0;
  } finally {
    closeSync(fd);
  }
}

function moveTo(fd: number): number {
  setns ??= koffi.load("libc.so.6").func("int setns(int fd, int type)") as unknown as Setns;
  return setns(fd, CLONE_NEWNET);
}

/** Yields one file for each namespace that a process lives in, or that is mounted as `ip netns add` does. */
function namespacePaths(): Iterable<string> {
  const found = new Map<string, string>();
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      found.set(readlinkSync(`/proc/${pid}/ns/net`), `/proc/${pid}/ns/net`);
    } catch {
      // The process has ended.
    }
  }
  for (const line of readFileSync("/proc/self/mountinfo", "utf8").split("\n")) {
    const [, , , root = "", path = ""] = line.split(" ");
    // Spaces and similar characters are written in octal, such as \040.
    if (root.startsWith("net:["))
      found.set(
        root,
        path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8))),
      );
  }
  return found.values();
}
