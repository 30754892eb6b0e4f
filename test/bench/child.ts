/** Scripts that run inside a namespace and talk with the benchmark that started them. */

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

import type { Lab } from "../harness/netns.ts";

/** Starts a script of this folder; it has said a first word. */
export async function ready(lab: Lab, namespace: string, script: string, ...words: string[]): Promise<ChildProcess> {
  const child = lab.spawn(namespace, [process.execPath, join(import.meta.dirname, script), ...words], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  await answer(child);
  return child;
}

/** The next that it says. */
export async function answer(child: ChildProcess): Promise<unknown> {
  const over = new AbortController();
  const ended = once(child, "exit", over).then(([code]) => {
    throw new Error(`${child.spawnargs.join(" ")} has ended with ${code}`);
  });
  try {
    const [said] = (await Promise.race([once(child, "message", over), ended])) as [unknown];
    return said;
  } finally {
    ended.catch(() => {}); // that it is no longer waited for
    over.abort();
  }
}
