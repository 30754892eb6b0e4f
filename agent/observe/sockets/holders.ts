/**
 * Finds owners of sockets that are older than the agent. Nobody saw who made or used them, but the kernel shows who has them open
 * now. If several processes hold a socket, the owner is the process from which all others descend; if there is none, the socket
 * has no owner.
 */

import { bypassOf } from "../events/decode.ts";
import type { Bypass } from "../events/event.ts";
import { Holding, Owner, OwnerFlag } from "../../generated/layout.ts";
import { readIterator, readIteratorAside } from "../../kernel/iterator.ts";
import type { BpfMap } from "../../kernel/maps.ts";
import type { BpfProgram } from "../../kernel/program.ts";

const NO_EXIST = 1; // BPF_NOEXIST: an owner that was seen meanwhile is more certain
/**
 * A socket that is passed down through more generations has no owner. Servers have one or two generations, and a user with a
 * chain of thousands of processes must not keep the main thread busy.
 */
const MOST_GENERATIONS = 16;

/** Notes the owners, and returns how many there are. */
export function noteHolders(program: BpfProgram, owners: BpfMap, listeners: BpfMap): number {
  const records = readIterator(program);
  const found = ownersOf(records);
  const listening = new Set(
    [...each(records)]
      .filter((record) => record.readUInt32LE(Holding.listens) === 1)
      .map((record) => record.readBigUInt64LE(Holding.cookie)),
  );
  for (const [cookie, owner] of found) {
    const key = Buffer.alloc(8);
    key.writeBigUInt64LE(cookie);
    if (owners.lookup(key) === undefined) owners.update(key, owner, NO_EXIST);
    if (listening.has(cookie)) listeners.update(key, owners.lookup(key) ?? owner);
  }
  return found.size;
}

/**
 * Notes who listens now. A server may end, or start another program, once a child has its socket: the listener is then the
 * process that has the socket now.
 */
export async function renewListeners(program: BpfProgram, owners: BpfMap, listeners: BpfMap): Promise<void> {
  const records = [...each(await readIteratorAside(program))].filter((record) => record.readUInt32LE(Holding.listens) === 1);
  const runs = new Set(records.map((record) => runOf(record.readBigUInt64LE(Holding.cookie), record.subarray(Holding.holder.at))));
  for (const [cookie, owner] of ownersOf(Buffer.concat(records))) {
    const key = Buffer.alloc(8);
    key.writeBigUInt64LE(cookie);
    const known = owners.lookup(key) ?? listeners.lookup(key);
    if (known !== undefined && runs.has(runOf(cookie, known))) continue;
    owners.update(key, owner);
    listeners.update(key, owner);
  }
}

function runOf(cookie: bigint, owner: Buffer): string {
  return `${cookie} ${owner.readUInt32LE(Owner.pid)} ${owner.readBigUInt64LE(Owner.started_ns)} ${owner.readUInt16LE(Owner.executions)}`;
}

/** A socket that processes have open. */
export interface Held {
  cookie: bigint;
  ifindex: number;
  /** The struct owner for the table of owners; absent if there is no certain owner. */
  owner?: Buffer;
  /** Absent if the egress hooks see its frames. */
  bypass?: Bypass;
  /** True if the kernel reported the bypass. */
  bypassReported?: boolean;
}

/** Returns the sockets by inode number, from records of struct holding. */
export function heldByInode(records: Buffer): Map<bigint, Held> {
  const owners = ownersOf(records);
  const held = new Map<bigint, Held>();
  for (const record of each(records)) {
    const cookie = record.readBigUInt64LE(Holding.cookie);
    const owner = owners.get(cookie);
    const bypass = bypassOf(record.readUInt32LE(Holding.bypass));
    held.set(record.readBigUInt64LE(Holding.inode), {
      cookie,
      ifindex: record.readUInt32LE(Holding.ifindex),
      ...(owner === undefined ? {} : { owner }),
      ...(bypass === undefined ? {} : { bypass, bypassReported: record.readUInt32LE(Holding.bypass_reported) === 1 }),
    });
  }
  return held;
}

/** Returns the owners by cookie, from records of struct holding. */
export function ownersOf(records: Buffer): Map<bigint, Buffer> {
  const parents = new Map<number, number>();
  const holders = new Map<bigint, Map<number, Buffer>>();
  for (const record of each(records)) {
    const pid = record.readUInt32LE(Holding.holder.pid);
    const cookie = record.readBigUInt64LE(Holding.cookie);
    parents.set(pid, record.readUInt32LE(Holding.parent));
    if (!holders.has(cookie)) holders.set(cookie, new Map());
    holders.get(cookie)!.set(pid, record.subarray(Holding.holder.at, Holding.holder.at + Owner.size));
  }
  const owners = new Map<bigint, Buffer>();
  for (const [cookie, of] of holders) {
    const pids = [...of.keys()];
    const first = pids.find((pid) => pids.every((other) => descends(other, pid, parents)));
    if (first === undefined) continue;
    const owner = Buffer.from(of.get(first)!);
    owner.writeUInt16LE(OwnerFlag.HOLDER, Owner.flags);
    owners.set(cookie, owner);
  }
  return owners;
}

function* each(records: Buffer): Generator<Buffer> {
  for (let at = 0; at + Holding.size <= records.length; at += Holding.size) yield records.subarray(at, at + Holding.size);
}

/** Follows only processes that hold sockets themselves, because the parents of others are not known. */
function descends(pid: number, ancestor: number, parents: ReadonlyMap<number, number>): boolean {
  let at: number | undefined = pid;
  for (let generation = 0; at !== undefined && generation <= MOST_GENERATIONS; generation++) {
    if (at === ancestor) return true;
    at = parents.get(at);
  }
  return false;
}
