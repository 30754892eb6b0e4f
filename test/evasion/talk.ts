/** Real TCP connections through or to a guarded host, and the numbers that raw segments need to look like theirs. */

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

import { eventually } from "../harness/eventually.ts";
import type { Lab } from "../harness/netns.ts";
import type { Wire } from "../harness/wire.ts";

/** Sends back what it gets; says where it listens. */
const ECHO = `
const { createServer } = require("node:net");
createServer((socket) => socket.on("error", () => {}).pipe(socket).on("error", () => {})).listen(+process.argv[1], "::", () => process.stdout.write("listening"));
`;

/** Holds a connection. Each line of its input is sent, and what comes back is printed; an empty line ends the connection. */
const TALK = `
const [host, port, localPort] = process.argv.slice(1);
const socket = require("node:net").connect({ host, port: +port, ...(+localPort ? { localPort: +localPort } : {}) });
socket.on("connect", () => process.stdout.write("open:" + socket.localPort + ";")).on("error", (error) => process.stdout.write("failed:" + error.code + ";")).on("data", (text) => process.stdout.write(text)).on("close", () => process.stdout.write("closed;"));
setTimeout(() => socket.connecting && process.stdout.write("silence;", () => process.exit()), 1500);
require("node:readline").createInterface(process.stdin).on("line", (line) => (line === "reset" ? socket.resetAndDestroy() : line === "" ? socket.end() : socket.write(line)));
`;

export async function serve(lab: Lab, namespace: string, port: number): Promise<void> {
  const child = lab.spawn(namespace, [process.execPath, "-e", ECHO, String(port)], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout!, "data");
}

export class Talk {
  readonly #child: ChildProcess;
  #said = "";

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout!.on("data", (bytes: Buffer) => (this.#said += bytes.toString()));
  }

  /** Returns when it is open, or will not be. */
  static async begin(lab: Lab, namespace: string, host: string, port: number, localPort = 0): Promise<Talk> {
    const talk = new Talk(
      lab.spawn(namespace, [process.execPath, "-e", TALK, host, String(port), String(localPort)], { stdio: ["pipe", "pipe", "inherit"] }),
    );
    await eventually("it is open or not", () => /open|failed|silence/.test(talk.#said));
    return talk;
  }

  get isOpen(): boolean {
    return this.#said.startsWith("open:") && !this.#said.includes("closed;");
  }

  get wasOpened(): boolean {
    return this.#said.startsWith("open:");
  }

  get port(): number {
    return Number(/open:(\d+);/.exec(this.#said)?.[1]);
  }

  /** Whether the other end echoes this, a text of its own. */
  async says(text: string, milliseconds = 3000): Promise<boolean> {
    this.#child.stdin!.write(`${text}\n`);
    return eventually(`the echo of ${text}`, () => this.#said.includes(text), milliseconds).then(
      () => true,
      () => false,
    );
  }

  /** `how`: an empty line finishes, `reset` resets. */
  async end(how: "" | "reset" = ""): Promise<void> {
    this.#child.stdin!.write(`${how}\n`);
    await eventually("it is closed", () => this.#said.includes("closed;"));
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await gone;
  }
}

export interface Numbers {
  seq: number;
  ack: number;
}

/** The numbers that the end at this wire would send next, by the last segment that came to it. A segment may reach its program before the wire. */
export function numbersAt(wire: Wire, port: number, from: number): Promise<Numbers> {
  return eventually(`a segment to port ${port}`, () => lastNumbers(wire, port, from));
}

function lastNumbers(wire: Wire, port: number, from: number): Numbers | undefined {
  for (const bytes of wire.received.toReversed()) {
    const tcp = tcpOf(bytes);
    if (tcp === undefined || tcp.view.getUint16(0) !== from || tcp.view.getUint16(2) !== port) continue;
    const flags = tcp.view.getUint8(13);
    const payload = tcp.length - (tcp.view.getUint8(12) >> 4) * 4;
    return { seq: tcp.view.getUint32(8), ack: (tcp.view.getUint32(4) + payload + ((flags >> 1) & 1) + (flags & 1)) >>> 0 };
  }
  return undefined;
}

function tcpOf(bytes: Uint8Array): { view: DataView; length: number } | undefined {
  const frame = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const type = frame.getUint16(12);
  const [at, protocol, end] =
    type === 0x0800
      ? [14 + (bytes[14]! & 15) * 4, bytes[23], 14 + frame.getUint16(16)]
      : type === 0x86dd
        ? [54, bytes[20], 54 + frame.getUint16(18)]
        : [0, 0, 0];
  return protocol === 6 ? { view: new DataView(bytes.buffer, bytes.byteOffset + at), length: end - at } : undefined;
}
