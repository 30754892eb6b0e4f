/**
 * Runs inside a namespace until its standard input ends. `serve PROTOCOL ADDRESS PORT` sends back what comes; `speak PROTOCOL
 * ADDRESS PORT [OWN-ADDRESS OWN-PORT]` sends something, from there if it is told. Says a line when it serves, when it
 * has its own end (its port), and when it was answered.
 */

import { createSocket } from "node:dgram";
import { createConnection, createServer, isIPv6 } from "node:net";

const [how, protocol, address = "", port = "", ownAddress, ownPort] = process.argv.slice(2);

if (how === "serve" && protocol === "tcp") {
  createServer((socket) => socket.on("error", () => {}).pipe(socket)).listen(Number(port), address, () => console.log("serves"));
} else if (how === "serve") {
  const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
  socket.on("message", (bytes, from) => socket.send(bytes, from.port, from.address));
  socket.bind(Number(port), address, () => console.log("serves"));
} else if (protocol === "tcp") {
  const own = ownPort === undefined ? {} : { localAddress: ownAddress, localPort: Number(ownPort) };
  const socket = createConnection({ host: address, port: Number(port), ...own }, () => {
    console.log(String(socket.localPort)); // a number would be coloured on a terminal
    socket.write("x");
  });
  socket.on("data", () => console.log("answered")).on("error", (error) => console.log(error.message));
  process.stdin.on("data", () => socket.write("x"));
} else {
  const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
  const speak = (): void => {
    console.log(String(socket.address().port));
    socket.send("x");
  };
  socket.on("message", () => console.log("answered")).on("error", (error) => console.log(error.message));
  // With "silent" in front of the own port it is only there.
  socket.bind(Number(ownPort?.replace("silent", "") ?? 0), ownAddress, () =>
    socket.connect(Number(port), address, () => (ownPort?.startsWith("silent") ? console.log("waits") : speak())),
  );
  process.stdin.on("data", speak);
}
process.stdin.resume();
process.stdin.on("end", () => process.exit());
