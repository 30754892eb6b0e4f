/** Takes the path of the control socket: safely, and for one agent at a time. */

import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import { rmdir } from "node:fs/promises";
import type { Server } from "node:http";
import { connect } from "node:net";
import { dirname } from "node:path";
import { readOutsideNow } from "../files/outside-file.ts";
import { AuditRefusal, safeFolder } from "../../audit/file.ts";
import { Lock } from "../../audit/lock.ts";
import { ControlClient } from "./client.ts";
import { Refusal } from "../values/refusal.ts";
import { codeOf } from "../values/error-code.ts";

/** Of a Unix socket's address, without its final NUL. */
const LONGEST_PATH = 107;
/** A lock file holds the number of a process. */
const LARGEST_LOCK = 4096;
const PRIVATE_UMASK = 0o177;
/** Others reach the socket, and see nothing else. */
const PASSABLE = 0o711;

/** As long as it is held, no other agent can listen on the path. The kernel ends it with the process. */
export interface SocketClaim {
  readonly path: string;
  release(): Promise<void>;
}

/**
 * Refuses when another agent has the path, when its folder is not safe, or when something else has the name. To be
 * called before anything in the kernel is touched, so that a second agent cannot disturb the first.
 */
export async function claimSocket(path: string): Promise<SocketClaim> {
  if (Buffer.byteLength(path) > LONGEST_PATH) {
    throw new Refusal(`The path of the control socket is longer than the ${LONGEST_PATH} bytes Linux allows: ${path}`, {
      next: "Choose a shorter control_socket, as /run/weir/control.sock.",
    });
  }
  const folder = dirname(path);
  const isNew = statusOf(folder) === undefined;
  await checkFolder(folder);
  if (isNew) chmodSync(folder, PASSABLE);
  const lock = await lockFor(path);
  try {
    await removeStale(path);
  } catch (error) {
    await lock.release();
    throw error;
  }
  return {
    path,
    async release() {
      await lock.release();
      if (isNew) await rmdir(folder).catch(() => {}); // others may keep something there by now
    },
  };
}

async function checkFolder(folder: string): Promise<void> {
  try {
    if (statusOf(folder)?.isSymbolicLink()) throw new Error(`${folder} is a symbolic link, and weir follows none to its control socket`);
    await safeFolder(folder, process.geteuid!());
  } catch (cause) {
    throw new Refusal(`The control socket cannot be made safely: ${(cause as Error).message}.`, {
      next: "Put right what it names, or choose another control_socket (or WEIR_CONTROL_SOCKET).",
      cause,
    });
  }
}

async function lockFor(path: string): Promise<Lock> {
  const file = `${path}.lock`;
  try {
    return await Lock.acquire(file);
  } catch (error) {
    if (error instanceof AuditRefusal) throw alreadyRunning(path, pidIn(file));
    throw notListening(path, error);
  }
}

/** The lock is ours: a socket that is there belongs to an agent that was killed. */
async function removeStale(path: string): Promise<void> {
  const found = statusOf(path);
  if (!found) return;
  if (!found.isSocket()) {
    const kind = found.isSymbolicLink() ? "a symbolic link" : "not a socket";
    throw new Refusal(`${path} is ${kind}, so weir does not put its control socket there.`, {
      next: "It may be somebody's file, and is left as it is. Choose another control_socket (or WEIR_CONTROL_SOCKET), as /run/weir/control.sock.",
    });
  }
  if (await answers(path)) throw alreadyRunning(path, await pidOfOther(path));
  unlinkSync(path);
}

function statusOf(path: string) {
  return lstatSync(path, { throwIfNoEntry: false });
}

export function pidIn(lockFile: string): number | undefined {
  try {
    return Number.parseInt(readOutsideNow(lockFile, LARGEST_LOCK).toString("latin1"), 10) || undefined;
  } catch {
    return undefined; // released meanwhile
  }
}

/** Something listens without the lock: another weir, whose lock file was removed, or another program. */
function pidOfOther(path: string): Promise<number | undefined> {
  return new ControlClient(path, { timeoutMs: 2_000 }).status().then(
    ({ pid }) => pid,
    () => undefined,
  );
}

/** A socket that nobody listens on refuses; whatever else goes wrong, somebody may be there. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", (error) => resolve(!["ECONNREFUSED", "ENOENT"].includes(codeOf(error))));
  });
}

export function alreadyRunning(path: string, pid: number | undefined): Refusal {
  return new Refusal(`Another weir is already running (pid ${pid ?? "unknown"}) and has ${path}.`, {
    kind: "conflict",
    next: `See what it does with "weir status", or stop it first${pid === undefined ? "" : `: kill ${pid}`}.`,
  });
}

export function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(notListening(path, error)));
    // The socket is bound before listen() returns, and must not be open to others for a moment.
    const umask = process.umask(PRIVATE_UMASK);
    try {
      server.listen({ path, backlog: 511 }, () => {
        server.removeAllListeners("error");
        resolve();
      });
    } finally {
      process.umask(umask);
    }
  });
}

function notListening(path: string, cause: unknown): Refusal {
  return new Refusal(`The control socket ${path} cannot be made: ${(cause as Error).message}.`, {
    next: "Check the folder, or choose another control_socket (or WEIR_CONTROL_SOCKET).",
    cause,
  });
}
