/**
 * Runs inside a namespace. `serve` echoes what TCP connections bring to its first port, and counts what comes to the second.
 * `use` opens connections to the first port and sends on each in turn, opens further ones that end soon, and knocks on the
 * second port by TCP and UDP. Both answer each message with what they counted.
 */

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const [role = "", ...words] = process.argv.slice(2);
process.once("disconnect", () => process.exit());
await (role === "serve" ? serve(words.map(Number)) : use(words[0]!, words.slice(1).map(Number)));

async function serve([port, denied]: number[]): Promise<void> {
  const counts = { leaked: 0 };
  const echo = createServer((socket) => void socket.on("error", () => {}).pipe(socket));
  echo.listen({ port, backlog: 2048 });
  await once(echo, "listening");
  const closed = createServer((socket) => {
    counts.leaked++;
    socket.on("error", () => {}).destroy();
  });
  closed.listen(denied);
  await once(closed, "listening");
  const udp = createSocket("udp4", () => counts.leaked++);
  udp.bind(denied);
  await once(udp, "listening");
  process.on("message", () => process.send!(counts));
  process.send!(counts);
}

async function use(address: string, [port, denied, connections]: number[]): Promise<void> {
  const counts = { connections: connections!, cut: 0, rounds: 0, short: 0, knocks: 0 };
  const cut = (): void => void counts.cut++;
  const sockets = await Promise.all(Array.from({ length: connections! }, () => open(address, port!)));
  for (const socket of sockets) socket.on("error", () => {}).on("close", cut);
  process.on("message", () => process.send!(counts));
  process.send!(counts);
  void talk(sockets, counts);
  void openShort(address, port!, counts);
  const udp = createSocket("udp4");
  for (;;) {
    udp.send("x", denied!, address);
    const knock = connect(denied!, address).on("error", () => {});
    setTimeout(() => knock.destroy(), 200);
    counts.knocks++;
    await sleep(5);
  }
}

async function open(address: string, port: number): Promise<Socket> {
  const socket = connect(port, address);
  await once(socket, "connect");
  return socket;
}

/** One byte on each connection, there and back. */
async function talk(sockets: readonly Socket[], counts: { rounds: number }): Promise<void> {
  for (;;) {
    const answers = sockets.map((socket) => once(socket, "data").catch(() => {}));
    for (const socket of sockets) socket.write("x");
    await Promise.all(answers);
    counts.rounds++;
    await sleep(100);
  }
}

async function openShort(address: string, port: number, counts: { short: number; cut: number }): Promise<void> {
  for (;;) {
    try {
      const socket = await open(address, port);
      socket.end("x");
      await once(socket, "data");
      await once(socket, "close");
      counts.short++;
    } catch {
      counts.cut++;
    }
    await sleep(10);
  }
}
