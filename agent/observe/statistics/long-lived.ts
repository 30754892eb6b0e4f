/**
 * Connections that last: what they carry is added up while they live, about once a minute, and at the end only what came
 * since. A part of them is looked at each time, so that no look takes long.
 */

import type { ConnectionEvent } from "../events/event.ts";
import type { Carried } from "./tally.ts";

/** Looks until all had their turn. */
const PARTS = 12;
/** More than so many are added up at their ends, as short ones are. */
const MOST = 16_384;

type Connection = Pick<ConnectionEvent, "interface" | "protocol" | "source" | "destination" | "vlan" | "tunnel">;

interface Known {
  carried: Carried;
  round: number;
}

export class LongLived {
  readonly #known = new Map<string, Known>();
  readonly #most: number;
  #looks = 0;

  constructor(most = MOST) {
    this.#most = most;
  }

  /** Whether it is the turn of a connection, by any number that stays with it. */
  isDue(number: number): boolean {
    return number % PARTS === this.#looks % PARTS;
  }

  /** After each look; those that went unnoticed are forgotten. */
  finishLook(): void {
    this.#looks++;
    if (this.#looks % PARTS !== 0) return;
    for (const [key, { round }] of this.#known) if (this.#round - round > 1) this.#known.delete(key);
  }

  /** What of it is new; from now on that is known. */
  advance(connection: Connection, carried: Carried): Carried {
    const key = keyOf(connection);
    if (!this.#known.has(key) && this.#known.size >= this.#most) return NOTHING;
    const fresh = difference(carried, this.#known.get(key)?.carried);
    this.#known.set(key, { carried, round: this.#round });
    return fresh;
  }

  /** What of it is not added up yet. */
  rest(connection: Connection, carried: Carried): Carried {
    return this.#known.size === 0 ? carried : difference(carried, this.#known.get(keyOf(connection))?.carried);
  }

  /** The same of one that ended. */
  finish(connection: Connection, carried: Carried): Carried {
    const rest = this.rest(connection, carried);
    if (this.#known.size > 0) this.#known.delete(keyOf(connection));
    return rest;
  }

  get #round(): number {
    return Math.floor(this.#looks / PARTS);
  }
}

const NOTHING: Carried = { packets: 0, sent: 0, received: 0 };

/** Of another connection with the same ends there may be more known than it carried: then it is not this one. */
function difference(carried: Carried, before: Carried = NOTHING): Carried {
  if (before.packets > carried.packets) return carried;
  return { packets: carried.packets - before.packets, sent: carried.sent - before.sent, received: carried.received - before.received };
}

function keyOf({ interface: on, protocol, source, destination, vlan, tunnel }: Connection): string {
  return [on, protocol, source.address, source.port, destination.address, destination.port, vlan, tunnel?.kind, tunnel?.id].join(" ");
}
