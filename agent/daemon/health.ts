/** What is not as it should be, by who says so. */

import type { Health } from "../observe/events/snapshot.ts";

export class HealthBoard {
  readonly #reasons = new Map<string, string[]>();
  readonly #onChange: (health: Health) => void;

  constructor(onChange: (health: Health) => void) {
    this.#onChange = onChange;
  }

  /** Replaces what this source said before; no reasons mean that it is well. */
  report(source: string, reasons: string[]): void {
    const before = this.#reasons.get(source) ?? [];
    if (before.join("\n") === reasons.join("\n")) return;
    if (reasons.length === 0) this.#reasons.delete(source);
    else this.#reasons.set(source, reasons);
    this.#onChange(this.current);
  }

  get current(): Health {
    const reasons = [...this.#reasons.values()].flat();
    return { state: reasons.length === 0 ? "ok" : "degraded", reasons };
  }
}
