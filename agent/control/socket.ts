/** Takes the path of the control socket: safely, and for one agent at a time. */

import { chmodSync, lstatSync, renameSync, unlinkSync } from "node:fs";
import type { Server } from "node:http";
import { connect } from "node:net";
import { dirname } from "node:path";
import { safeFolder } from "../../audit/file.ts";
import { ControlClient } from "./client.ts";
import { ControlError } from "./contract.ts";
import { codeOf } from "./error-code.ts";

/** Of a Unix socket's address, without its final NUL. */
const LONGEST_PATH = 107;
const PRIVATE_UMASK = 0o177;
const ATTEMPTS = 3;

/** Refuses when another agent answers there, when the folder is not safe, or when something else has the name. */
export async function listenSafely(server: Server, path: string): Promise<void> {
  if (Buffer.byteLength(path) > LONGEST_PATH) {
    throw new ControlError(`The path of the control socket is longer than the ${LONGEST_PATH} bytes Linux allows: ${path}`, {
      next: "Choose a shorter control_socket, as /run/weir/control.sock.",
    });
  }
  await checkFolder(dirname(path));
  for (let attempt = 1; ; attempt++) {
    await removeStale(path);
    try {
      return await listen(server, path);
    } catch (error) {
      // Another agent took the name between the two steps: look again, and find it alive.
      if (codeOf(error) !== "EADDRINUSE" || attempt === ATTEMPTS) throw notListening(path, error);
    }
  }
}

async function checkFolder(folder: string): Promise<void> {
  try {
    if (statusOf(folder)?.isSymbolicLink()) throw new Error(`${folder} is a symbolic link, and weir follows none to its control socket`);
    await safeFolder(folder, process.geteuid!());
  } catch (cause) {
    throw new ControlError(`The control socket cannot be made safely: ${(cause as Error).message}.`, {
      next: "Put right what it names, or choose another control_socket (or WEIR_CONTROL_SOCKET).",
      cause,
    });
  }
}

async function removeStale(path: string): Promise<void> {
  const found = statusOf(path);
  if (!found) return;
  if (!found.isSocket()) {
    const kind = found.isSymbolicLink() ? "a symbolic link" : "not a socket";
    throw new ControlError(`${path} is ${kind}, so weir does not put its control socket there.`, {
      next: `Look what it is, then remove it: rm ${path}`,
    });
  }
  if (await answers(path)) throw await alreadyRunning(path);
  // Moved away before it is removed, so that of two agents starting at once neither removes the other's new socket.
  const aside = `${path}.stale-${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw notListening(path, error);
  }
  if (statusOf(aside)?.ino !== found.ino) {
    renameSync(aside, path);
    throw await alreadyRunning(path);
  }
  unlinkSync(aside);
}

function statusOf(path: string) {
  return lstatSync(path, { throwIfNoEntry: false });
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

async function alreadyRunning(path: string): Promise<ControlError> {
  const pid = await new ControlClient(path, { timeoutMs: 2_000 }).status().then((status) => String(status.pid), () => "unknown");
  return new ControlError(`Another weir is already running (pid ${pid}) and answers on ${path}.`, {
    status: 409,
    next: `See what it does with "weir status", or stop it first${pid === "unknown" ? "" : `: kill ${pid}`}.`,
  });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    // The socket is bound before listen() returns, and must not be open to others for a moment.
    const umask = process.umask(PRIVATE_UMASK);
    try {
      server.listen({ path, backlog: 511 }, () => {
        server.off("error", reject);
        chmodSync(path, 0o600);
        resolve();
      });
    } finally {
      process.umask(umask);
    }
  });
}

function notListening(path: string, cause: unknown): ControlError {
  return new ControlError(`The control socket ${path} cannot be made: ${(cause as Error).message}.`, {
    next: "Check the folder, or choose another control_socket (or WEIR_CONTROL_SOCKET).",
    cause,
  });
}
