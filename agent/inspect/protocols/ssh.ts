/** Reads what SSH says before it encrypts: the lines with which both sides begin (RFC 4253), and the server's host key. */

import { createHash } from "node:crypto";

import { bufferOf, Cursor } from "../cursor.ts";
import { ALL, beginsWith, type Listener, type Parser, type Side, type StreamProtocol } from "../parser.ts";
import { Single } from "../single.ts";
import type { Ssh } from "../transaction.ts";
import { NotDecided, type Undecided } from "../undecided.ts";

const BEGIN = Buffer.from("SSH-");
const LONGEST_LINE = 255;
/** A server may send lines before the one that names its version. */
const MOST_LINES = 64;
const SMALLEST_PACKET = 5;
const LONGEST_PACKET = 35_000;
const KEXINIT = 20;
const NEWKEYS = 21;
const REPLY = 31;
/** In an exchange of groups, 31 is the message with the group. */
const GROUP_REPLY = 33;
const COOKIE = 16;

export const SSH: StreamProtocol = {
  recognise: (_side, first) => beginsWith(first, BEGIN),
  open: (listener) => new SshParser(listener),
};

/** How far a side has come. */
interface Progress {
  lines: number;
  /** The line with its version; undefined before it. */
  banner?: string;
  /** The names of its key exchanges. */
  exchanges?: string[];
}

class SshParser implements Parser {
  readonly #one: Single;
  readonly #sides: Record<Side, Progress> = { client: { lines: 0 }, server: { lines: 0 } };
  readonly #ssh: Ssh = {};

  constructor(listener: Listener) {
    this.#one = new Single({ protocol: "ssh", ssh: this.#ssh }, listener);
  }

  read(side: Side, unread: Uint8Array): number {
    if (this.#one.isOver) return ALL;
    const progress = this.#sides[side];
    if (progress.banner === undefined) return this.#readLine(side, progress, unread);
    if (unread.length < SMALLEST_PACKET) return 0;
    const bytes = bufferOf(unread);
    const length = bytes.readUInt32BE();
    const padding = bytes[4]!;
    if (length > LONGEST_PACKET) throw new NotDecided("too_long");
    if (length < padding + 2) throw new NotDecided("malformed");
    if (bytes.length < 4 + length) return 0;
    this.#take(side, progress, bytes.subarray(SMALLEST_PACKET, 4 + length - padding));
    return this.#one.isOver ? ALL : 4 + length;
  }

  end(): void {}

  close(undecided?: Undecided): void {
    this.#one.end(undecided);
  }

  #readLine(side: Side, progress: Progress, unread: Uint8Array): number {
    const end = unread.subarray(0, LONGEST_LINE).indexOf(10);
    if (end < 0 && unread.length < LONGEST_LINE) return 0;
    if (end < 0) throw new NotDecided("too_long");
    const line = bufferOf(unread).toString("latin1", 0, end).replace(/\r$/, "");
    if (line.startsWith("SSH-")) {
      if (!/^[ -~]+$/.test(line)) throw new NotDecided("malformed");
      if (!/^SSH-(?:2\.0|1\.99)-/.test(line)) throw new NotDecided("unknown_version");
      this.#ssh[side] = progress.banner = line;
      if (this.#ssh.client !== undefined && this.#ssh.server !== undefined) this.#one.asked();
    } else if (side === "client" || ++progress.lines > MOST_LINES) {
      throw new NotDecided("malformed");
    }
    return end + 1;
  }

  #take(side: Side, progress: Progress, payload: Buffer): void {
    const type = payload[0];
    if (type === NEWKEYS) return this.#one.end();
    if (type === KEXINIT) {
      progress.exchanges ??= stringIn(payload.subarray(1 + COOKIE))
        .toString("latin1")
        .split(",");
      return;
    }
    if (side === "client" || (type !== REPLY && type !== GROUP_REPLY)) return;
    if (this.#sides.client.exchanges === undefined || this.#sides.server.exchanges === undefined) return;
    const agreed = this.#agreed();
    if (agreed === undefined) throw new NotDecided("malformed");
    if (type !== (agreed.startsWith("diffie-hellman-group-exchange-") ? GROUP_REPLY : REPLY)) return;
    const key = stringIn(payload.subarray(1));
    const kind = stringIn(key).toString("latin1");
    if (!/^[!-~]{1,64}$/.test(kind)) throw new NotDecided("malformed");
    this.#ssh.host_key = { type: kind, sha256: `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}` };
    this.#one.end();
  }

  /** Both sides take the first key exchange of the client that the server knows. */
  #agreed(): string | undefined {
    return this.#sides.client.exchanges?.find((name) => this.#sides.server.exchanges?.includes(name));
  }
}

function stringIn(bytes: Buffer): Buffer {
  return new Cursor(bytes).vector(4);
}
