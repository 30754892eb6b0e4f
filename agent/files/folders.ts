/**
 * Makes folders at paths that come from outside. Node's own recursive mkdir never ends where the last existing folder answers "no
 * such file" to every new name, as /proc does.
 */

import { mkdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";

const PRIVATE = 0o700;

/** Makes the folder and those above it, for root alone, unless they are there. An error says which folder cannot be made, and why. */
export async function makeFolder(path: string): Promise<void> {
  const whole = resolve(path);
  if (await isMade(whole)) return;
  await makeFolder(dirname(whole)); // "/" always exists, so the recursion ends
  if (!(await isMade(whole))) throw new Error(`the folder ${whole} cannot be made: ${dirname(whole)} is there, and takes no new folders`);
}

/**
 * Returns false where the folder above is missing. If a file is in the folder's place, this returns true, and the caller notices
 * it on use.
 */
async function isMade(path: string): Promise<boolean> {
  try {
    await mkdir(path, { mode: PRIVATE });
    return true;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" || path === dirname(path)) return true;
    if (code === "ENOENT") return false;
    throw new Error(`the folder ${path} cannot be made: ${message}`, { cause: error });
  }
}
