/** Asks a person before something is lost. */

import { createInterface } from "node:readline/promises";
import { UsageError } from "./arguments.ts";

/** `what` is the message if nobody can be asked. */
export async function confirmed(question: string, what: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new UsageError(`there is no terminal to ask on; use --yes to ${what}`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
}
