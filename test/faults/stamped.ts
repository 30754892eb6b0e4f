/** The two ends of traffic whose every datagram says when it was sent. */

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

import type { Lab } from "../harness/netns.ts";
import type { Stamps } from "./stamped-child.ts";

export async function child(lab: Lab, namespace: string, ...words: readonly (string | number)[]): Promise<ChildProcess> {
  const started = lab.spawn(namespace, [process.execPath, join(import.meta.dirname, "stamped-child.ts"), ...words.map(String)], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  await once(started, "message");
  return started;
}

/** What it sent, which ends it, or received. */
export async function ask(asked: ChildProcess): Promise<Stamps> {
  const answer = once(asked, "message");
  asked.send("how many");
  return ((await answer) as [Stamps])[0];
}
