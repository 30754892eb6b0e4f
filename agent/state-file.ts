/** What is kept in the state directory: whole or not at all, for root alone, on the disk before anything relies on it. */

import { renameSync, writeFileSync } from "node:fs";

export function keepState(path: string, state: unknown): void {
  const temporary = `${path}.new`;
  writeFileSync(temporary, `${JSON.stringify(state)}\n`, { mode: 0o600, flush: true });
  renameSync(temporary, path);
}
