/** What a check finds in a configuration, before it is known where in the file that is. */

import type { Path } from "./text/wanted.ts";

export interface Finding {
  path: Path;
  /** True where the key itself is wrong, not its value. */
  ofKey: boolean;
  message: string;
  value?: unknown;
  suggestion?: string;
}

export interface Details {
  ofKey?: boolean;
  value?: unknown;
  suggestion?: string | undefined;
}

/** Nobody reads more at once, and a file of garbage must not become a list of garbage. */
const MOST_KEPT = 100;
export const MOST_COUNTED = 1_000;

export class Findings {
  readonly kept: Finding[] = [];
  count = 0;

  add(path: Path, message: string, { ofKey = false, value, suggestion }: Details = {}): void {
    this.count++;
    if (this.kept.length >= MOST_KEPT) return;
    this.kept.push({
      path: [...path],
      ofKey,
      message,
      ...(value === undefined ? {} : { value }),
      ...(suggestion === undefined ? {} : { suggestion }),
    });
  }

  /** Whether looking for more is not worth the time. */
  get full(): boolean {
    return this.count >= MOST_COUNTED;
  }

  /** What is said of those that are not kept. */
  get rest(): string | undefined {
    const more = this.count - this.kept.length;
    return more === 0 ? undefined : `and ${this.full ? "at least " : ""}${more} more`;
  }
}

/** A path as people write it: rules[3].layer4.protocol */
export function formatPath(path: Path): string {
  return path
    .map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`))
    .join("")
    .replace(/^\./, "");
}
