/**
 * Completes events about sockets with facts that only user space knows: whether a listener is new, why a socket could not be
 * bound, and the packet sockets that the kernel does not report.
 */

import { Share } from "../enrich/share.ts";
import { readCounts } from "../events/counters.ts";
import { Recent } from "../enrich/recent.ts";
import type { SocketFacts } from "../events/decode.ts";
import { type ProcessReference, SOCKET_EVENT_TYPES, type SocketEvent, type SocketEventType } from "../events/event.ts";
import type { Endpoint } from "../../values/traffic.ts";
import type { SocketFigures } from "../events/snapshot.ts";
import { type Describer, describeRecord, ownerOf } from "../flows/describe.ts";
import { EventTypeNames, SocketCounter } from "../../generated/layout.ts";
import { errnoName } from "../../kernel/errors.ts";
import { type BpfMap, u32 } from "../../kernel/maps.ts";
import { isSelf, type Self } from "../../kernel/self.ts";
import { type Failure, whyNotBound } from "./bind-failure.ts";
import { BypassingSockets } from "./bypass.ts";
import { listListeners } from "./diag.ts";
import { SocketFailures } from "./failures.ts";
import { heldByInode } from "./holders.ts";
import { KnownListeners } from "./known-listeners.ts";
import { PacketSockets } from "./packet-sockets.ts";

/** At most this many packet sockets are reported in one search. */
const LOOK_LIMIT = 100;
/**
 * Milliseconds of each second for look-ups for one type of event. One look-up takes a tenth of a millisecond; with 10,000
 * listeners it takes some tens of milliseconds.
 */
const LOOKING_UP_MS = 30;
/** After this time the obstacle may be another one than at the event. */
const LATE_MS = 10_000;
/** Openers of packet sockets are remembered for this time, which is longer than from one search to the next. */
const TOLD_MS = 3000;

/** The number of remembered connections of weir's own: only a few are refused every 30 seconds. */
const OWN_KEPT = 256;

export interface SocketEventParts {
  describer: Describer;
  /** This process. */
  self: Self;
  counters: BpfMap;
  errors: BpfMap;
  /** Returns the number for an event that is made here. */
  nextNumber(): number;
  /** Makes the kernel report the sockets that could not be bound. */
  settleBindings(): void;
  /** Reads records of struct holding: the processes that have packet sockets open. */
  rawHolders(): Promise<Buffer>;
  report(event: SocketEvent): void;
}

export class SocketEvents {
  /** Sentences about what cannot be reported. */
  trouble: string[] = [];
  readonly #parts: SocketEventParts;
  readonly #listeners = new KnownListeners();
  readonly #packetSockets: PacketSockets;
  /** The openers of packet sockets that the kernel reported, and that were not found yet. */
  #openers: { pid: number; at: number }[] = [];
  #newPorts = 0;
  readonly #shares = { listening: new Share(LOOKING_UP_MS), bind_failed: new Share(LOOKING_UP_MS) };
  /** The packet sockets that were found, and those of them that were not reported. */
  readonly #found = { happened: 0, suppressed: 0 };
  /** The ends of weir's own connections that were refused. */
  readonly #own = new Recent<string, true>(OWN_KEPT);
  readonly #bypassing: BypassingSockets;
  readonly #failures = new SocketFailures();

  constructor(parts: SocketEventParts, packetSockets = new PacketSockets(), bypassing = new BypassingSockets(parts)) {
    this.#parts = parts;
    this.#packetSockets = packetSockets;
    this.#bypassing = bypassing;
  }

