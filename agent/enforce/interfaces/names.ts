/** Knows the names of interfaces by their numbers, also for a while after an interface is gone. */

import { Limit } from "../../generated/layout.ts";

export class InterfaceNames {
  readonly #names = new Map<number, string>();

  of(ifindex: number): string {
    return this.#names.get(ifindex) ?? `#${ifindex}`;
  }

  /** Notes a name. The names that were noted longest ago are forgotten. */
  note(ifindex: number, name: string): void {
    this.#names.delete(ifindex);
    this.#names.set(ifindex, name);
    if (this.#names.size > Limit.INTERFACE_PLACES) this.#names.delete(this.#names.keys().next().value!);
  }
}
