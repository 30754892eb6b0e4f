/** Attaches programs that watch processes: at control groups and tracepoints. */

import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { type Attachment, attachLink, createLink, LinkType } from "./attachment.ts";
import { KernelError } from "./errors.ts";
import { libbpf } from "./libbpf.ts";
import { type BpfProgram, ProgramType } from "./program.ts";
import { perfEventOpen } from "./syscall.ts";

const BPF_PERF_EVENT = 41;
const PERF_TYPE_TRACEPOINT = 2;
const PERF_ATTRIBUTES = 112;

export interface TracePlaces {
  /** Root of the version 2 control groups. */
  cgroup: string;
  tracefs: string;
}

/** Attaches a program where its section says: `cgroup/...`, `tp_btf/NAME` or `tracepoint/GROUP/NAME`. */
export function attachTrace(program: BpfProgram, places: TracePlaces, pinDirectory?: string): Attachment {
  switch (program.type) {
    case ProgramType.CGROUP_SOCK:
    case ProgramType.CGROUP_SOCK_ADDR:
      return attachCgroup(program, places.cgroup, pinDirectory);
    case ProgramType.TRACING:
      return attachTpBtf(program, pinDirectory);
    case ProgramType.TRACEPOINT:
      return attachTracepoint(program, places.tracefs, pinDirectory);
    default:
      throw new TypeError(`the program ${program.name} in section ${program.section} has no place to be attached to by itself`);
  }
}

export function attachCgroup(program: BpfProgram, path: string, pinDirectory?: string): Attachment {
  return attachLink({
    hook: "cgroup",
    what: `${program.section} on ${path}`,
    type: LinkType.CGROUP,
    pinName: pinNameOf(program),
    updatable: true,
    alive: (info) => info.cgroup !== 0n,
    create(wanted) {
      const group = openSync(path, "r");
      try {
        return expectLink(`attach ${wanted.section} to the control group ${path}`, createLink(wanted, group, wanted.attachType, 0));
      } finally {
        closeSync(group);
      }
    },
  }, program, pinDirectory);
}

export function attachTpBtf(program: BpfProgram, pinDirectory?: string): Attachment {
  return attachLink({
    hook: "tp_btf",
    what: program.section,
    type: LinkType.RAW_TRACEPOINT,
    pinName: pinNameOf(program),
    updatable: false,
    alive: () => true,
    create: (wanted) => expectLink(`attach ${wanted.section}`, libbpf().rawTracepointOpen(null, wanted.fd)),
  }, program, pinDirectory);
}

export function attachTracepoint(program: BpfProgram, tracefs: string, pinDirectory?: string): Attachment {
  return attachLink({
    hook: "tracepoint",
    what: program.section,
    type: LinkType.PERF_EVENT,
    pinName: pinNameOf(program),
    updatable: false,
    alive: () => true,
    create(wanted) {
      const operation = `attach ${wanted.section}`;
      const attributes = Buffer.alloc(PERF_ATTRIBUTES);
      attributes.writeUInt32LE(PERF_TYPE_TRACEPOINT, 0);
      attributes.writeUInt32LE(attributes.length, 4);
      attributes.writeBigUInt64LE(tracepointId(operation, wanted.section, tracefs), 8);
      // The program runs on every CPU: it hangs at the tracepoint, and the event is only the handle.
      const event = perfEventOpen(operation, attributes, 0);
      try {
        return expectLink(operation, createLink(wanted, event, BPF_PERF_EVENT, 0));
      } finally {
        closeSync(event);
      }
    },
  }, program, pinDirectory);
}

function tracepointId(operation: string, section: string, tracefs: string): bigint {
  const [, group, name] = section.split("/");
  const path = join(tracefs, "events", group ?? "", name ?? "", "id");
  try {
    return BigInt(readFileSync(path, "utf8").trim());
  } catch {
    throw new KernelError(operation, "ENOENT", {
      reason: `${path} cannot be read; mount tracefs (mount -t tracefs tracefs ${tracefs}), and see that the kernel has CONFIG_FTRACE_SYSCALLS`,
    });
  }
}

/** Names in the BPF file system hold neither slashes nor dots. */
function pinNameOf(program: BpfProgram): string {
  return `trace-${program.section.replace(/[^a-zA-Z0-9_]+/g, "-")}`;
}

function expectLink(operation: string, fd: number): number {
  if (fd < 0) throw new KernelError(operation, fd);
  return fd;
}
