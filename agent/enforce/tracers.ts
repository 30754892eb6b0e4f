/** Attaches the programs that record which process owns a socket. */

import { existsSync, renameSync } from "node:fs";
import { join } from "node:path";

import { type Attachment, detachPinned, pinnedLinks } from "../kernel/attachment.ts";
import type { DataPlane } from "../kernel/dataplane.ts";
import { cgroupRoot } from "../kernel/mounts.ts";
import { attachTrace, TRACE_PIN } from "../kernel/trace.ts";
import { noteHolders } from "../observe/sockets/holders.ts";

/** The names of the pins of another version's programs begin with this while both are attached. */
const OLDER_PIN = "older-";

export interface Tracers {
  /** The reasons why some processes cannot be named; empty if all programs are attached. */
  problems: string[];
  detach(): void;
  /** Detaches the programs of an earlier agent, once no interface uses what they record. `undo` is impossible afterwards. */
  keep(): void;
  /** Puts the programs of an earlier agent back. It cannot be called after `keep`. */
  undo(): void;
  close(): void;
}

/**
 * Attaches them. If a place does not exist on this kernel, some processes have no names, and the agent still runs. With
 * `keepsOlder`, programs of an earlier agent stay until `keep`, because programs at the interfaces still read their tables.
 */
export function attachTracers(plane: DataPlane, pins: string, keepsOlder: boolean): Tracers {
  if (keepsOlder)
    for (const name of pinnedLinks(pins))
      if (name.startsWith(TRACE_PIN) && !existsSync(join(pins, OLDER_PIN + name)))
        renameSync(join(pins, name), join(pins, OLDER_PIN + name));
  const attachments: Attachment[] = [];
  const problems: string[] = [];
  const cgroup = cgroupRoot();
  if (cgroup === undefined)
    problems.push(
      "sockets are not followed to their processes: no version 2 control group is mounted; mount -t cgroup2 none /sys/fs/cgroup/unified",
    );
  for (const program of plane.tracePrograms()) {
    if (cgroup === undefined && program.section.startsWith("cgroup/")) continue;
    try {
      attachments.push(attachTrace(program, cgroup ?? "", pins));
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  try {
    for (const _ of plane.map("listening_places").batches({ remove: true })); // each listener is noted again
    noteHolders(plane.program("weir_older_sockets"), plane.map("owners"), plane.map("listeners"));
  } catch (error) {
    problems.push(`sockets that were there before weir have no process: ${(error as Error).message}`);
  }
  const older = (): string[] => pinnedLinks(pins).filter((name) => name.startsWith(OLDER_PIN));
  return {
    problems,
    keep() {
      older().forEach((name) => detachPinned(pins, name));
      // An agent of another version may have used places that this one does not use.
      const used = new Set(attachments.map((attachment) => attachment.pinPath));
      for (const name of pinnedLinks(pins)) if (name.startsWith(TRACE_PIN) && !used.has(join(pins, name))) detachPinned(pins, name);
      attachments.forEach((attachment) => attachment.keep());
    },
    undo() {
      attachments.forEach((attachment) => attachment.undo());
      older().forEach((name) => renameSync(join(pins, name), join(pins, name.slice(OLDER_PIN.length))));
    },
    detach: () => attachments.forEach((attachment) => attachment.detach()),
    close: () => attachments.forEach((attachment) => attachment.close()),
  };
}
