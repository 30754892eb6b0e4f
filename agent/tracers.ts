/** The programs that tell which process owns a socket, where they hang. */

import type { Attachment } from "./kernel/attachment.ts";
import type { DataPlane } from "./kernel/dataplane.ts";
import { cgroupRoot, ensureMounted } from "./kernel/mounts.ts";
import { attachTrace } from "./kernel/trace.ts";

const TRACEFS = "/sys/kernel/tracing";

export interface Tracers {
  /** Why some processes cannot be named; empty when all programs are attached. */
  problems: string[];
  detach(): void;
  close(): void;
}

/** A place that does not exist on this kernel costs names of processes, not the agent. */
export function attachTracers(plane: DataPlane, pins: string): Tracers {
  const attachments: Attachment[] = [];
  const problems: string[] = [];
  const cgroup = cgroupRoot();
  if (cgroup === undefined) problems.push("sockets are not followed to their processes: no version 2 control group is mounted; mount -t cgroup2 none /sys/fs/cgroup/unified");
  try {
    ensureMounted("tracefs", TRACEFS);
  } catch (error) {
    problems.push((error as Error).message);
  }
  for (const program of plane.tracePrograms()) {
    if (cgroup === undefined && program.section.startsWith("cgroup/")) continue;
    try {
      attachments.push(attachTrace(program, { cgroup: cgroup ?? "", tracefs: TRACEFS }, pins));
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  return {
    problems,
    detach: () => attachments.forEach((attachment) => attachment.detach()),
    close: () => attachments.forEach((attachment) => attachment.close()),
  };
}
