/** What programs did, by their names alone, for metrics: the first so many names, and one for all others. */

import { basename } from "node:path";

import type { ExecutableRow } from "../events/snapshot.ts";
import { type Account, OTHER, UNKNOWN } from "../flows/groups.ts";
import type { Carried } from "./tally.ts";

const MOST = 200;

export class Executables {
  readonly #rows = new Map<string, ExecutableRow>();

  count(account: Account): void {
    this.#rowOf(account).connections++;
  }

  carry(account: Account, { sent, received }: Carried): void {
    const row = this.#rowOf(account);
    row.sent += sent;
    row.received += received;
  }

  rows(): ExecutableRow[] {
    return Array.from(this.#rows.values(), (row) => ({ ...row }));
  }

  #rowOf({ process }: Account): ExecutableRow {
    const wanted = process === undefined ? UNKNOWN : basename(process.executable ?? process.name);
    const name = this.#rows.has(wanted) || this.#rows.size < MOST - 1 ? wanted : OTHER;
    let row = this.#rows.get(name);
    if (row === undefined) this.#rows.set(name, (row = { name, connections: 0, sent: 0, received: 0 }));
    return row;
  }
}
