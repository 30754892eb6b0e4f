/**
 * Adds the traffic of long connections while they live, about once a minute, and at the end only the rest. Each call handles a
 * part of them, so that no call takes long.
 */

import type { ConnectionEvent } from "../events/event.ts";
import type { ConnectionTraffic } from "./tally.ts";

/** After this many calls all had their turn. */
const PARTS = 12;
/** Beyond this number, connections are added at their ends, like short ones. */
const MOST = 16_384;

type Connection = Pick<ConnectionEvent, "interface" | "protocol" | "source" | "destination" | "vlan" | "tunnel">;

interface Known {
  traffic: ConnectionTraffic;
  round: number;
}

export class LongLived {
  readonly #known = new Map<string, Known>();
  readonly #most: number;
  #looks = 0;

  constructor(most = MOST) {
    this.#most = most;
  }

  /** Returns whether it is the turn of a connection, by any number that stays with it. */
  isDue(number: number): boolean {
    return number % PARTS === this.#looks % PARTS;
  }

  /** Call this after each walk. Connections that were not seen in it are forgotten. */
  finishLook(): void {
    this.#looks++;
    if (this.#looks % PARTS !== 0) return;
    for (const [key, { round }] of this.#known) if (this.#round - round > 1) this.#known.delete(key);
  }

  /** Returns the traffic since the last call, and remembers the sum. */
  advance(connection: Connection, traffic: ConnectionTraffic): ConnectionTraffic {
    const key = keyOf(connection);
    if (!this.#known.has(key) && this.#known.size >= this.#most) return NOTHING;
    const fresh = difference(traffic, this.#known.get(key)?.traffic);
    this.#known.set(key, { traffic, round: this.#round });
    return fresh;
  }

  /** Returns the traffic that is not added yet. */
  rest(connection: Connection, traffic: ConnectionTraffic): ConnectionTraffic {
    return this.#known.size === 0 ? traffic : difference(traffic, this.#known.get(keyOf(connection))?.traffic);
  }

  /** Returns the traffic of a connection that ended which is not added yet. */
  finish(connection: Connection, traffic: ConnectionTraffic): ConnectionTraffic {
    const rest = this.rest(connection, traffic);
    if (this.#known.size > 0) this.#known.delete(keyOf(connection));
    return rest;
  }

  get #round(): number {
    return Math.floor(this.#looks / PARTS);
  }
}

const NOTHING: ConnectionTraffic = { packets: 0, sent: 0, received: 0 };

/** If more is remembered than the connection carried, the memory belongs to another connection with the same ends. */
function difference(traffic: ConnectionTraffic, before: ConnectionTraffic = NOTHING): ConnectionTraffic {
  if (before.packets > traffic.packets) return traffic;
  return { packets: traffic.packets - before.packets, sent: traffic.sent - before.sent, received: traffic.received - before.received };
}

function keyOf({ interface: on, protocol, source, destination, vlan, tunnel }: Connection): string {
  return [on, protocol, source.address, source.port, destination.address, destination.port, vlan, tunnel?.kind, tunnel?.id].join(" ");
}
