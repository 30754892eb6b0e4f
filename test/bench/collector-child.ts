/** Runs inside a namespace: takes whatever is sent to it for OTLP, and looks at none of it. */

import { once } from "node:events";
import { createServer } from "node:http";

const server = createServer((request, response) => {
  request.resume().once("end", () => response.writeHead(200, { "content-type": "application/json" }).end("{}"));
}).listen(Number(process.argv[2]), "127.0.0.1");
await once(server, "listening");
process.once("disconnect", () => process.exit());
process.send!("ready");
