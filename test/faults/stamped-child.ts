/** Runs inside a namespace: sends datagrams that say when they were sent, on the boot clock, or receives them. */

import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Stamps in hundredths of a second, by source address. */
export type Stamps = Record<string, number[]>;

const A_TURN = 10;
const [role = "", port = "", ...words] = process.argv.slice(2);
const stamps: Stamps = {};
process.once("disconnect", () => process.exit());
await (role === "receive" ? receive(Number(port)) : send(Number(port), words[0]!, words.slice(1)));

/** Answers each message with what came in so far. */
async function receive(at: number): Promise<void> {
  const socket = createSocket({ type: "udp4", recvBufferSize: 4 << 20 });
  socket.on("message", (text, { address }) => void (stamps[address] ??= []).push(Number(text)));
  socket.bind(at);
  await once(socket, "listening");
  process.on("message", () => process.send!(stamps));
  process.send!(stamps);
}

/** Any message ends it, and is answered with what was sent. */
async function send(to: number, address: string, sources: string[]): Promise<void> {
  const sockets = await Promise.all(sources.map(bound));
  let going = true;
  process.on("message", () => void (going = false));
  process.send!(stamps);
  while (going) {
    for (const [source, socket] of sockets) {
      for (let count = 0; count < A_TURN; count++) {
        const stamp = hundredths();
        (stamps[source] ??= []).push(stamp);
        await new Promise<void>((sent, failed) => socket.send(String(stamp), to, address, (error) => (error ? failed(error) : sent())));
      }
    }
    await sleep(2);
  }
  process.send!(stamps);
}

async function bound(source: string): Promise<[string, Socket]> {
  const socket = createSocket("udp4");
  socket.bind(0, source);
  await once(socket, "listening");
  return [source, socket];
}

function hundredths(): number {
  return Math.round(Number(readFileSync("/proc/uptime", "utf8").split(" ", 1)[0]) * 100);
}
