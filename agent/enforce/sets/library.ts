/** Reads the members of sets: from files that others write, and from journals of members that were added by command. */

import { join } from "node:path";

import { secondsOf } from "../../values/duration.ts";
import { makeFolder } from "../../files/folders.ts";
import { holdsAddresses, type Sets } from "../../policy/named-sets.ts";
import type { SetConfig } from "../../policy/rule.ts";
import { timesOf } from "../../files/watch.ts";
import { type Clock, systemClock } from "../dynamic/clock.ts";
import { type ListReading, readList, timeKept } from "../networks/list.ts";
import { NetworkStore } from "../networks/store.ts";
import { FOR_EVER, type Listed, SetMembers } from "./members.ts";

type Read = (path: string, keepAs?: string) => Promise<ListReading>;

export interface LibraryOptions {
  /** Without it nothing can be added by command, and nothing is kept. */
  stateDirectory?: string;
  /** Reads a list: see readList. */
  read?: Read;
  /** Resolves to true for a file whose file system does not answer. This is asked before anything else touches the file. */
  isSilent?: (path: string) => Promise<boolean>;
  clock?: Clock;
}

export class SetLibrary {
  readonly clock: Clock;
  readonly #stateDirectory: string | undefined;
  readonly #read: Read;
  readonly #isSilent: (path: string) => Promise<boolean>;
  readonly #stores = new Map<string, NetworkStore>();
  /** The problem with the file of each set. */
  readonly #problems = new Map<string, string>();
  /** The times of the files at their last reading, by path. */
  readonly #times = new Map<string, string>();

  constructor({ stateDirectory, read = readList, isSilent = async () => false, clock = systemClock() }: LibraryOptions = {}) {
    this.#stateDirectory = stateDirectory === undefined ? undefined : join(stateDirectory, "sets");
    this.#read = read;
    this.#isSilent = isSilent;
    this.clock = clock;
  }

  /** Sentences for the operator. */
  get trouble(): string[] {
    return [...this.#problems.values(), ...[...this.#stores.values()].flatMap(({ trouble }) => trouble)];
  }

  problemOf(name: string): string | undefined {
    return this.#problems.get(name);
  }

  /** Returns the times of a file: see watch.ts. */
  timesOf(file: string): string {
    return this.#times.get(file) ?? "";
  }

  /** Opens the sets of addresses, by name. `known` are the sets that are open; a set with the same configuration stays as it is. */
  async open(sets: Sets, known: ReadonlyMap<string, SetMembers> = new Map()): Promise<Map<string, SetMembers>> {
    const opened = new Map<string, SetMembers>();
    for (const [name, config] of Object.entries(sets))
      if (holdsAddresses(config)) opened.set(name, await this.#open(name, config, known.get(name)));
    for (const name of this.#problems.keys()) if (!opened.has(name)) this.#problems.delete(name);
    return opened;
  }

  /** Returns the content of the file; undefined if it is missing or bad, so that the old content is kept. */
  async list(name: string, { file, ttl }: SetConfig): Promise<Listed | undefined> {
    if (file === undefined) return undefined;
    const reading = (await this.#isSilent(file))
      ? { problem: `${file}: its file system does not answer` }
      : await this.#readNow(name, file);
    if ("problem" in reading) {
      this.#problems.set(name, `the file of the set ${name} is not used: ${reading.problem}`);
      return undefined;
    }
    if (reading.notKept === undefined) this.#problems.delete(name);
    else
      this.#problems.set(
        name,
        `the file of the set ${name} is in force, but no copy could be kept for a start that finds the file missing or bad: ${reading.notKept}`,
      );
    return { networks: reading.networks, until: this.#untilOf(ttl) };
  }

  async #readNow(name: string, file: string): Promise<ListReading> {
    this.#times.set(file, await timesOf(file));
    return this.#read(file, this.#keptAs(name));
  }

  /** Returns the last good content of the file, which an earlier agent kept. */
  async #kept(name: string, { file, ttl }: SetConfig): Promise<Listed | undefined> {
    const path = this.#keptAs(name);
    const time = path === undefined || file === undefined ? undefined : await timeKept(path, file);
    if (time === undefined) return undefined;
    const until = this.#untilOf(ttl, (this.clock.wall() - time) / 1000);
    const reading = await this.#read(path!);
    if ("problem" in reading || (until !== FOR_EVER && until <= this.clock.bootSeconds())) return undefined;
    this.#problems.set(name, `${this.#problems.get(name)}; its content of ${new Date(time).toISOString()} is in force`);
    return { networks: reading.networks, until };
  }

  #keptAs(name: string): string | undefined {
    return this.#stateDirectory === undefined ? undefined : join(this.#stateDirectory, `${name}.list`);
  }

  /** `age` is the number of seconds since it was read. */
  #untilOf(ttl: string | undefined, age = 0): number {
    return ttl === undefined ? FOR_EVER : Math.max(1, Math.ceil(this.clock.bootSeconds() + secondsOf(ttl) - age));
  }

  async #open(name: string, config: SetConfig, known: SetMembers | undefined): Promise<SetMembers> {
    if (known !== undefined && JSON.stringify(known.config) === JSON.stringify(config)) return known;
    const store = await this.#storeOf(name);
    const isSameFile = known !== undefined && known.config.file === config.file && known.config.ttl === config.ttl;
    if (config.file === undefined) this.#problems.delete(name);
    const listed = isSameFile
      ? known.listed
      : ((await this.list(name, config)) ?? (known?.config.file === config.file ? known?.listed : await this.#kept(name, config)));
    return new SetMembers(config, store, listed);
  }

  async #storeOf(name: string): Promise<NetworkStore | undefined> {
    if (this.#stateDirectory === undefined) return undefined;
    const known = this.#stores.get(name);
    if (known !== undefined) return known;
    await makeFolder(this.#stateDirectory);
    const store = new NetworkStore({
      path: join(this.#stateDirectory, `${name}.journal`),
      kind: `set ${name}`,
      lost: { what: `nothing that was added to the set ${name} is in force`, next: "add again what you need" },
      clock: this.clock,
    });
    await store.rewriteIfDue();
    this.#stores.set(name, store);
    return store;
  }
}
