/** The sockets of this host with who owns them, and what weir knows of their connections. */

import type { FlowTables } from "../flows/collect.ts";
import { type Describer, ownerOf } from "../flows/describe.ts";
import { flowsInTurns } from "../flows/list.ts";
import { type KernelSocket, listSockets } from "./diag.ts";
import type { SocketRow } from "./row.ts";
import { TrafficOfSockets } from "./traffic.ts";

/** Listeners first, then by port. */
export async function inventory(tables: FlowTables, describer: Describer, wanted: (row: SocketRow) => boolean, limit: number): Promise<SocketRow[]> {
  const traffic = new TrafficOfSockets();
  for await (const entry of flowsInTurns(tables)) traffic.add(entry);
  const rows: SocketRow[] = [];
  const now = describer.jiffies();
  for (const socket of listSockets().sort(compare)) {
    const row = describe(socket, traffic, describer, now);
    if (wanted(row)) rows.push(row);
    if (rows.length === limit) break;
  }
  return rows;
}

function describe(socket: KernelSocket, of: TrafficOfSockets, describer: Describer, now: bigint): SocketRow {
  const { protocol, state, local, remote, ifindex, uid, queued, cookie } = socket;
  const { traffic: { connections, sent, received }, connection } = of.of(socket);
  return {
    protocol,
    state,
    local,
    ...(remote === undefined ? {} : { remote }),
    ...(ifindex === undefined ? {} : { interface: describer.names.interface(ifindex) }),
    uid,
    ...ownerOf(cookie, describer),
    queued,
    connections,
    sent,
    received,
    ...(connection === undefined ? {} : { rule: describer.names.rule(connection.slot, connection.generation).name, age_s: Number(now - connection.openedJiffies) / describer.jiffiesPerSecond }),
  };
}

function compare(a: KernelSocket, b: KernelSocket): number {
  const rank = ({ state }: KernelSocket): number => (state === "listen" ? 0 : state === "bound" ? 1 : 2);
  return rank(a) - rank(b) || a.local.port - b.local.port || a.protocol.localeCompare(b.protocol);
}
