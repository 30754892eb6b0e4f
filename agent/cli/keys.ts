/** Reads the keys that a live view obeys. The terminal passes them one by one, and then does not handle Ctrl-C and Ctrl-Z itself. */

import { readFileSync } from "node:fs";

const QUIT = new Set(["q", "Q", "\x03"]);
const SUSPEND = "\x1a";

export interface Keys {
  /** Restores the terminal. */
  close(): void;
}

/** `q` and Ctrl-C end the process as SIGINT does, and Ctrl-Z stops it. Without a terminal, or in the background, nothing is read. */
export function obeyKeys(
  input: NodeJS.ReadStream = process.stdin,
  signal: (name: NodeJS.Signals) => void = (name) => void process.kill(process.pid, name),
): Keys {
  if (!input.isTTY) return { close: () => {} };
  const onData = (keys: Buffer | string): void => {
    for (const key of String(keys)) {
      if (QUIT.has(key)) signal("SIGINT");
      if (key !== SUSPEND) continue;
      release();
      signal("SIGTSTP");
    }
  };
  const take = (): void => {
    // The kernel stops a background process that touches the terminal.
    if (!isForeground()) return;
    input.setRawMode(true);
    input.off("data", onData).on("data", onData).resume();
  };
  const release = (): void => {
    input.off("data", onData).pause();
    if (isForeground()) input.setRawMode(false);
  };
  take();
  process.on("SIGCONT", take);
  return {
    close() {
      process.off("SIGCONT", take);
      release();
    },
  };
}

/** Returns whether the process group of this process is the foreground group of the terminal. */
function isForeground(): boolean {
  const stat = readFileSync("/proc/self/stat", "latin1");
  // The name in field 2 may contain spaces and brackets, so the fields are counted from its last bracket.
  const [, , group, , , foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return group === foreground;
}
