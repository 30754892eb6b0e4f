/** Puts addresses into sets and takes them out while the agent runs, and takes their files again when they change. */

import { counted } from "../values/count.ts";
import { setImmediate as breathe } from "node:timers/promises";

import type { AuditWriter } from "../../audit/writer.ts";
import { formatNetwork, type Network, parseAddress, parseNetworks } from "../values/address.ts";
import { secondsOf } from "../values/duration.ts";
import { nearest } from "../values/nearest.ts";
import { printable, quote } from "../values/quote.ts";
import { holdsAddresses, type Sets } from "../policy/named-sets.ts";
import { type ConfigWatch, watchSince } from "../files/watch.ts";
import type { Telemetry } from "../../otel/start.ts";
import type { Caller, MemberPage, MemberRow, NewMembers, SetChange, SetControl, SetRow } from "./contract.ts";
import type { Asked } from "./requests/requests.ts";
import { Refusal } from "../values/refusal.ts";
import { Deadlines } from "../enforce/deadlines.ts";
import { covers, listOf, MOST_PROBLEMS, NAMED, readAll, SEARCHED, some } from "./named-networks.ts";
import { halves } from "../enforce/networks/halves.ts";
import { NumberedNetworks } from "../enforce/networks/numbered.ts";
import type { Order } from "../enforce/networks/store.ts";
import { TableFull } from "../enforce/networks/table.ts";
import type { SetKeeper } from "../enforce/sets/keeper.ts";
import type { SetLibrary } from "../enforce/sets/library.ts";
import { FOR_EVER, type SetMembers } from "../enforce/sets/members.ts";

export interface SetOperationParts {
  sets: SetKeeper;
  library: SetLibrary;
  /** As loaded last. */
  config(): { sets: Sets };
  /** Has connections ask the rules again. */
  refresh(): Promise<unknown>;
  /** Together with all that changes rules. */
  inTurn<T>(change: () => Promise<T>): Promise<T>;
  audit: Pick<AuditWriter, "action">;
  telemetry: Pick<Telemetry, "changed">;
  say(level: "info" | "warn" | "error", sentence: string): void;
}

/** Members that are taken away at once. */
const SWEPT = 10_000;

export class SetOperations implements SetControl {
  readonly #parts: SetOperationParts;
  readonly #deadlines: Deadlines;
  /** By the name of the set. */
  readonly #watches = new Map<string, { file: string; watch: ConfigWatch }>();
  #closed = false;

