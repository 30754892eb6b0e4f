/**
 * Finds the processes at the other end of a TCP connection inside this host, and decides whether weir may send them events, which
 * include the arguments of root's processes. Root may read these anyhow, and services of the system and containers that root made
 * are root's choice. Any user can listen on a free port, so a user's process gets nothing unless the operator allows it.
 *
 * The processes that hold the accepted socket decide. While nobody has accepted it, the processes that hold the listener decide.
 * A descriptor that is on its way through a Unix socket has no holder, so the user who made the socket must be one of its
 * holders, or root.
 */

import { printable } from "../../values/quote.ts";
import { isOfSystem } from "../enrich/cgroup-path.ts";
import { ofProcess } from "../enrich/process-files.ts";
import { groupPaths } from "../enrich/workloads.ts";
import { LOGIN_NONE, Owner, SocketHolder } from "../../generated/layout.ts";
import type { BpfMap } from "../../kernel/maps.ts";
import { type KernelSocket, listTcp } from "./diag.ts";

export interface Ends {
  local: { address: string; port: number };
  remote: { address: string; port: number };
}

export interface OtherEndParts {
  /** The table that names the sockets for weir_socket_holders. */
  asked: BpfMap;
  /** Runs that program, and returns its records of struct socket_holder. */
  readHolders(): Promise<Buffer>;
  /** Returns the path of a control group by its id. */
  pathOf(cgroup: bigint): string | undefined;
}

interface Holder {
  cookie: bigint;
  pid: number;
  uid: number;
  name: string;
  startedNs: bigint;
  cgroup: bigint;
  login: number;
}

export class OtherEnd {
  readonly #parts: OtherEndParts;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: OtherEndParts) {
    this.#parts = parts;
  }

  /** Returns whether a socket of this network namespace listens on the port. */
  listens(port: number): boolean {
    return listTcp(port).some(({ state }) => state === "listen");
  }

  /**
   * Resolves to the reason why the other end gets nothing, as a part of a sentence; undefined if it may get everything.
   * Connections are checked one after the other.
   */
  refuses(ends: Ends): Promise<string | undefined> {
    const answer = this.#last.then(() => this.#refuses(ends));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async #refuses(ends: Ends): Promise<string | undefined> {
    const sockets = listTcp(ends.remote.port);
    const accepted = sockets.filter(({ local, remote }) => isEnd(local, ends.remote) && remote !== undefined && isEnd(remote, ends.local));
    const listeners = nearestListeners(sockets, ends.remote.address);
    const holders = await this.#holdersOf([...accepted, ...listeners]);
    const isHeld = ({ cookie }: KernelSocket): boolean => holders.some((holder) => holder.cookie === cookie);
    const deciding = accepted.some(isHeld) ? accepted.filter(isHeld) : listeners;
    if (deciding.length === 0) return "the socket at its other end cannot be found";
    for (const socket of deciding) {
      const refused = this.#judge(
        socket,
        holders.filter(({ cookie }) => cookie === socket.cookie),
      );
      if (refused !== undefined) return refused;
    }
    return undefined;
  }

  #judge(socket: KernelSocket, holders: readonly Holder[]): string | undefined {
    if (holders.length === 0) return "no process that weir can see has the socket at its other end open";
    const stranger = holders.find((holder) => !this.#mayRead(holder));
    if (stranger !== undefined)
      return `process ${stranger.pid} ${printable(stranger.name)} of user ${stranger.uid} has it open, which is neither root's nor of a service of the system or a container`;
    if (socket.uid === 0 || holders.some(({ uid }) => uid === socket.uid)) return undefined;
    return `user ${socket.uid} made the socket at its other end, and no process of that user that weir can see has it open`;
  }

  #mayRead({ uid, login, cgroup, pid, startedNs }: Holder): boolean {
    if (uid === 0) return true;
    if (login !== LOGIN_NONE) return false;
    const paths = [this.#parts.pathOf(cgroup) ?? "/"].filter((path) => path !== "/");
    // If services have control groups of version 1 only, the files of the process itself are read.
    const known = paths.length > 0 ? paths : (ofProcess("/proc", pid, startedNs, groupPaths) ?? []).filter((path) => path !== "/");
    return known.length > 0 && known.some(isOfSystem) && !known.some((path) => path.includes("user.slice"));
  }

  async #holdersOf(sockets: readonly KernelSocket[]): Promise<Holder[]> {
    const keys = sockets.map(({ cookie }) => keyOf(cookie));
    try {
      for (const key of keys) this.#parts.asked.update(key, Buffer.alloc(4));
      return holdersIn(await this.#parts.readHolders());
    } finally {
      for (const key of keys) this.#parts.asked.delete(key);
    }
  }
}

function isEnd(one: Ends["local"], other: Ends["local"]): boolean {
  return one.port === other.port && one.address === other.address;
}

/** The kernel prefers a listener on the exact address to one on all addresses of the family, and that to one on all addresses of both. */
function nearestListeners(sockets: readonly KernelSocket[], address: string): KernelSocket[] {
  const listening = sockets.filter(({ state }) => state === "listen");
  for (const wanted of [address, address.includes(":") ? "::" : "0.0.0.0", "::"]) {
    const found = listening.filter(({ local }) => local.address === wanted);
    if (found.length > 0) return found;
  }
  return [];
}

function holdersIn(records: Buffer): Holder[] {
  const holders: Holder[] = [];
  for (let at = 0; at + SocketHolder.size <= records.length; at += SocketHolder.size) {
    const record = records.subarray(at, at + SocketHolder.size);
    const owner = record.subarray(SocketHolder.holder.at, SocketHolder.holder.at + Owner.size);
    const command = owner.subarray(Owner.command.at, Owner.command.at + Owner.command.count);
    holders.push({
      cookie: record.readBigUInt64LE(SocketHolder.cookie),
      pid: owner.readUInt32LE(Owner.pid),
      uid: owner.readUInt32LE(Owner.uid),
      name: command.toString("utf8", 0, command.indexOf(0)),
      startedNs: owner.readBigUInt64LE(Owner.started_ns),
      cgroup: owner.readBigUInt64LE(Owner.cgroup),
      login: record.readUInt32LE(SocketHolder.login),
    });
  }
  return holders;
}

function keyOf(cookie: bigint): Buffer {
  const key = Buffer.alloc(8);
  key.writeBigUInt64LE(cookie);
  return key;
}
