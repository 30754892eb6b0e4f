/** Runs inside a namespace: makes all tries at once, and prints how they ended. */

import { createSocket } from "node:dgram";
import { connect } from "node:net";

import type { Try } from "./tries.ts";

const tries = JSON.parse(process.argv[2] ?? "[]") as Try[];
const ends = await Promise.all(tries.map((one) => Promise.race([reach(one), silence(one.patience)])));
process.stdout.write(JSON.stringify(ends), () => process.exit());

function silence(patience: number): Promise<string> {
  return new Promise((resolve) => setTimeout(() => resolve("silence"), patience));
}

function reach({ protocol, host, port, bytes = 1 }: Try): Promise<string> {
  return new Promise((resolve) => {
    const fail = ({ code }: NodeJS.ErrnoException): void => resolve(code ?? "failed");
    if (protocol === "tcp") {
      connect({ host, port }, () => resolve("connected")).on("error", fail);
      return;
    }
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    socket.on("error", fail).on("message", () => resolve("answered"));
    socket.connect(port, host, () => socket.send("x".repeat(bytes)));
  });
}
