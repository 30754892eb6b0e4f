/** Attaches programs that watch processes: at control groups and tracepoints. */

import { closeSync, openSync } from "node:fs";

import { type Attachment, attachLink, createLink, LinkType } from "./attachment.ts";
import { KernelError } from "./errors.ts";
import { libbpf } from "./libbpf.ts";
import { type BpfProgram, ProgramType } from "./program.ts";

/** What the names of their pins begin with. */
export const TRACE_PIN = "trace-";
const TP_BTF = "tp_btf/";
export const BPF_TRACE_RAW_TP = 23;

/** Attaches a program where its section says: `cgroup/...`, below the given root of the version 2 control groups, or `tp_btf/NAME`. */
export function attachTrace(program: BpfProgram, cgroup: string, pinDirectory?: string): Attachment {
  switch (program.type) {
    case ProgramType.CGROUP_SOCK:
    case ProgramType.CGROUP_SOCK_ADDR:
    case ProgramType.CGROUP_SOCKOPT:
      return attachCgroup(program, cgroup, pinDirectory);
    case ProgramType.TRACING:
      return attachTpBtf(program, pinDirectory);
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

/** Whether this kernel has what a section `tp_btf/NAME` is for. */
export function hasTracepoint(section: string): boolean {
  return libbpf().vmlinuxBtfId(section.slice(TP_BTF.length), BPF_TRACE_RAW_TP) >= 0;
}

/** Names in the BPF file system hold neither slashes nor dots. */
function pinNameOf(program: BpfProgram): string {
  return `${TRACE_PIN}${program.section.replace(/[^a-zA-Z0-9_]+/g, "-")}`;
}

function expectLink(operation: string, fd: number): number {
  if (fd < 0) throw new KernelError(operation, fd);
  return fd;
}
