/** Finds names for the numbers in the kernel's records, where a simple look-up is not enough: the names of processes. */

import { ContainerNames } from "./enrich/container-names.ts";
import { ExecutableHashes } from "./enrich/executable-hashes.ts";
import { withUser, workloadOf } from "./enrich/cgroup-path.ts";
import { nameSources } from "./enrich/name-sources.ts";
import { NetworkNamespaces } from "./enrich/network-namespaces.ts";
import { Programs } from "./enrich/programs.ts";
import { Users } from "./enrich/users.ts";
import { Workloads } from "./enrich/workloads.ts";
import type { Names } from "./events/decode.ts";
import type { Workload } from "../values/workload.ts";
import { CgroupMade, ProgramStarted } from "../generated/layout.ts";
import { openCgroups } from "../kernel/cgroups.ts";
import type { DataPlane } from "../kernel/dataplane.ts";
import { readIteratorApart } from "../kernel/iterator.ts";
import type { BpfProgram } from "../kernel/program.ts";
import { Ring } from "../kernel/ring.ts";
import type { ProcessFacts } from "./process-facts.ts";

/** The ring of new control groups holds this many, so one call reads all of it. */
const GROUPS_AT_ONCE = 512;
const PROGRAMS_AT_ONCE = 512;
/** Reading older processes takes some milliseconds, unless a process keeps the reader waiting. This is the limit. */
const OLDER_MS = 1000;

export interface NamingListener {
  /** Called when a control group was made. */
  groupMade(cgroup: bigint, workload: Workload): void;
  /** Called when names of containers or pods became known. */
  renamed(): void;
}

export class Naming {
  readonly names: Names;
  readonly hashes: ExecutableHashes;
  readonly #groups = openCgroups();
  readonly #containers = new ContainerNames(nameSources());
  readonly #newGroups: Ring;
  readonly #startedPrograms: Ring;
  readonly #programs: Programs;
  readonly #olderPrograms: BpfProgram;
  readonly #users = new Users();
  readonly #legacyGroups: boolean;
  #listener: NamingListener | undefined;

  /** The look-ups that were not made: see Share. */
  get skipped(): Record<string, number> {
    return { program: this.#programs.skipped };
  }

  constructor(plane: DataPlane, others: Pick<Names, "rule" | "interface">) {
    this.#olderPrograms = plane.program("weir_older_programs");
    const namespaces = new NetworkNamespaces();
    const programs = (this.#programs = new Programs({ catchUp: () => this.catchUp() }));
    this.#startedPrograms = new Ring({
      map: plane.map("programs"),
      recordSize: ProgramStarted.size,
      batch: PROGRAMS_AT_ONCE,
      onRecords: (records) => programs.learn(records),
    });
    const workloads = new Workloads({
      pathOf: (id) => this.#groups?.pathOf(id),
      catchUp: () => void this.#newGroups.drain(),
      onMade: (workload, cgroup) => {
        void this.#containers.of(workload);
        this.#listener?.groupMade(cgroup, workload);
      },
    });
    this.#legacyGroups = workloads.legacy;
    this.#newGroups = new Ring({
      map: plane.map("cgroups_made"),
      recordSize: CgroupMade.size,
      batch: GROUPS_AT_ONCE,
      onRecords: (records) => workloads.learn(records),
    });
    this.hashes = new ExecutableHashes({ isOver: (run) => programs.isOver(run) });
    this.names = {
      ...others,
      program: (run, command) => programs.of(run, command),
      namespace: (number) => namespaces.nameOf(number),
      user: (uid) => this.#users.of(uid),
      workload: (owner) => this.#containers.of(workloads.of(owner)),
    };
  }

  get processFacts(): ProcessFacts {
    return {
      users: () => this.#users.all(),
      groups: () => {
        this.#newGroups.drain();
        return workloadsOf(this.#groups?.all() ?? []);
      },
      named: (workload) => withUser(this.#containers.of(workload)),
      groupsTellAll: !this.#legacyGroups,
    };
  }

  sendsTo(listener: NamingListener): void {
    this.#listener = listener;
    this.#containers.onLearned = () => listener.renamed();
  }

  /** Returns the path of a control group from the root of its hierarchy; undefined if it is gone or cannot be looked up. */
  pathOf(cgroup: bigint): string | undefined {
    return this.#groups?.pathOf(cgroup);
  }

  /** Reads the reports of new control groups and of programs that were started. */
  catchUp(): void {
    while (this.#startedPrograms.drain() > 0);
  }

  /** Resolves when the arguments of the running processes are known, or as many as could be read in time. */
  async start(): Promise<void> {
    this.#newGroups.start();
    this.#startedPrograms.start();
    void this.#containers.start();
    const older = await readIteratorApart(this.#olderPrograms, OLDER_MS);
    this.#programs.learnOlder(older.bytes);
  }

  close(): void {
    this.#containers.close();
    this.#newGroups.close();
    this.#startedPrograms.close();
    this.#groups?.close();
  }
}

function* workloadsOf(groups: Iterable<readonly [id: bigint, path: string]>): Generator<readonly [id: bigint, workload: Workload]> {
  for (const [id, path] of groups) yield [id, workloadOf(path)];
}