  constructor(parts: SetOperationParts) {
    this.#parts = parts;
    this.#deadlines = new Deadlines({
      untilNext: () => this.#untilNext(),
      look: () => parts.inTurn(() => this.#look()),
      onTrouble: ({ message }) =>
        parts.say("error", `the journals of sets cannot be brought up to date, and it is tried again in a minute: ${message}`),
    });
    this.configure();
  }

  close(): void {
    this.#closed = true;
    this.#deadlines.close();
    for (const { watch } of this.#watches.values()) watch.close();
  }

  /** After the configuration changed. */
  configure(): void {
    this.#deadlines.changed();
    const files = new Map(
      [...this.#parts.sets.sets].flatMap(
        ([
          name,
          {
            config: { file },
          },
        ]) => (file === undefined ? [] : [[name, file] as const]),
      ),
    );
    for (const [name, { file, watch }] of this.#watches) {
      if (files.get(name) === file) continue;
      this.#watches.delete(name);
      watch.close();
    }
    for (const [name, file] of files) {
      if (!this.#watches.has(name))
        this.#watches.set(name, { file, watch: watchSince(file, this.#parts.library.timesOf(file), () => this.#takeFile(name, file)) });
    }
  }

  /** For the operator. */
  get trouble(): string[] {
    return [...this.#watches].flatMap(([name, { file, watch }]) =>
      watch.isSilent
        ? [`the file of the set ${name} does not answer, so weir does not notice its changes; check its file system (df ${file})`]
        : [],
    );
  }

  list(): SetRow[] {
    const { sets, library, config } = this.#parts;
    return Object.entries(config().sets).map(([name, { ports, file, ttl }]) => {
      const members = sets.sets.get(name);
      const problem = library.problemOf(name);
      return {
        name,
        members: members?.size ?? 0,
        from: {
          configuration: members?.count("configuration") ?? 0,
          file: members?.count("file") ?? 0,
          command: members?.count("command") ?? 0,
        },
        ...(ports === undefined ? {} : { ports }),
        ...(file === undefined ? {} : { file }),
        ...(ttl === undefined ? {} : { ttl }),
        ...(problem === undefined ? {} : { problem }),
      };
    });
  }

  members({ set, network, limit, from }: Asked<"listMembers">): MemberPage {
    const members = this.#find(set);
    const wanted = network === undefined ? undefined : parseNetworks(network)[0]!;
    const start = from ?? members.size;
    const rows: MemberRow[] =
      wanted === undefined || start < members.size
        ? []
        : [...members.covering(wanted)].filter((one) => !this.#isOver(one.until)).map((one) => this.#row(one));
    let row = Math.min(start, members.size);
    const last = Math.max(0, row - SEARCHED);
    while (row > last && rows.length < limit) {
      const one = members.at(--row);
      if (this.#isOver(one.until)) continue;
      if (wanted === undefined || (covers(wanted, one.network) && wanted.length < one.network.length)) rows.push(this.#row(one));
    }
    return { total: members.size, members: rows, ...(row > 0 ? { next: row } : {}) };
  }

  /** Names of the sets that hold each of these addresses now. */
  holding({ addresses }: Asked<"findSets">): Record<string, string[]> {
    return Object.fromEntries(
      addresses.map((text) => {
        const { family, bytes } = parseAddress(text);
        const names = [...this.#parts.sets.sets].filter(([, members]) =>
          [...members.covering({ family, address: bytes, length: 128 })].some(({ until }) => !this.#isOver(until)),
        );
        return [text, names.map(([name]) => name)];
      }),
    );
  }

  add({ set: name, networks: texts, check_only, reason, for_s, until }: NewMembers, caller: Caller): Promise<SetChange> {
    return this.#change("add", name, texts, caller, async (members) => {
      const {
        sets,
        library: { clock },
        audit,
      } = this.#parts;
      const { named, problems, warnings } = readAll(texts);
      const { ttl } = members.config;
      const seconds = for_s ?? (until === undefined ? (ttl === undefined ? undefined : secondsOf(ttl)) : (until - clock.wall()) / 1000);
      if (seconds !== undefined && seconds <= 0) problems.unshift("until: this time is over already");
      if (problems.length > 0)
        throw new Refusal("Nothing has changed.", {
          kind: "invalid",
          next: "Mend or leave out what is named, and try again.",
          details: some(problems),
        });
      if (check_only) return { set: name, members: members.size, changed: 0, warnings };
      const networks = named.flatMap(({ network }) => halves(network));
      const order: Order = {
        uid: caller.uid,
        added: new Date(clock.wall()).toISOString(),
        ...(reason === undefined ? {} : { reason }),
        until: seconds === undefined ? FOR_EVER : Math.ceil(clock.bootSeconds() + seconds),
      };
      const before = members.size;
      await sets.makeRoom(networks.length);
      await sets.add(name, networks, order);
      const expires = members.store!.endOf(order);
      await this.#tell(name, `uid ${caller.uid} added ${listOf(networks)} to the set ${name}`);
      await audit.action({
        action: "SET-ADD",
        uid: caller.uid,
        detail: {
          set: name,
          networks: listOf(networks),
          members: networks.length,
          until: expires ?? "removed",
          ...(reason === undefined ? {} : { reason }),
          pid: caller.pid,
        },
      });
      return { set: name, members: members.size, changed: members.size - before, ...(expires === undefined ? {} : { expires }), warnings };
    });
  }

  remove({ set: name, networks: texts }: Asked<"removeMembers">, caller: Caller): Promise<SetChange> {
    return this.#change("remove", name, texts === "all" ? [] : texts, caller, async (members) => {
      const { sets, audit } = this.#parts;
      const networks =
        texts === "all"
          ? Array.from({ length: members.store!.size }, (_, row) => members.store!.at(row).network)
          : this.#named(name, members, texts);
      await sets.remove(name, networks);
      const warnings = networks.slice(0, MOST_PROBLEMS).flatMap((network) => {
        const [still] = members.covering(network);
        return still === undefined
          ? []
          : [`${formatNetwork(network)} is still in the set ${name}, by ${formatNetwork(still.network)} of the ${still.origin}`];
      });
      await this.#tell(name, `uid ${caller.uid} removed ${listOf(networks)} from the set ${name}`);
      await audit.action({
        action: "SET-REMOVE",
        uid: caller.uid,
        detail: { set: name, networks: texts === "all" ? "all" : listOf(networks), members: networks.length, pid: caller.pid },
      });
      return { set: name, members: members.size, changed: networks.length, warnings };
    });
  }

  /** Those that were added by command; throws where one was not. */
  #named(name: string, members: SetMembers, texts: readonly string[]): Network[] {
    const { named, problems } = readAll(texts);
    for (const { text, network } of named) {
      if (halves(network).every((part) => members.store!.orderOf(part) !== undefined)) continue;
      const [holder] = members.covering(network);
      problems.push(
        `${printable(text)}: no command put it into the set ${name}${holder === undefined ? "" : `; it is there by ${formatNetwork(holder.network)} of the ${holder.origin}`}`,
      );
    }
    if (problems.length > 0)
      throw new Refusal("Nothing has changed.", {
        kind: "not_found",
        next: `\`weir set list ${name} ADDRESS\` shows why an address is in the set; what the configuration or a file put there is removed there.`,
        details: some(problems),
      });
    return named.flatMap(({ network }) => halves(network));
  }

  #find(name: string): SetMembers {
    const members = this.#parts.sets.sets.get(name);
    if (members !== undefined) return members;
    const { sets } = this.#parts.config();
    if (Object.hasOwn(sets, name) && !holdsAddresses(sets[name]!))
      throw new Refusal(`The set ${name} holds only ports, which the configuration alone says.`, {
        kind: "invalid",
        next: "Change them there.",
      });
    const meant = nearest(name, this.#parts.sets.sets.keys());
    throw new Refusal(`There is no set ${quote(name)}.`, {
      kind: "not_found",
      next: meant === undefined ? 'Write it into "sets" of the configuration; it may be empty there.' : `Did you mean ${meant}?`,
    });
  }

  #isOver(until: number): boolean {
    return until !== FOR_EVER && this.#parts.library.clock.bootSeconds() >= until;
  }

  #row({ network, origin, until, order }: ReturnType<SetMembers["at"]>): MemberRow {
    const { clock } = this.#parts.library;
    return {
      network: formatNetwork(network),
      from: origin,
      ...(until === FOR_EVER
        ? {}
        : { expires: new Date(Math.round(clock.wall() / 1000 + until - clock.bootSeconds()) * 1000).toISOString() }),
      ...(order === undefined
        ? {}
        : { uid: order.uid, added: order.added, ...(order.reason === undefined ? {} : { reason: order.reason }) }),
    };
  }

  /** One change after the other; a refusal is audited. */
  #change(
    what: string,
    name: string,
    texts: readonly string[],
    caller: Caller,
    change: (members: SetMembers) => Promise<SetChange>,
  ): Promise<SetChange> {
    const { audit, inTurn } = this.#parts;
    return inTurn(async () => {
      try {
        return await change(this.#find(name));
      } catch (error) {
        const known = asRefusal(error);
        await audit.action({
          action: "SET-REFUSED",
          uid: caller.uid,
          detail: {
            what,
            set: printable(name),
            networks: texts.slice(0, NAMED).join(","),
            problem: known.details[0] ?? known.message,
            pid: caller.pid,
          },
        });
        throw known;
      }
    }).finally(() => this.#deadlines.changed());
  }

  async #tell(name: string, sentence: string): Promise<void> {
    const { sets, refresh, telemetry, say } = this.#parts;
    await refresh();
    telemetry.changed("weir.sets.changed", { set: name, members: sets.sets.get(name)?.size ?? 0 });
    say("info", sentence);
  }

  /** Read before its turn comes: others need not wait for it. */
  async #takeFile(name: string, file: string): Promise<void> {
    const { sets, library, audit, inTurn, say } = this.#parts;
    const config = sets.sets.get(name)?.config;
    if (this.#closed || config?.file !== file) return;
    const listed = await library.list(name, config);
    if (listed === undefined) return say("warn", `${library.problemOf(name)}; its earlier content stays in force`);
    await inTurn(async () => {
      if (sets.sets.get(name)?.config !== config) return; // read again with the configuration that came meanwhile
      await sets.relist(name, listed);
      const { size } = listed.networks;
      await this.#tell(name, `the file of the set ${name} was read: it holds ${counted(size, "network")}`);
      await audit.action({ action: "SET-FILE", detail: { set: name, file, members: size } });
    }).catch((error: unknown) => say("error", `the file of the set ${name} was not taken: ${(error as Error).message}`));
    this.#deadlines.changed();
  }

  #untilNext(): number {
    const ends = [...this.#parts.sets.sets.values()].map(({ store, listed }) => {
      const ofFile =
        listed.until === FOR_EVER || listed.networks.size === 0 ? Infinity : listed.until - this.#parts.library.clock.bootSeconds();
      return Math.min(ofFile, store === undefined ? Infinity : store.isLong ? 0 : store.untilNext());
    });
    return Math.min(Infinity, ...ends);
  }

  /** The kernel ended them to the second; what is left of them here goes now. */
  async #look(): Promise<void> {
    const { sets, audit } = this.#parts;
    for (const [name, { store, listed }] of sets.sets) {
      while (!this.#deadlines.closed) {
        const over = sets.sweep(name, SWEPT);
        if (over.length === 0) break;
        await this.#tell(name, `${listOf(over)} left the set ${name}: the time is over`);
        await audit.action({ action: "SET-EXPIRED", detail: { set: name, networks: listOf(over), members: over.length } });
        await breathe();
      }
      if (!this.#deadlines.closed && listed.networks.size > 0 && this.#isOver(listed.until)) {
        await sets.relist(name, { networks: new NumberedNetworks(), until: FOR_EVER });
        await this.#tell(name, `the file of the set ${name} was not written again for its time to live: what it held is out`);
        await audit.action({ action: "SET-EXPIRED", detail: { set: name, networks: "those of its file", members: listed.networks.size } });
      }
      await store?.followClock();
      await store?.rewriteIfDue();
    }
  }
}

function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof TableFull)
    return new Refusal("There is no room for it; nothing has changed.", {
      kind: "no_room",
      next: "Remove others first.",
      details: [error.message],
      cause: error,
    });
  return new Refusal(`The change failed, and nothing has changed: ${(error as Error).message}.`, {
    next: "See the agent's log, and whether there is room in the state directory.",
    cause: error,
  });
}
