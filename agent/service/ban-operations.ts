/** Bans and lifts bans while the agent runs, and takes away those that are over. */

import { setImmediate as breathe } from "node:timers/promises";

import type { AuditWriter } from "../../audit/writer.ts";
import { formatNetwork, type Network, parseAddress, parseNetworks } from "../values/address.ts";
import { holdsIPv4 } from "../../config/bans.ts";
import { printable } from "../values/quote.ts";
import type { WeirConfig } from "../../config/types.ts";
import type { Telemetry } from "../../otel/start.ts";
import type { Ban, BanKeeper } from "../enforce/bans/keeper.ts";
import type { BanChange, BanPage, BanRow, Caller, NewBans } from "./contract.ts";
import type { Asked } from "./requests/requests.ts";
import { Refusal } from "../values/refusal.ts";
import { covers, listOf, MOST_PROBLEMS, NAMED, type Named, readAll, SEARCHED, some } from "./named-networks.ts";
import { Deadlines } from "../enforce/deadlines.ts";
import type { Moment, Order } from "../enforce/networks/store.ts";
import { TableFull } from "../enforce/networks/table.ts";
import { Turns } from "../enforce/turns.ts";

export interface BanOperationParts {
  bans: BanKeeper;
  /** As loaded last. */
  config(): Pick<WeirConfig, "bans" | "failsafe">;
  audit: Pick<AuditWriter, "action">;
  telemetry: Pick<Telemetry, "changed">;
  say(level: "info" | "warn" | "error", sentence: string): void;
}

/** Why a ban would not do what it says, or would do harm. */
interface Objection {
  network: Network;
  why: string;
  /** Also where the ban reaches beyond it. */
  everTouched: boolean;
}

const LOOPBACK = ["127.0.0.0/8", "::1"].flatMap(parseNetworks);
/** Bans that are taken away at once. */
const SWEPT = 10_000;

export class BanOperations {
  readonly #parts: BanOperationParts;
  readonly #turns = new Turns();
  readonly #deadlines: Deadlines;

