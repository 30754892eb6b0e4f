/** A collector's place, taken by whoever runs this: says what comes, and how much of it. Arguments: port, user, a control group to be in. */

import { writeFileSync } from "node:fs";
import { createServer } from "node:http";

const [port = "4318", uid = "0", group = ""] = process.argv.slice(2);
if (group !== "") writeFileSync(`${group}/cgroup.procs`, String(process.pid));
if (uid !== "0") {
  process.setgroups!([]);
  process.setgid!(Number(uid));
  process.setuid!(Number(uid));
}
const server = createServer((request, response) => {
  let bytes = 0;
  request.on("data", (chunk: Buffer) => (bytes += chunk.length));
  request.on("end", () => {
    console.log(`request ${request.url} ${bytes}`);
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  });
});
server.on("connection", (socket) => {
  console.log("connection");
  socket.once("data", () => console.log("bytes"));
});
server.listen(Number(port), "127.0.0.1", () => console.log("listening"));
