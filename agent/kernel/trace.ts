/** Attaches the programs that watch processes to control groups and tracepoints. */

import { closeSync, openSync } from "node:fs";

import { type Attachment, attachLink, createLink, LinkType } from "./attachment.ts";
import { KernelError } from "./errors.ts";
import { libbpf } from "./libbpf.ts";
import { type BpfProgram, ProgramType } from "./program.ts";
import { check, libc, syscallNumber, systemCall } from "./syscall.ts";
import { tracepointNumber } from "./tracefs.ts";

/** The names of their pins begin with this. */
export const TRACE_PIN = "trace-";
const TP_BTF = "tp_btf/";
const BPF_PERF_EVENT = 41;
const PERF_TYPE_TRACEPOINT = 2;
const PERF_FLAG_FD_CLOEXEC = 8;
const PERF_EVENT_IOC_ENABLE = 0x2400;
export const BPF_TRACE_RAW_TP = 23;

/**
 * Attaches a program to the place that its section names: `cgroup/...`, below the given root of the version 2 control groups,
 * `tp_btf/NAME`, or `tracepoint/GROUP/NAME`.
 */
export function attachTrace(program: BpfProgram, cgroup: string, pinDirectory?: string): Attachment {
  switch (program.type) {
    case ProgramType.CGROUP_SOCK:
    case ProgramType.CGROUP_SOCK_ADDR:
    case ProgramType.CGROUP_SOCKOPT:
      return attachCgroup(program, cgroup, pinDirectory);
    case ProgramType.TRACING:
      return attachTpBtf(program, pinDirectory);
    case ProgramType.TRACEPOINT:
      return attachTracepoint(program, pinDirectory);
    default:
      throw new TypeError(`the program ${program.name} in section ${program.section} has no place to be attached to by itself`);
  }
}

export function attachCgroup(program: BpfProgram, path: string, pinDirectory?: string): Attachment {
  return attachLink(
    {
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
    },
    program,
    pinDirectory,
  );
}

export function attachTpBtf(program: BpfProgram, pinDirectory?: string): Attachment {
  return attachLink(
    {
      hook: "tp_btf",
      what: program.section,
      type: LinkType.RAW_TRACEPOINT,
      pinName: pinNameOf(program),
      updatable: false,
      alive: () => true,
      create: (wanted) => expectLink(`attach ${wanted.section}`, libbpf().rawTracepointOpen(null, wanted.fd)),
    },
    program,
    pinDirectory,
  );
}

/** Returns the name of the tracepoint that a program is attached to, as `sys_exit_connect`. */
export function tracepointOf({ what }: Pick<Attachment, "what">): string {
  return what.slice(what.lastIndexOf("/") + 1);
}

/** A program can be attached to the tracepoint of a system call only through a perf event. */
function attachTracepoint(program: BpfProgram, pinDirectory?: string): Attachment {
  const [, group = "", name = ""] = program.section.split("/");
  return attachLink(
    {
      hook: "tracepoint",
      what: program.section,
      type: LinkType.PERF_EVENT,
      pinName: pinNameOf(program),
      updatable: false,
      alive: () => true,
      create(wanted) {
        const operation = `attach ${wanted.section}`;
        const event = openPerfEvent(operation, tracepointNumber(group, name));
        try {
          const link = expectLink(operation, createLink(wanted, event, BPF_PERF_EVENT, 0));
          check(operation, libc().ioctl(event, PERF_EVENT_IOC_ENABLE, null));
          return link;
        } finally {
          closeSync(event); // the link holds it
        }
      },
    },
    program,
    pinDirectory,
  );
}

/** The program runs on every CPU, whichever CPU the event is opened for. */
function openPerfEvent(operation: string, tracepoint: number): number {
  const attributes = Buffer.alloc(128);
  attributes.writeUInt32LE(PERF_TYPE_TRACEPOINT, 0);
  attributes.writeUInt32LE(attributes.length, 4);
  attributes.writeBigUInt64LE(BigInt(tracepoint), 8);
  attributes.writeBigUInt64LE(1n, 16); // sample_period
  return check(operation, systemCall(syscallNumber.perf_event_open, attributes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC));
}

/** Returns whether this kernel has the tracepoint of a section `tp_btf/NAME`. */
export function hasTracepoint(section: string): boolean {
  return libbpf().vmlinuxBtfId(section.slice(TP_BTF.length), BPF_TRACE_RAW_TP) >= 0;
}

/** Returns the name of the pin. Names in the BPF file system contain neither slashes nor dots. */
function pinNameOf(program: BpfProgram): string {
  return `${TRACE_PIN}${program.section.replace(/[^a-zA-Z0-9_]+/g, "-")}`;
}

function expectLink(operation: string, fd: number): number {
  if (fd < 0) throw new KernelError(operation, fd);
  return fd;
}