  /** Notes the sockets that exist already, which are not new. */
  begin(): void {
    this.#try(() => {
      for (const { protocol, local, cookie } of listListeners())
        this.#listeners.isNew(protocol, local.port, ownerOf(cookie, this.#parts.describer)?.process);
      this.#packetSockets.look();
    });
    this.#lookForBypass();
  }

  /** Takes an event of the kernel. */
  take(event: SocketEvent, facts: SocketFacts): void {
    // weir's own attempts, such as to reach its collector, are not reported here: the exporter reports how they go.
    if (!isSelf(this.#parts.self, facts.owner.pid, facts.owner.startedNs)) this.#try(() => this.#complete(event, facts));
    else if (event.local !== undefined && event.remote !== undefined) this.#own.set(nameOf(event.local, event.remote), true);
  }

  #report(event: SocketEvent): void {
    this.#failures.count(event);
    this.#parts.report(event);
  }

  #complete(event: SocketEvent, facts: SocketFacts): void {
    switch (event.type) {
      case "LISTENING":
        this.#report(this.#listening(event, facts));
        break;
      case "BIND_FAILED": {
        const { reason, holder }: Failure = this.#mayAskWhy(event)
          ? this.#shares.bind_failed.use(() => whyNotBound(event.protocol!, event.local!, facts, event.error), {})
          : {};
        const process = holder === undefined ? undefined : ownerOf(holder.cookie, this.#parts.describer)?.process;
        this.#report({ ...event, ...(reason === undefined ? {} : { reason }), ...(process === undefined ? {} : { holder: process }) });
        break;
      }
      case "PACKET_SOCKET":
        if (event.process !== undefined) this.#openers.push({ pid: event.process.pid, at: performance.now() });
        this.#report(event);
        break;
      case "PACKET_BYPASS":
        if (event.outcome !== "refused") this.#bypassing.changed();
        this.#report(event);
        break;
      default:
        this.#report(event);
    }
  }

  /** Returns whether these are the ends of a refused connection of weir's own, or its process sent the packet. */
  isOwn({ source, destination, process }: { source: Endpoint; destination: Endpoint; process?: ProcessReference }): boolean {
    return (
      process?.pid === this.#parts.self.pid ||
      this.#own.get(nameOf(source, destination)) === true ||
      this.#own.get(nameOf(destination, source)) === true
    );
  }

  /** The reason can only be found for an event in this network namespace that is recent. */
  #mayAskWhy({ network_namespace, time }: SocketEvent): boolean {
    return network_namespace === undefined && time > Date.now() - LATE_MS;
  }

  /** Completes a listener. If it did not ask for a port, it gets one only after the event. */
  #listening(event: SocketEvent, { cookie }: SocketFacts): SocketEvent {
    const { address, port } = event.local!;
    const local =
      port === 0
        ? (this.#shares.listening.use(() => listListeners().find((socket) => socket.cookie === cookie)?.local, undefined) ?? { address })
        : event.local!;
    if (local.port === undefined) return { ...event, local }; // nobody knows whether it is new
    const isNew = this.#listeners.isNew(event.protocol!, local.port, event.process);
    if (isNew) this.#newPorts++;
    return { ...event, local, new: isNew };
  }

  /** Call this once a second. */
  look(): void {
    this.#parts.settleBindings();
    const remembered = performance.now() - TOLD_MS;
    this.#openers = this.#openers.filter(({ at }) => at >= remembered);
    this.#lookForBypass();
    this.#try(() => void this.#reportFound(this.#newSockets()).catch((error: unknown) => this.#fail(error)));
  }

  #newSockets(): bigint[] {
    const found = this.#packetSockets.look();
    if (found.length > 0) this.#bypassing.changed();
    return found;
  }

  #lookForBypass(): void {
    void this.#bypassing.look().catch((error: unknown) => this.#fail(error));
  }

  /**
   * The search for the processes that have a socket open takes a while, so it runs only if there are more sockets than the kernel
   * reported.
   */
  async #reportFound(inodes: readonly bigint[]): Promise<void> {
    if (inodes.length <= this.#openers.length) {
      this.#openers.splice(0, inodes.length);
      return;
    }
    const openers = new Set(this.#openers.splice(0).map(({ pid }) => pid));
    const held = heldByInode(await this.#parts.rawHolders());
    for (const [index, inode] of inodes.entries()) {
      const holder = held.get(inode)?.owner;
      const owner = holder === undefined ? undefined : describeRecord(holder, this.#parts.describer);
      if (owner === undefined ? openers.size > 0 : openers.has(owner.process.pid)) continue;
      this.#found.happened++;
      if (index < LOOK_LIMIT) this.#report({ seq: this.#parts.nextNumber(), type: "PACKET_SOCKET", time: Date.now(), ...owner });
      else this.#found.suppressed++;
    }
  }

  /** The look-ups that were not made, by type of event. */
  get skipped(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.#shares).map(([type, { skipped }]) => [type, skipped]));
  }

  figures(): SocketFigures {
    const events = Object.fromEntries(SOCKET_EVENT_TYPES.map((type) => [type.toLowerCase(), this.#counted(type)]));
    const errors = readCounts(this.#parts.errors).flatMap((count, errno) => (count === 0 ? [] : [[errnoName(errno), count] as const]));
    return {
      events,
      errors: Object.fromEntries(errors),
      failures: this.#failures.rows((type) => events[type.toLowerCase()]!.suppressed),
      new_ports: this.#newPorts,
      bypassing: this.#bypassing.counts,
    };
  }

  #counted(type: SocketEventType): { happened: number; suppressed: number } {
    const value = this.#parts.counters.lookup(u32(EventTypeNames.indexOf(type.toLowerCase())))!;
    const found =
      type === "PACKET_SOCKET" ? this.#found : type === "PACKET_BYPASS" ? this.#bypassing.found : { happened: 0, suppressed: 0 };
    return {
      happened: Number(value.readBigUInt64LE(SocketCounter.happened)) + found.happened,
      suppressed: Number(value.readBigUInt64LE(SocketCounter.suppressed)) + found.suppressed,
    };
  }

  /** If the kernel does not give a list, the events that need it are not completed. */
  #try(work: () => void): void {
    try {
      work();
      this.trouble = [];
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.trouble = [`some events about sockets are not reported: ${(error as Error).message}`];
  }
}

function nameOf(one: Endpoint, other: Endpoint): string {
  return `${one.address} ${one.port} ${other.address} ${other.port}`;
}
