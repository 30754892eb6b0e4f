/** Sends ever the same frames into the device of this index, as fast as one core goes, until it is told to stop. */

import { Probes } from "../bench/probes.ts";
import { sendFrames } from "../bench/live-frames.ts";

const [target = "0", hex = ""] = process.argv.slice(2);
const AT_ONCE = 20_000;
const SOURCES = 1 << 16;

const probes = new Probes({ addresses: SOURCES, target: Number(target) });
const frame = Buffer.from(hex, "hex");
let going = true;
process.on("message", () => void (going = false));
process.once("disconnect", () => process.exit());
process.send!("ready");
go();

function go(): void {
  if (!going) return void process.send!("stopped");
  sendFrames(probes.program("generate"), frame, AT_ONCE);
  setImmediate(go);
}
