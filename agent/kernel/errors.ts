/** Errors that the kernel returns, worded so that an operator knows what to do next. */

import { existsSync } from "node:fs";
import { constants } from "node:os";

const names = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));

/** The names of libbpf's own error numbers, which lie beyond those of the kernel. */
const LIBBPF_ERRORS: readonly string[] = [
  "LIBELF",
  "FORMAT",
  "KVERSION",
  "ENDIAN",
  "INTERNAL",
  "RELOC",
  "LOAD",
  "VERIFY",
  "PROG2BIG",
  "KVER",
  "PROGTYPE",
];

export class KernelError extends Error {
  override name = "KernelError";
  /** The operation that failed, such as `attach XDP to eth0`. */
  readonly operation: string;
  /** The name of the error, such as `EPERM` or `EBUSY`. */
  readonly errno: string;
  /** The verifier's whole log, or libbpf's messages; empty where there were none. */
  readonly log: string;

  constructor(operation: string, errno: string | number, details: { reason?: string; log?: string } = {}) {
    const name = typeof errno === "number" ? errnoName(errno) : errno;
    super(`${operation}: ${details.reason ?? adviceFor(name)}`);
    this.operation = operation;
    this.errno = name;
    this.log = details.log ?? "";
  }
}

/** Returns the name of a positive error number of the C library or of libbpf. */
export function errnoName(errno: number): string {
  const number = Math.abs(errno);
  // os.constants maps EOPNOTSUPP and ENOTSUP to one number; the kernel's ENOTSUPP (524) is in neither list.
  if (number === 524) return "ENOTSUPP";
  if (number >= 4000) return `LIBBPF_${LIBBPF_ERRORS[number - 4000] ?? number}`;
  return names.get(number) ?? `errno ${number}`;
}

/** Returns the advice for an error that means the same wherever it happens. */
export function adviceFor(errno: string): string {
  switch (errno) {
    case "EPERM":
    case "EACCES":
      return process.geteuid?.() === 0
        ? `permission denied (${errno}) although running as root: a container or service manager has taken CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON or CAP_SYS_ADMIN away, or the kernel is locked down; grant them`
        : `permission denied (${errno}): run weir as root`;
    case "ENOMEM":
      return "out of memory (ENOMEM): raise the memory limit of weir's service or control group, or free memory";
    case "ENODEV":
      return "no such network device (ENODEV): it was removed, or it is in another network namespace";
    case "ENOSPC":
      return "no room left (ENOSPC): a table or a log buffer of the kernel is full";
    case "EMFILE":
    case "ENFILE":
      return `too many open files (${errno}): raise LimitNOFILE of weir's service`;
    case "EOPNOTSUPP":
    case "ENOTSUP":
    case "ENOTSUPP":
      return `this kernel or device driver does not support it (${errno})`;
    case "ENOENT":
      return "not found (ENOENT)";
    default:
      return errno;
  }
}

/** Explains why loading fails on a kernel that was built without type information; undefined where the kernel has it. */
export function missingBtf(): string | undefined {
  if (existsSync("/sys/kernel/btf/vmlinux")) return undefined;
  return "this kernel has no type information (/sys/kernel/btf/vmlinux is missing): boot one built with CONFIG_DEBUG_INFO_BTF=y, as the kernels of Debian are";
}
