/** What is kept in the state directory: whole or not at all, for root alone, on the disk before anything relies on it. */

import { renameSync, writeFileSync } from "node:fs";

/** Files of the state directory that hold a few facts are read up to this size. */
export const LARGEST_STATE = 1 << 20;

export function keepState(path: string, state: unknown): void {
  const temporary = `${path}.new`;
  writeFileSync(temporary, `${JSON.stringify(state)}\n`, { mode: 0o600, flush: true });
  renameSync(temporary, path);
}
