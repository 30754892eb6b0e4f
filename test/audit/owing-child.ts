/**
 * A process that writes an action which it cannot copy, lets the log rotate often, and then waits to be killed. Arguments: the folder
 * of the log, and how often it rotates.
 */

import { mkdirSync } from "node:fs";

import { actionsPath } from "../../audit/actions.ts";
import { event, placeIn } from "./fixture.ts";

const place = placeIn(process.argv[2]!);
const writer = await place.open({ rotate: { size: 1, keep: 2 } });
mkdirSync(actionsPath(place.path));
await writer.action({ action: "RULE-ADD", uid: 0, detail: { rule: "owed" } });
let marks = 0;
const rotations = Number(process.argv[3]);
while (marks < rotations) {
  for (let port = 1; port <= 2000; port++) writer.write(event({ source: { address: "198.18.0.1", port } }));
  await writer.action({ action: "ATTACH", detail: { mark: ++marks } }); // all before it is on disk
}
process.stdout.write("written\n");
setInterval(() => {}, 1000);
