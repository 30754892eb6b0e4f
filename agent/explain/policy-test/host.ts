/** Reads the tunnel devices and addresses of the host from a file of policy tests. */

import { readAddress } from "../../values/address.ts";
import type { Findings } from "../../../config/findings.ts";
import type { OwnEnds } from "../../policy/reference.ts";
import type { HostEntry, TunnelEntry } from "./schema.ts";

const USUAL_PORTS: Readonly<Partial<Record<TunnelEntry["kind"], number>>> = { vxlan: 4789, geneve: 6081 };
const LONGEST_IDENTIFIER = 0xff_ffff;

/** Problems are added to the findings. */
export function readHost({ addresses = [], tunnels = [] }: HostEntry, findings: Findings): OwnEnds {
  for (const [index, address] of addresses.entries()) expectAddress(address, ["host", "addresses", index], findings);
  for (const [index, tunnel] of tunnels.entries()) expectTunnel(tunnel, ["host", "tunnels", index], findings);
  return { addresses, tunnels };
}

function expectTunnel(tunnel: TunnelEntry, path: (string | number)[], findings: Findings): void {
  const { kind, id, local, remote, port } = tunnel;
  const usual = USUAL_PORTS[kind];
  if (usual === undefined && port !== undefined) findings.add([...path, "port"], `${kind} has no ports`, { ofKey: true });
  if (usual !== undefined && port === undefined) findings.add(path, `the port is missing; that of ${kind} is usually ${usual}`);
  if (kind === "ipip" && id !== undefined) findings.add([...path, "id"], "ipip has no identifier", { ofKey: true });
  if (usual !== undefined && (id ?? 0) > LONGEST_IDENTIFIER)
    findings.add([...path, "id"], `an identifier of ${kind} is at most ${LONGEST_IDENTIFIER}`);
  for (const [key, address] of Object.entries({ local, remote }))
    if (address !== undefined) expectAddress(address, [...path, key], findings);
}

function expectAddress(text: string, path: (string | number)[], findings: Findings): void {
  const reading = readAddress(text);
  if ("error" in reading) findings.add(path, reading.error, { value: text, suggestion: reading.suggestion });
}
