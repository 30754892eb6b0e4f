/** Remembers which programs listened on which ports, so that a new one is recognised. If there are very many, the first are forgotten. */

import { Recent } from "../enrich/recent.ts";
import type { ProcessReference } from "../events/event.ts";

const CAPACITY = 16_384;

export class KnownListeners {
  readonly #known = new Recent<string, true>(CAPACITY);

  /**
   * Returns true the first time. A program is known by its file, or by its name if the file is unknown. A listener without a
   * known program is never new.
   */
  isNew(protocol: string, port: number, process: ProcessReference | undefined): boolean {
    const key = (program: string): string => `${protocol} ${port} ${program}`;
    const own = key(process?.executable ?? process?.name ?? "");
    if (this.#known.renew(own) ?? this.#known.renew(key(""))) return false;
    this.#known.set(own, true);
    return true;
  }
}
