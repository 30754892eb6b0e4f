/** The operator's own SSH connection, which a switch to prevent must not cut. */

import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { Refusal } from "../values/refusal.ts";

export interface OperatorSession {
  /** Remote end. */
  address: string;
  remote_port: number;
  local_port: number;
}

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
      const entry = readFileSync(`${proc}/${pid}/environ`, "latin1").split("\0").find((line) => line.startsWith("SSH_CONNECTION="));
      const session = parseSession(entry?.slice("SSH_CONNECTION=".length));
      if (session) return session;
      // The command name in field 2 may hold spaces and brackets: count from its last bracket.
      const stat = readFileSync(`${proc}/${pid}/stat`, "latin1");
      pid = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    } catch {
      return undefined; // an ancestor that ended, or is not ours to read
    }
  }
  return undefined;
}

/** `203.0.113.5 51234 198.51.100.2 22`, as sshd writes it. */
export function parseSession(text: string | undefined): OperatorSession | undefined {
  const [remote, remotePort, local, localPort, more] = (text ?? "").split(" ");
  if (!remote || !local || more !== undefined) return undefined;
  const session = { address: remote.replace(/%.*$/, ""), remote_port: Number(remotePort), local_port: Number(localPort) };
  return isSession(session) ? session : undefined;
}

/** For what came over the socket: anything but exactly a session is refused. */
export function checkedSession(value: unknown): OperatorSession {
  if (isSession(value) && Object.keys(value).length === 3) return value;
  throw new Refusal("The session in the request is not a TCP connection.", {
    kind: "malformed",
    next: 'Send {"address": "203.0.113.5", "remote_port": 51234, "local_port": 22}, or leave it out.',
  });
}

function isSession(value: unknown): value is OperatorSession {
  if (typeof value !== "object" || value === null) return false;
  const { address, remote_port, local_port } = value as Record<string, unknown>;
  return typeof address === "string" && isIP(address) !== 0 && !address.includes("%") && isPort(remote_port) && isPort(local_port);
}

function isPort(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 65535;
}
