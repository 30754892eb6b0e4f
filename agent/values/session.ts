/** An SSH connection of the operator. A switch to prevent must not cut it. */

import { isIP } from "node:net";

export interface OperatorSession {
  /** The address of the remote end. */
  address: string;
  remote_port: number;
  local_port: number;
}

/** Reads `203.0.113.5 51234 198.51.100.2 22`, which is how sshd writes a session. */
export function parseSession(text: string | undefined): OperatorSession | undefined {
  const [remote, remotePort, local, localPort, more] = (text ?? "").split(" ");
  if (!remote || !local || more !== undefined) return undefined;
  const session = { address: remote.replace(/%.*$/, ""), remote_port: Number(remotePort), local_port: Number(localPort) };
  return isSession(session) ? session : undefined;
}

/** Whether it is exactly a session, as the agent keeps it over a restart. */
export function isSession(value: unknown): value is OperatorSession {
  if (typeof value !== "object" || value === null || Object.keys(value).length !== 3) return false;
  const { address, remote_port, local_port } = value as Record<string, unknown>;
  return typeof address === "string" && isIP(address) !== 0 && !address.includes("%") && isPort(remote_port) && isPort(local_port);
}

function isPort(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 65535;
}
