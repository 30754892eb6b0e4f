/**
 * Finds the process in the kernel's records that is this one. `process.pid` does not tell, because it is another number in a pid
 * namespace.
 */

import { Owner } from "../generated/layout.ts";
import { type BpfMap, u32 } from "./maps.ts";
import type { BpfProgram } from "./program.ts";

export interface Self {
  /** The process id in the initial pid namespace, as in struct owner. */
  pid: number;
  /** The time at which the process was started, on the boot clock. */
  startedNs: bigint;
}

/** `program` is weir_describe_caller, which records the process that runs it, and `caller` is the table that it writes. */
export function describeSelf(program: BpfProgram, caller: BpfMap): Self {
  program.run();
  const owner = caller.lookup(u32(0))!;
  return { pid: owner.readUInt32LE(Owner.pid), startedNs: owner.readBigUInt64LE(Owner.started_ns) };
}

export function isSelf(self: Self, pid: number, startedNs: bigint): boolean {
  return pid === self.pid && startedNs === self.startedNs;
}
