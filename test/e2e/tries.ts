/** Attempts to reach a port, made inside a namespace, and how each ends: what a program there would see. */

import { join } from "node:path";

import type { Lab } from "../harness/netns.ts";

export interface Try {
  protocol: "tcp" | "udp";
  host: string;
  port: number;
  /** Of a datagram; 1 if absent. */
  bytes?: number;
  /** Who expects an answer waits long, who expects none does not. */
  patience: number;
}

/** `connected`, `answered`, the code of an error, or `silence`. */
export async function attempt(lab: Lab, namespace: string, tries: readonly Try[]): Promise<string[]> {
  const script = join(import.meta.dirname, "tries-child.ts");
  return JSON.parse(await lab.exec(namespace, process.execPath, script, JSON.stringify(tries))) as string[];
}
