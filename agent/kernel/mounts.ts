/** Mounts the kernel file systems that weir needs. */

import { mkdirSync, readFileSync, statfsSync } from "node:fs";

import { adviceFor, errnoName, KernelError } from "./errors.ts";
import { lastErrno, libc } from "./syscall.ts";

const MAGIC = { bpf: 0xcafe4a11 } as const;
const MS_NOSUID = 2;
const MS_NODEV = 4;
const MS_NOEXEC = 8;

export type KernelFileSystem = keyof typeof MAGIC;

export function isMounted(type: KernelFileSystem, path: string): boolean {
  try {
    return statfsSync(path).type === MAGIC[type];
  } catch {
    return false;
  }
}

/** Mounts the file system unless it is mounted already. Returns true if this call mounted it. */
export function ensureMounted(type: KernelFileSystem, path: string): boolean {
  if (isMounted(type, path)) return false;
  const operation = `mount the ${type} file system at ${path}`;
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new KernelError(operation, (error as NodeJS.ErrnoException).code ?? "", {
      reason: `the directory cannot be made: ${(error as Error).message}`,
    });
  }
  if (libc().mount(type, path, type, MS_NOSUID | MS_NODEV | MS_NOEXEC, null) < 0) {
    const errno = errnoName(lastErrno());
    throw new KernelError(operation, errno, { reason: `${adviceFor(errno)}; or mount it yourself: mount -t ${type} ${type} ${path}` });
  }
  return true;
}

/** Returns where the version 2 control groups are mounted; undefined where only version 1 is mounted. */
export function cgroupRoot(mounts = readFileSync("/proc/self/mounts", "utf8")): string | undefined {
  for (const line of mounts.split("\n")) {
    const [, path, type] = line.split(" ");
    // Spaces and similar characters are written in octal, such as \040.
    if (type === "cgroup2" && path !== undefined)
      return path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
  }
  return undefined;
}
