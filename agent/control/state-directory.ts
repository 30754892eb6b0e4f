/** Takes a state directory, and with it what is pinned in the kernel for it: one agent at a time. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { AuditRefusal } from "../../audit/file.ts";
import { Lock } from "../../audit/lock.ts";
import { alreadyRunning, pidIn } from "./socket.ts";

/** Held by whoever may change what is in force. The kernel ends it with the process. */
export async function claimStateDirectory(path: string): Promise<Lock> {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const file = join(path, "agent.lock");
  try {
    return await Lock.acquire(file);
  } catch (error) {
    throw error instanceof AuditRefusal ? alreadyRunning(path, pidIn(file)) : error;
  }
}
