/** Collects problems by their source. */

import type { Health } from "../observe/events/snapshot.ts";

export class HealthBoard {
  readonly #reasons = new Map<string, string[]>();
  readonly #followed: [source: string, reasons: () => string[]][] = [];
  readonly #onChange: (health: Health) => void;

  constructor(onChange: (health: Health) => void) {
    this.#onChange = onChange;
  }

  /** Replaces the earlier reasons of this source. An empty list means that there is no problem. */
  report(source: string, reasons: string[]): void {
    const before = this.#reasons.get(source) ?? [];
    if (before.join("\n") === reasons.join("\n")) return;
    if (reasons.length === 0) this.#reasons.delete(source);
    else this.#reasons.set(source, reasons);
    this.#onChange(this.current);
  }

  /** Each `look` reports the result of `reasons` at that time. */
  follow(source: string, reasons: () => string[]): void {
    this.#followed.push([source, reasons]);
  }

  /** Asks all sources that are followed. */
  look(): void {
    for (const [source, reasons] of this.#followed) this.report(source, reasons());
  }

  get current(): Health {
    const reasons = [...this.#reasons.values()].flat();
    return { state: reasons.length === 0 ? "ok" : "degraded", reasons };
  }
}
