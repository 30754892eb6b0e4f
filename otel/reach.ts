/**
 * Knows whether a collector can be reached at an address. All signals to that address share this knowledge. While the collector
 * cannot be reached, one signal tries now and then for all, with ever longer pauses. If nobody configured the address, each
 * connection is checked before anything is sent on it.
 */

import type { AgentOptions, ClientRequestArgs } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Agent as HttpAgent } from "../agent/values/http.ts";
import type { Target } from "./environment.ts";
import { DeliveryProblem } from "./trouble.ts";

export interface Ends {
  local: { address: string; port: number };
  remote: { address: string; port: number };
}

/** A guard knows the sockets of this host. */
export interface Guard {
  /** Returns whether a socket of this host listens on the port. */
  listens(port: number): boolean;
  /** Resolves to the reason why nothing is sent to the other end of a connection inside this host; undefined if records may be sent. */
  refuses(ends: Ends): Promise<string | undefined>;
}

export type Connected = (error: Error | null, socket?: Duplex) => void;

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
/** Checking the other end takes a while on a busy host, however short the time limit for a batch is. */
const LEAST_PATIENCE_MS = 10_000;

export class Reach {
  readonly #guard: Guard | undefined;
  readonly #now: () => number;
  #problem: Error | undefined;
  #pause = 0;
  #next = 0;
  #trying = false;

  /** @param guard checks connections to an address that nobody configured */
  constructor(guard: Guard | undefined, now: () => number = () => performance.now()) {
    this.#guard = guard;
    this.#now = now;
  }

  /** The reason why nobody can be reached, while it is too early to try again. */
  get problem(): Error | undefined {
    return this.#problem !== undefined && this.#now() < this.#next ? this.#problem : undefined;
  }

  /** Returns false while it is too early to try. If the last attempt failed, the caller that gets true tries for all. */
  mayTry(): boolean {
    if (this.problem !== undefined) return false;
    if (this.#problem !== undefined) {
      this.#next = this.#now() + LONGEST_PAUSE_MS;
      this.#trying = true;
    }
    return true;
  }

  reached(): void {
    this.#problem = undefined;
    this.#pause = 0;
    this.#trying = false;
  }

  /** Several signals may fail at once; that counts as one attempt. */
  missed(problem: Error): void {
    if (this.#problem === undefined || this.#trying) {
      this.#pause = Math.min(Math.max(FIRST_PAUSE_MS, this.#pause * 2), LONGEST_PAUSE_MS);
      this.#next = this.#now() + this.#pause;
    }
    this.#problem = problem;
    this.#trying = false;
  }

  /**
   * Opens a connection that may be used, or rejects with the reason. `open` makes the connection, and `event` is the event that
   * reports it as open.
   */
  connect(port: number, patience: number, event: "connect" | "secureConnect", open: () => Socket, done: Connected): Socket | undefined {
    const fail = (error: Error): void => {
      this.missed(error);
      done(error);
    };
    if (!this.mayTry()) {
      process.nextTick(done, this.#problem);
      return undefined;
    }
    // An attempt that cannot succeed would be a useless packet, and a drop in the list of drops.
    if (this.#guard !== undefined && !this.#listens(this.#guard, port)) {
      process.nextTick(fail, Object.assign(new Error(`nobody listens on port ${port}`), { code: "ECONNREFUSED" }));
      return undefined;
    }
    const socket = open();
    let settled = false;
    const settle = (problem?: Error): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      socket.off("error", settle).off("close", gone);
      if (problem === undefined) {
        this.reached();
        done(null, socket);
      } else {
        socket.on("error", () => {}).destroy();
        fail(problem);
      }
    };
    const gone = (): void => settle(Object.assign(new Error("the connection was closed"), { code: "ECONNRESET" }));
    const timer = setTimeout(
      () => settle(Object.assign(new Error("no answer to the attempt to connect"), { code: "ETIMEDOUT" })),
      patience,
    );
    socket.once("error", settle).once("close", gone);
    socket.once(
      event,
      () =>
        void this.#refusal(socket).then(
          (reason) => settle(reason === undefined ? undefined : new DeliveryProblem("stranger", reason)),
          settle,
        ),
    );
    return socket;
  }

  #listens(guard: Guard, port: number): boolean {
    try {
      return guard.listens(port);
    } catch {
      return true; // the check of the connection decides
    }
  }

  async #refusal({ localAddress, localPort, remoteAddress, remotePort }: Socket): Promise<string | undefined> {
    if (this.#guard === undefined) return undefined;
    try {
      return await this.#guard.refuses({
        local: { address: localAddress!, port: localPort! },
        remote: { address: remoteAddress!, port: remotePort! },
      });
    } catch (error) {
      return `weir cannot find out who is at its other end (${(error as Error).message})`;
    }
  }

  /** Finds out whether anybody listens, before there is anything to send. */
  probe({ url, patience }: Pick<Target, "url" | "patience">, done: (error: Error | null) => void): void {
    const { host, port } = placeOf(url);
    this.connect(
      port,
      Math.max(patience, LEAST_PATIENCE_MS),
      "connect",
      () => connect({ host, port }),
      (error, socket) => {
        socket?.destroy();
        done(error);
      },
    )?.unref();
  }

  /** Makes connections for the exporter, which keeps them. */
  agent({ url, tls, patience }: Pick<Target, "url" | "tls" | "patience">): HttpAgent {
    const { port, secure } = placeOf(url);
    const longest = Math.max(patience, LEAST_PATIENCE_MS);
    return secure
      ? watched(HttpsAgent, { keepAlive: true, ...tls }, (open, done) => this.connect(port, longest, "secureConnect", open, done))
      : watched(HttpAgent, { keepAlive: true }, (open, done) => this.connect(port, longest, "connect", open, done));
  }
}

/** Makes an agent whose connections come from `connectBy` only. Destroying it also ends connections that are still being made. */
function watched(
  Base: typeof HttpAgent,
  options: AgentOptions,
  connectBy: (open: () => Socket, done: Connected) => Socket | undefined,
): HttpAgent {
  class Watched extends Base {
    readonly #opening = new Set<Socket>();

    override createConnection(wanted: ClientRequestArgs, done?: (error: Error | null, socket: Duplex) => void): Duplex {
      const socket = connectBy(
        () => super.createConnection(wanted) as Socket,
        (error, made) => {
          if (socket !== undefined) this.#opening.delete(socket);
          done?.(error, made!);
        },
      );
      if (socket !== undefined) this.#opening.add(socket);
      // Node waits for `done` if it gets no socket here. Its types do not know that.
      return undefined as unknown as Duplex;
    }

    override destroy(): void {
      for (const socket of this.#opening) socket.destroy();
      super.destroy();
    }
  }
  return new Watched(options);
}

function placeOf(url: string): { host: string; port: number; secure: boolean } {
  const { hostname, port, protocol } = new URL(url);
  const secure = protocol === "https:";
  return { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port) || (secure ? 443 : 80), secure };
}