  constructor(parts: BanOperationParts) {
    this.#parts = parts;
    const { store } = parts.bans;
    this.#deadlines = new Deadlines({
      untilNext: () => (store.isLong ? 0 : store.untilNext()),
      look: () => this.#turns.take(() => this.#look()),
      onTrouble: ({ message }) =>
        parts.say("error", `the journal of bans cannot be brought up to date, and it is tried again in a minute: ${message}`),
    });
  }

  close(): void {
    this.#deadlines.close();
  }

  /** After the configuration changed. */
  configure(): void {
    this.#parts.bans.setExceptions(this.#parts.config().bans.except.flatMap(parseNetworks));
  }

  list({ network, limit, from = this.#parts.bans.store.size }: Asked<"listBans">): BanPage {
    const { store } = this.#parts.bans;
    const wanted = network === undefined ? undefined : parseNetworks(network)[0]!;
    const now = store.now();
    const rows: BanRow[] =
      wanted === undefined || from < store.size ? [] : this.#parts.bans.covering(wanted, now).map((ban) => this.#row(ban, now));
    let row = Math.min(from, store.size);
    const last = Math.max(0, row - SEARCHED);
    while (row > last && rows.length < limit) {
      const ban = store.at(--row);
      if (store.isOver(ban.order, now)) continue;
      if (wanted === undefined || (covers(wanted, ban.network) && wanted.length < ban.network.length)) rows.push(this.#row(ban, now));
    }
    return { total: store.size, bans: rows, ...(row > 0 ? { next: row } : {}) };
  }

  add({ networks: texts, check_only, reason, for_s, until }: NewBans, caller: Caller): Promise<BanChange> {
    return this.#inTurn("ban", texts, caller, async () => {
      const { bans, audit } = this.#parts;
      const { clock } = bans.store;
      const { named, problems, warnings } = readAll(texts);
      this.#object(named, caller, problems, warnings);
      const seconds = for_s ?? (until === undefined ? undefined : (until - clock.wall()) / 1000);
      if (seconds !== undefined && seconds <= 0) problems.unshift("until: this time is over already");
      if (problems.length > 0) throw refusal(problems);
      if (check_only) return { bans: bans.store.size, changed: 0, warnings };
      const networks = named.map(({ network }) => network);
      const order: Order = {
        uid: caller.uid,
        added: new Date(clock.wall()).toISOString(),
        ...(reason === undefined ? {} : { reason }),
        until: seconds === undefined ? 0 : Math.ceil(clock.bootSeconds() + seconds),
      };
      await bans.makeRoom(networks.length);
      const changed = await bans.add(networks, order);
      const expires = bans.store.endOf(order);
      this.#tell(`uid ${caller.uid} banned ${listOf(networks)}`);
      await audit.action({
        action: "BAN",
        uid: caller.uid,
        detail: {
          networks: listOf(networks),
          bans: networks.length,
          until: expires ?? "lifted",
          ...(reason === undefined ? {} : { reason }),
          pid: caller.pid,
        },
      });
      return { bans: bans.store.size, changed, ...(expires === undefined ? {} : { expires }), warnings };
    });
  }

  delete(texts: readonly string[], caller: Caller): Promise<BanChange> {
    return this.#inTurn("unban", texts, caller, async () => {
      const { bans, audit } = this.#parts;
      const { named, problems, warnings } = readAll(texts);
      const now = bans.store.now();
      for (const { text, network } of named) {
        const order = bans.store.orderOf(network);
        if (order !== undefined && !bans.store.isOver(order, now)) continue;
        const wider = bans.covering(network, now).map((ban) => formatNetwork(ban.network));
        problems.push(`${printable(text)}: there is no such ban${wider.length === 0 ? "" : `; ${wider.join(" and ")} covers it`}`);
      }
      if (problems.length > 0)
        throw new Refusal("Nothing has changed.", {
          kind: "not_found",
          next: "`weir ban list ADDRESS` shows what bans an address.",
          details: some(problems),
        });
      const networks = named.map(({ network }) => network);
      await bans.remove(networks);
      for (const { text, network } of named.slice(0, MOST_PROBLEMS)) {
        const [still] = bans.covering(network);
        if (still !== undefined) warnings.push(`${printable(text)} is still banned, by the ban of ${formatNetwork(still.network)}`);
      }
      this.#tell(`uid ${caller.uid} lifted the bans of ${listOf(networks)}`);
      await audit.action({
        action: "UNBAN",
        uid: caller.uid,
        detail: { networks: listOf(networks), bans: networks.length, pid: caller.pid },
      });
      return { bans: bans.store.size, changed: networks.length, warnings };
    });
  }

  clear(caller: Caller): Promise<BanChange> {
    return this.#inTurn("clear", [], caller, async () => {
      const { bans, audit } = this.#parts;
      const changed = bans.store.size;
      await bans.clear();
      this.#tell(`uid ${caller.uid} lifted all bans`);
      await audit.action({ action: "UNBAN", uid: caller.uid, detail: { networks: "all", bans: changed, pid: caller.pid } });
      return { bans: 0, changed, warnings: [] };
    });
  }

  /** Bans that would lock the caller out, or reach nobody. */
  #object(named: readonly Named[], { session }: Caller, problems: string[], warnings: string[]): void {
    const { bans, failsafe } = this.#parts.config();
    const objections: Objection[] = [
      ...LOOPBACK.map((network) => ({ network, why: "loopback always passes", everTouched: true })),
      ...bans.except
        .flatMap(parseNetworks)
        .map((network) => ({ network, why: `bans.except says that ${formatNetwork(network)} is never banned`, everTouched: false })),
      ...failsafe.addresses
        .flatMap(parseNetworks)
        .map((network) => ({ network, why: `failsafe.addresses lets ${formatNetwork(network)} always pass`, everTouched: false })),
    ];
    const own = session === undefined ? undefined : hostOf(session.address);
    const isExcepted = own !== undefined && objections.some(({ network }) => covers(network, own));
    for (const { text, network } of named) {
      const shown = printable(text);
      if (isEveryone(network)) problems.push(`${shown}: this would ban everyone; name a longer prefix`);
      else if (own !== undefined && !isExcepted && covers(network, own))
        problems.push(
          `${shown}: your own session comes from ${formatNetwork(own)}, which this bans; put it into bans.except if you mean the others`,
        );
      else {
        const objection = objections.find(
          ({ network: exempt, everTouched }) => covers(exempt, network) || (everTouched && covers(network, exempt)),
        );
        if (objection !== undefined) problems.push(`${shown}: ${objection.why}`);
        const passing = objections.find(({ network: exempt }) => covers(network, exempt) && network.length < exempt.length);
        if (objection === undefined && passing !== undefined && warnings.length < MOST_PROBLEMS)
          warnings.push(`${shown} is banned but for a part: ${passing.why}`);
      }
    }
  }

  #row({ network, order }: Ban, now: Moment): BanRow {
    const expires = this.#parts.bans.store.endOf(order, now);
    const { uid, added, reason } = order;
    return {
      network: formatNetwork(network),
      uid,
      added,
      ...(expires === undefined ? {} : { expires }),
      ...(reason === undefined ? {} : { reason }),
    };
  }

  #tell(sentence: string): void {
    const { bans, telemetry, say } = this.#parts;
    telemetry.changed("weir.bans.changed", { active: bans.store.size });
    say("info", sentence);
  }

  /** One change after the other; a refusal is audited. */
  #inTurn(what: string, texts: readonly string[], caller: Caller, change: () => Promise<BanChange>): Promise<BanChange> {
    const { audit } = this.#parts;
    return this.#turns
      .take(async () => {
        try {
          return await change();
        } catch (error) {
          const known = asRefusal(error);
          await audit.action({
            action: "BAN-REFUSED",
            uid: caller.uid,
            detail: { what, networks: texts.slice(0, NAMED).join(","), problem: known.details[0] ?? known.message, pid: caller.pid },
          });
          throw known;
        }
      })
      .finally(() => this.#deadlines.changed());
  }

  /** The kernel ended them to the second; what is left of them here goes now. */
  async #look(): Promise<void> {
    const { bans } = this.#parts;
    while (!this.#deadlines.closed) {
      const over = bans.sweep(SWEPT);
      if (over.length === 0) break;
      await this.#tellOver(over);
      await breathe();
    }
    await bans.store.followClock();
    await bans.store.rewriteIfDue();
  }

  async #tellOver(over: readonly Ban[]): Promise<void> {
    const networks = over.map(({ network }) => network);
    this.#tell(`the ban of ${listOf(networks)} is over`);
    await this.#parts.audit.action({ action: "BAN-EXPIRED", detail: { networks: listOf(networks), bans: networks.length } });
  }
}

function hostOf(address: string): Network {
  const { family, bytes } = parseAddress(address);
  return { family, address: bytes, length: 128 };
}

function isEveryone({ family, address, length }: Network): boolean {
  return family === 4 ? length === 96 : length === 0 || holdsIPv4(address, length);
}

function refusal(problems: readonly string[], cause?: unknown): Refusal {
  return new Refusal("The ban is refused; nothing has changed.", {
    kind: "invalid",
    next: "Mend or leave out what is named, and try again.",
    details: some(problems),
    cause,
  });
}

function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof TableFull)
    return new Refusal("There is no room for it; nothing has changed.", {
      kind: "no_room",
      next: "`weir ban delete` or `weir ban clear` make room.",
      details: [error.message],
      cause: error,
    });
  return new Refusal(`The change failed, and nothing has changed: ${(error as Error).message}.`, {
    next: "See the agent's log, and whether there is room in the state directory.",
    cause: error,
  });
}
