/** Which programs listened on which ports, so that it can be told what is new. The first of very many are forgotten. */

import { Recent } from "../enrich/recent.ts";
import type { ProcessReference } from "../events/event.ts";

const CAPACITY = 16_384;

export class KnownListeners {
  readonly #known = new Recent<string, true>(CAPACITY);

  /**
   * True the first time. A program is known by its file, or where nobody knows that by its name; where a listener is
   * nobody's that is known, it may be anybody's.
   */
  isNew(protocol: string, port: number, process: ProcessReference | undefined): boolean {
    const key = (program: string): string => `${protocol} ${port} ${program}`;
    const own = key(process?.executable ?? process?.name ?? "");
    if (this.#known.renew(own) ?? this.#known.renew(key(""))) return false;
    this.#known.set(own, true);
    return true;
  }
}
