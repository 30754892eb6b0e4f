/** Lists the sockets of this host with their owners, and what weir knows of their connections. */

import type { Bypass } from "../events/event.ts";
import type { FlowTables } from "../flows/collect.ts";
import { type Describer, describeRecord, recordOf } from "../flows/describe.ts";
import { flowsInTurns } from "../flows/list.ts";
import { Owner, OwnerFlag } from "../../generated/layout.ts";
import { type KernelSocket, socketsInTurns } from "./diag.ts";
import { type Held, heldByInode } from "./holders.ts";
import { listRawSockets, type RawSocket } from "./raw.ts";
import type { SocketRow } from "./row.ts";
import { Shortlist } from "./shortlist.ts";
import { TrafficOfSockets } from "./traffic.ts";

export interface InventorySources {
  tables: FlowTables;
  describer: Describer;
  /** Reads records of struct holding: the processes that have packet, raw and ping sockets open. */
  rawHolders(): Promise<Buffer>;
}

/** A socket for which the process that has it open now may be known, whether or not that process was seen using it. */
type HeldSocket = Omit<RawSocket, "inode"> & { cookie: bigint; holder?: Buffer; bypass?: Bypass };
type ListedSocket = (KernelSocket & { holder?: Buffer }) | HeldSocket;

type Ranked = Pick<SocketRow, "protocol" | "state" | "local">;

/** Lists listeners first, then by port. */
export async function inventory(sources: InventorySources, wanted: (row: SocketRow) => boolean, limit: number): Promise<SocketRow[]> {
  const { tables, describer } = sources;
  const raw = await rawSockets(sources);
  const traffic = new TrafficOfSockets(new Set(raw.flatMap(({ cookie }) => (cookie === 0n ? [] : cookie))));
  for await (const entry of flowsInTurns(tables)) traffic.add(entry);
  const first = new Shortlist<Ranked, SocketRow>(limit, compare);
  const now = describer.jiffies();
  const take = (socket: ListedSocket): void => {
    if (!first.mayHold(socket)) return;
    const row = describe(socket, traffic, describer, now);
    if (wanted(row)) first.add(row);
  };
  raw.forEach(take);
  for await (const some of socketsInTurns()) some.forEach(take);
  return first.rows;
}

async function rawSockets({ rawHolders }: InventorySources): Promise<ListedSocket[]> {
  // If the kernel does not tell, no process is named. The agent warned of that when it started.
  const held = heldByInode(await rawHolders().catch(() => Buffer.alloc(0)));
  const listed = listRawSockets().map(({ inode, ...socket }) => ({
    ...socket,
    ...heldFields(held.get(inode) ?? (socket.protocol === "packet" ? { bypass: "unknown" } : {})),
  }));
  const ofXdp = [...held.values()].filter(({ bypass }) => bypass === "af_xdp");
  return [...listed, ...ofXdp.map((of) => ({ ...XDP_SOCKET, uid: of.owner?.readUInt32LE(Owner.uid) ?? 0, ...heldFields(of) }))];
}

/** The kernel has no list of these. They are found through the processes that have them open. */
const XDP_SOCKET = { protocol: "xdp", state: "bound", queued: { received: 0, unsent: 0 } } as const;

function heldFields({
  cookie = 0n,
  ifindex = 0,
  owner,
  bypass,
}: Partial<Held>): Pick<HeldSocket, "cookie" | "ifindex" | "holder" | "bypass"> {
  return {
    cookie,
    ...(ifindex === 0 ? {} : { ifindex }),
    ...(owner === undefined ? {} : { holder: owner }),
    ...(bypass === undefined ? {} : { bypass }),
  };
}

function describe(socket: ListedSocket, of: TrafficOfSockets, describer: Describer, now: bigint): SocketRow {
  const { protocol, state, local, remote, ifindex, uid, queued } = socket;
  const carries = "carries" in socket ? socket.carries : undefined;
  const bypass = "bypass" in socket ? socket.bypass : undefined;
  const {
    traffic: { connections, sent, received },
    connection,
  } = of.of(socket);
  const owner = ownerRecord(socket, describer);
  return {
    protocol,
    ...(carries === undefined ? {} : { carries }),
    ...(bypass === undefined ? {} : { bypass }),
    state,
    ...(local === undefined ? {} : { local }),
    ...(remote === undefined ? {} : { remote }),
    ...(ifindex === undefined ? {} : { interface: describer.names.interface(ifindex) }),
    uid,
    ...(owner === undefined ? {} : describeRecord(owner, describer)),
    queued,
    connections,
    sent,
    received,
    ...(connection === undefined
      ? {}
      : {
          rule: describer.names.rule(connection.slot, connection.generation).name,
          age_s: Number(now - connection.openedJiffies) / describer.jiffiesPerSecond,
        }),
  };
}

/**
 * Returns the process that was seen using it, else the process that has it open now, and not the one that had it open when the
 * agent started.
 */
function ownerRecord({ cookie, holder }: ListedSocket, describer: Describer): Buffer | undefined {
  const known = recordOf(cookie, describer);
  const seen = known !== undefined && (known.readUInt16LE(Owner.flags) & OwnerFlag.HOLDER) === 0;
  return seen ? known : (holder ?? known);
}

function compare(a: Ranked, b: Ranked): number {
  const rank = ({ state }: Ranked): number => (state === "listen" ? 0 : state === "bound" ? 1 : 2);
  return rank(a) - rank(b) || (a.local?.port ?? 0) - (b.local?.port ?? 0) || a.protocol.localeCompare(b.protocol);
}
