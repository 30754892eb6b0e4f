/** A process that writes to the audit log without end, until it is killed. Arguments: the folder of the log. */

import { setImmediate as turn } from "node:timers/promises";
import { event, placeIn } from "./fixture.ts";

const writer = await placeIn(process.argv[2]!).open({ rotate: { size: 200_000, keep: 100 } });
await writer.action({ action: "ATTACH", detail: { port: 0 } }); // a log that has no head yet is told as one whose head was removed
process.stdout.write("writing\n");
for (let port = 1; ; port = (port % 65535) + 1) {
  writer.write(event({ source: { address: "198.18.0.1", port } }));
  if (port % 50 === 0) void writer.action({ action: "ATTACH", detail: { port } });
  if (port % 10 === 0) await turn();
}
