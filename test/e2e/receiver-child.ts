/** Runs inside a namespace: answers TCP, keeps datagrams, and tells its parent which came in. */

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:http";

import type { Datagram, Ports } from "./receiver.ts";

const { udp = [], tcp = [] } = JSON.parse(process.argv[2] ?? "{}") as Ports;
const received: Datagram[] = [];

for (const port of udp) {
  const socket = createSocket({ type: "udp6", recvBufferSize: 4 << 20 });
  socket.on("message", (bytes, { address }) =>
    received.push({ port, from: address.replace("::ffff:", ""), text: bytes.toString("latin1") }),
  );
  socket.bind(port);
  await once(socket, "listening");
}
for (const port of tcp) {
  const server = createServer((_, response) => response.end("hello")).listen(port, "::");
  await once(server, "listening");
}
process.on("message", () => process.send!(received));
process.once("disconnect", () => process.exit());
process.send!("ready");
