/** Runs inside a namespace: receives numbered datagrams, or sends them, and tells its parent how many. */

import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

const [role = "", ...words] = process.argv.slice(2);
process.once("disconnect", () => process.exit());
await (role === "receive" ? receive(words.map(Number)) : send(words[0]!, Number(words[1]), words.slice(2).map(Number)));

/** Answers each message with what came in so far, by port. */
async function receive(ports: number[]): Promise<void> {
  const counts: Record<string, number> = {};
  for (const port of ports) {
    const socket = createSocket({ type: "udp4", recvBufferSize: 4 << 20 });
    counts[port] = 0;
    socket.on("message", () => void counts[port]!++);
    socket.bind(port);
    await once(socket, "listening");
  }
  process.on("message", () => process.send!(counts));
  process.send!(counts);
}

/** One datagram to each port every two milliseconds, from that many sockets in turn. Any message ends it. */
async function send(address: string, sockets: number, ports: number[]): Promise<void> {
  const from = await Promise.all(Array.from({ length: sockets }, open));
  const counts = Object.fromEntries(ports.map((port) => [port, 0]));
  let going = true;
  process.on("message", (word) => {
    if (word === "stop") going = false;
    else process.send!(counts);
  });
  process.send!(counts);
  for (let turn = 0; going; turn++) {
    for (const port of ports) {
      await new Promise<void>((sent, failed) =>
        from[turn % sockets]!.send("x", port, address, (error) => (error ? failed(error) : sent())),
      );
      counts[port]!++;
    }
    await sleep(2);
  }
  process.send!(counts);
}

async function open(): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind();
  await once(socket, "listening");
  return socket;
}
