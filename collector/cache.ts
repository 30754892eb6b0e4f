/** Keeps things that take long to make and depend only on their inputs. They are made once for each user, outside the checkout. */

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

function cacheDirectory(): string {
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "weir");
}

/**
 * Returns the directory that `make` filled for these inputs, now or earlier. It appears whole or not at all. If several processes
 * ask at once, one makes it while the others wait.
 */
export async function cached(name: string, inputs: string, make: (directory: string) => Promise<void>): Promise<string> {
  const root = cacheDirectory();
  const target = join(root, `${name}-${createHash("sha256").update(inputs).digest("hex").slice(0, 16)}`);
  if (existsSync(target)) return target;

  await mkdir(root, { recursive: true });
  await using _held = await lock(`${target}.lock`);
  if (existsSync(target)) return target;
  const unfinished = await mkdtemp(`${target}.unfinished-`);
  try {
    await make(unfinished);
    await rename(unfinished, target);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
  return target;
}

/** A child holds the lock and ends with this process, so that a killed process leaves no lock behind. */
async function lock(path: string): Promise<AsyncDisposable> {
  const holder = spawn("flock", [path, "sh", "-c", "echo held; exec cat"], { stdio: ["pipe", "pipe", "inherit"] });
  await Promise.race([
    once(holder.stdout, "data"),
    once(holder, "error").then(([error]) => Promise.reject(error as Error)),
    once(holder, "exit").then(() => Promise.reject(new Error(`cannot lock ${path}`))),
  ]);
  return {
    async [Symbol.asyncDispose]() {
      const gone = once(holder, "exit");
      holder.stdin.end();
      await gone;
    },
  };
}
