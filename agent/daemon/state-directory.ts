/** Claims a state directory, and with it the pins in the kernel that belong to it, for one agent at a time. */

import { join } from "node:path";
import { AuditRefusal } from "../../audit/file.ts";
import { makeFolder } from "../files/folders.ts";
import { Lock } from "../../audit/lock.ts";
import { Refusal } from "../values/refusal.ts";
import { alreadyRunning, pidIn } from "../api/socket.ts";

/** Takes the lock that a process holds while it changes what is in force. The kernel releases it with the process. */
export async function claimStateDirectory(path: string): Promise<Lock> {
  await makeFolder(path).catch((cause: Error) => {
    throw new Refusal(`The state directory cannot be made: ${cause.message}.`, {
      next: "Choose another state_dir (or WEIR_STATE_DIR), as /var/lib/weir.",
      cause,
    });
  });
  const file = join(path, "agent.lock");
  try {
    return await Lock.acquire(file);
  } catch (error) {
    throw error instanceof AuditRefusal ? alreadyRunning(path, pidIn(file)) : error;
  }
}
