/**
 * Finds tracepoints of the kernel by name. Their numbers are in tracefs. If that is not mounted, weir mounts it for itself alone,
 * without a place in the file tree: nobody else sees the mount, and it is gone with the process.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { KernelError } from "./errors.ts";
import { check, syscallNumber, systemCall } from "./syscall.ts";

const MOUNTED = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];
const FSOPEN_CLOEXEC = 1;
const FSMOUNT_CLOEXEC = 1;
const FSCONFIG_CMD_CREATE = 6;

let root: string | undefined;

/** Returns the number of a tracepoint. Throws a KernelError if this kernel does not have it. */
export function tracepointNumber(group: string, name: string): number {
  root ??= MOUNTED.find((path) => existsSync(join(path, "events"))) ?? mountUnseen();
  const path = join(root, "events", group, name, "id");
  try {
    return Number(readFileSync(path, "utf8"));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    const absent = { reason: "this kernel does not have it; it needs CONFIG_FTRACE_SYSCALLS" };
    throw new KernelError(`find the tracepoint ${group}/${name}`, code, code === "ENOENT" ? absent : {});
  }
}

/** Mounts tracefs and returns a path that leads into the mount. */
function mountUnseen(): string {
  const operation = "mount tracefs";
  const context = check(operation, systemCall(syscallNumber.fsopen, "tracefs", FSOPEN_CLOEXEC));
  check(operation, systemCall(syscallNumber.fsconfig, context, FSCONFIG_CMD_CREATE, 0, 0, 0));
  return `/proc/self/fd/${check(operation, systemCall(syscallNumber.fsmount, context, FSMOUNT_CLOEXEC, 0))}`;
}
