/**
 * Who may come in to the control socket: root, and the agent's own user. Others may connect, so that their attempts
 * are told and counted, which those that file modes refuse are not; but nothing they send is read, and nothing is sent
 * to them. Whoever hammers on the door finds it shut, and it is the kernel that refuses then.
 */

import { chmodSync } from "node:fs";
import type { Socket } from "node:net";

/** The process at the other end, as the kernel recorded it when it connected. */
export interface Peer {
  pid: number;
  uid: number;
  gid: number;
}

export interface DoorOptions {
  /** Of the socket. */
  path: string;
  /** Reads SO_PEERCRED of a connected socket. */
  peerOf: (socketFd: number) => Peer;
  /** Told once a minute and user at most, with the number of attempts since it was told last. The peer is null when the kernel did not say who it was. */
  onRefused: (peer: Peer | null, attempts: number) => void;
  /** Told when the door is shut until the minute ends. */
  onShut: (attempts: number) => void;
}

const WINDOW_MS = 60_000;
const MOST_REFUSALS = 64;
const OPEN_TO_KNOCK = 0o666;
const SHUT = 0o600;
const UNKNOWN = -1;

export class Door {
  readonly #options: DoorOptions;
  /** By uid: who was refused in this minute or the one before, and how often that was not told yet. */
  readonly #refused = new Map<number, { peer: Peer | null; untold: number }>();
  #window: NodeJS.Timeout | undefined;
  #inWindow = 0;
  #total = 0;

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  get refused(): number {
    return this.#total;
  }

  /** Once the socket is there. */
  open(): void {
    chmodSync(this.#options.path, OPEN_TO_KNOCK);
  }

  /** Who is served. Anybody else is gone when this returns. */
  admit(socket: Socket): Peer | undefined {
    const peer = this.#peerOf(socket);
    if (peer && (peer.uid === 0 || peer.uid === process.geteuid!())) return peer;
    socket.destroy();
    this.#refuse(peer);
    return undefined;
  }

  /** Tells what is untold. */
  close(): void {
    clearTimeout(this.#window);
    this.#tell();
  }

  #refuse(peer: Peer | null): void {
    this.#total++;
    this.#window ??= this.#startWindow();
    const uid = peer?.uid ?? UNKNOWN;
    const known = this.#refused.get(uid);
    if (known) known.untold++;
    else {
      this.#refused.set(uid, { peer, untold: 0 });
      this.#options.onRefused(peer, 1);
    }
    if (++this.#inWindow !== MOST_REFUSALS) return;
    chmodSync(this.#options.path, SHUT);
    this.#options.onShut(this.#inWindow);
  }

  #startWindow(): NodeJS.Timeout {
    return setTimeout(() => this.#endWindow(), WINDOW_MS).unref();
  }

  #endWindow(): void {
    if (this.#inWindow >= MOST_REFUSALS) this.open();
    this.#inWindow = 0;
    this.#tell();
    this.#window = this.#refused.size === 0 ? undefined : this.#startWindow();
  }

  #tell(): void {
    for (const [uid, { peer, untold }] of this.#refused) {
      if (untold === 0) this.#refused.delete(uid);
      else {
        this.#refused.set(uid, { peer, untold: 0 });
        this.#options.onRefused(peer, untold);
      }
    }
  }

  #peerOf(socket: Socket): Peer | null {
    // Node has no public name for the descriptor of a socket.
    const { _handle } = socket as unknown as { _handle: { fd: number } | null };
    try {
      return _handle ? this.#options.peerOf(_handle.fd) : null;
    } catch {
      return null;
    }
  }
}
