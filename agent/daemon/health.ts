/** What is not as it should be, by who says so. */

import type { Health } from "../observe/events/snapshot.ts";

export class HealthBoard {
  readonly #reasons = new Map<string, string[]>();
  readonly #followed: [source: string, reasons: () => string[]][] = [];
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

  /** Each `look` reports what `reasons` answers then. */
  follow(source: string, reasons: () => string[]): void {
    this.#followed.push([source, reasons]);
  }

  /** Asks all that are followed. */
  look(): void {
    for (const [source, reasons] of this.#followed) this.report(source, reasons());
  }

  get current(): Health {
    const reasons = [...this.#reasons.values()].flat();
    return { state: reasons.length === 0 ? "ok" : "degraded", reasons };
  }
}
