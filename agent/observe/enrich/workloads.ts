/**
 * Finds the container, pod and unit that a process belongs to, by the id of its control group. The kernel reports the paths of
 * groups that are made while weir runs, so these are known also when the group is gone. Older groups are looked up. If containers
 * have groups of version 1 only, or a group cannot be looked up, the files of the process itself are read, if it still exists.
 */

import { readFileSync } from "node:fs";

import type { SocketOwner } from "../events/event.ts";
import type { Workload } from "../../values/workload.ts";
import { CgroupMade } from "../../generated/layout.ts";
import { workloadOf } from "./cgroup-path.ts";
import { ofProcess } from "./process-files.ts";
import { Recent } from "./recent.ts";

const CAPACITY = 4096;
const NOTHING: Workload = {};

export interface WorkloadsOptions {
  /** Asks the kernel for a group's path; undefined when the group is gone, or may not be looked up. */
  pathOf(cgroup: bigint): string | undefined;
  /** Passes to `learn` what the kernel has reported since. */
  catchUp(): void;
  /** Called with the workload of a new group, before anything happens in it. */
  onMade?(workload: Workload, cgroup: bigint): void;
  proc?: string;
}

export class Workloads {
  readonly #options: WorkloadsOptions;
  readonly #proc: string;
  /** True if processes have groups of version 1, alone or in addition. Then their version 2 groups may not tell all. */
  readonly legacy: boolean;
  readonly #byGroup = new Recent<bigint, Workload | "unknown">(CAPACITY);
  readonly #byProcess = new Recent<string, Workload>(CAPACITY);

  constructor(options: WorkloadsOptions) {
    this.#options = options;
    this.#proc = options.proc ?? "/proc";
    this.legacy = readGroups(`${this.#proc}/self/cgroup`).some(({ hierarchy }) => hierarchy !== "0");
  }

  /** Takes the kernel's records of struct cgroup_made. */
  learn(records: Buffer): void {
    for (let at = 0; at + CgroupMade.size <= records.length; at += CgroupMade.size) {
      const path = records.subarray(at + CgroupMade.path.at, at + CgroupMade.path.at + CgroupMade.path.count);
      const end = path.indexOf(0);
      if (end < 0 || end === path.length - 1) continue; // the path was cut, and its end tells the owner
      const workload = workloadOf(path.toString("utf8", 0, end));
      const id = records.readBigUInt64LE(at + CgroupMade.id);
      this.#byGroup.set(id, workload);
      this.#options.onMade?.(workload, id);
    }
  }

  of(owner: SocketOwner): Workload {
    const group = this.#ofGroup(owner.cgroup);
    if (group !== "unknown" && (group.container !== undefined || !this.legacy)) return group;
    const own = this.#ofProcess(owner);
    return group === "unknown" ? own : mostTelling([group, own]);
  }

  #ofGroup(id: bigint): Workload | "unknown" {
    let known = this.#byGroup.get(id);
    if (known !== undefined) return known;
    this.#options.catchUp();
    known = this.#byGroup.get(id);
    if (known !== undefined) return known;
    const path = this.#options.pathOf(id);
    return this.#byGroup.set(id, path === undefined ? "unknown" : workloadOf(path));
  }

  #ofProcess({ pid, startedNs }: SocketOwner): Workload {
    const key = `${pid}@${startedNs}`;
    const known = this.#byProcess.get(key);
    if (known !== undefined) return known;
    const groups = ofProcess(this.#proc, pid, startedNs, groupPaths) ?? [];
    return this.#byProcess.set(key, mostTelling(groups.map(workloadOf)));
  }
}

/** Returns the workload that tells most. A hierarchy that a runtime or systemd does not use knows nothing of its containers and units. */
function mostTelling(found: Workload[]): Workload {
  return (
    found.find(({ container }) => container !== undefined) ??
    found.find(({ pod, unit }) => pod !== undefined || unit !== undefined) ??
    NOTHING
  );
}

/** Returns the control groups of a process, by its folder below /proc. */
export function groupPaths(folder: string): string[] {
  return [...new Set(readGroups(`${folder}/cgroup`).map(({ path }) => path))];
}

/** Reads lines like `4:memory:/docker/ID` and, for version 2, `0::/system.slice/ssh.service`. */
function readGroups(path: string): { hierarchy: string; path: string }[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .flatMap((line) => {
      const [, hierarchy, group] = /^(\d+):[^:]*:(.*?)(?: \(deleted\))?$/.exec(line) ?? [];
      return hierarchy === undefined || group === undefined ? [] : [{ hierarchy, path: group }];
    });
}
