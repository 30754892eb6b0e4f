/** Runs the view on whatever terminal it is given, with events all the time, and tells in a file how its event loop fares. */

import { writeFileSync } from "node:fs";
import { createLog } from "../../agent/daemon/log.ts";
import { startView } from "../../agent/cli/view.ts";
import { anEvent, FakeAgent } from "../api/support.ts";

const [report, milliseconds] = process.argv.slice(2) as [string, string];
const agent = new FakeAgent();
const log = createLog({ level: "info", format: "pretty" });
const view = startView(agent.control);
let turns = 0;
const busy = setInterval(() => {
  turns++;
  for (let index = 0; index < 100; index++) agent.publish(anEvent(turns * 100 + index));
  for (let index = 0; index < 20; index++) log.info(`turn ${turns} ${"x".repeat(200)}`);
  writeFileSync(report, String(turns));
}, 10);
const end = (): void => {
  clearInterval(busy);
  view.close();
  setTimeout(() => process.exit(0), 100);
};
process.once("SIGINT", end);
setTimeout(end, Number(milliseconds));
