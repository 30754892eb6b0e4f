/** Sums by the name of the program, for metrics: a limited number of names, and one for all others. */

import { basename } from "node:path";

import { ProgramNames } from "../enrich/program-names.ts";
import type { ExecutableRow } from "../events/snapshot.ts";
import { type Account, UNKNOWN } from "../flows/groups.ts";
import type { ConnectionTraffic } from "./tally.ts";

export class Executables {
  readonly #names = new ProgramNames();
  readonly #rows = new Map<string, ExecutableRow>();

  count(account: Account): void {
    this.#rowOf(account).connections++;
  }

  add(account: Account, { sent, received }: ConnectionTraffic): void {
    const row = this.#rowOf(account);
    row.sent += sent;
    row.received += received;
  }

  rows(): ExecutableRow[] {
    return Array.from(this.#rows.values(), (row) => ({ ...row }));
  }

  #rowOf({ process }: Account): ExecutableRow {
    const name = this.#names.nameOf(process === undefined ? UNKNOWN : basename(process.executable ?? process.name));
    let row = this.#rows.get(name);
    if (row === undefined) this.#rows.set(name, (row = { name, connections: 0, sent: 0, received: 0 }));
    return row;
  }
}
