/** Finds the SSH connection by which the operator gives a command. */

import { readFileSync } from "node:fs";

import { type OperatorSession, parseSession } from "../values/session.ts";

const ANCESTORS = 32;

/**
 * Reads SSH_CONNECTION here or, because sudo removes it, from the nearest ancestor that has it.
 * `proc` is the mounted procfs.
 */
export function operatorSession(env: NodeJS.ProcessEnv = process.env, parent = process.ppid, proc = "/proc"): OperatorSession | undefined {
  const own = parseSession(env["SSH_CONNECTION"]);
  if (own) return own;
  let pid = parent;
  for (let depth = 0; depth < ANCESTORS && pid > 1; depth++) {
    try {
      const entry = readFileSync(`${proc}/${pid}/environ`, "latin1")
        .split("\0")
        .find((line) => line.startsWith("SSH_CONNECTION="));
      const session = parseSession(entry?.slice("SSH_CONNECTION=".length));
      if (session) return session;
      // The command name in field 2 may contain spaces and brackets, so the fields are counted from its last bracket.
      const stat = readFileSync(`${proc}/${pid}/stat`, "latin1");
      pid = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    } catch {
      return undefined; // the ancestor has ended, or this user may not read it
    }
  }
  return undefined;
}
