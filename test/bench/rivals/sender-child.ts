/**
 * Runs inside a namespace: sends frames into veth pairs, and answers how much processor time one of them costs, from
 * being made to being dropped or handed on at the other end. The core that sends takes in as well, so the time is this
 * thread's, with that of the core's own softirq thread; what others do on the machine is not in it.
 */

import { readdirSync, readFileSync } from "node:fs";

import { listLinks } from "../../../agent/kernel/links.ts";
import { attachXdp, type Device } from "../../../agent/kernel/xdp.ts";
import { stayOnCpu } from "../../harness/own-namespace.ts";
import { sendFrames } from "../live-frames.ts";
import { Probes } from "../probes.ts";
import { type Cost, DROPPING, type Order } from "./traffic.ts";

const CPU = 0;
/** In one call, which costs as much as thousands of frames: the first is to learn what one costs. */
const FEWEST = 64;
const MOST = 50_000;

stayOnCpu(CPU);
const links = new Map(listLinks().map((link) => [link.name, link]));
const softirqThread = readdirSync("/proc").find((pid) => /^\d+$/.test(pid) && nameOf(pid) === `ksoftirqd/${CPU}`);
const generators = new Map<string, Probes>();
const dropping = new Probes();
attachXdp(dropping.program("drop_xdp"), device(DROPPING), "native");

process.on("message", (order: Order) => {
  try {
    process.send!(costOf(order));
  } catch (error) {
    process.send!({ error: (error as Error).stack });
  }
});
process.once("disconnect", () => process.exit());
process.send!("ready");

function costOf({ link, frame, spread, budgetMs }: Order): Cost {
  const target = device(link);
  const generator = generatorFor(target, spread).program("scan");
  const data = Buffer.from(frame, "base64");
  const total = { packets: 0, nanoseconds: 0 };
  let count = FEWEST;
  for (let first = true; total.nanoseconds < budgetMs * 1e6; first = false) {
    const before = { packets: taken(target), nanoseconds: processorTime() };
    sendFrames(generator, data, count); // even if cut short: what has arrived is counted
    settle(target);
    const packets = taken(target) - before.packets;
    const nanoseconds = processorTime() - before.nanoseconds;
    if (packets === 0) throw new Error(`none of ${count} frames has passed ${link}`);
    if (!first) {
      total.packets += packets;
      total.nanoseconds += nanoseconds;
    }
    count = Math.min(Math.max(Math.floor((budgetMs * 1e6 * packets) / nanoseconds), FEWEST), MOST);
  }
  return { nanoseconds: total.nanoseconds / total.packets, packets: total.packets };
}

/** Until the other end has taken in what lies there. */
function settle(target: Device): void {
  for (let before = -1, now = taken(target); now !== before; ) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    [before, now] = [now, taken(target)];
  }
}

/** Frames that the other end of the pair has taken in: this one counts them as sent. */
function taken({ name }: Device): number {
  const counted = new RegExp(`^ *${name}:(?: *\\d+){8} *\\d+ +(\\d+)`, "m").exec(readFileSync("/proc/thread-self/net/dev", "utf8"));
  return Number(counted![1]);
}

function processorTime(): number {
  return (
    nanosecondsOf("/proc/thread-self/schedstat") + (softirqThread === undefined ? 0 : nanosecondsOf(`/proc/${softirqThread}/schedstat`))
  );
}

function nanosecondsOf(path: string): number {
  return Number(readFileSync(path, "utf8").split(" ")[0]);
}

function generatorFor(target: Device, spread: Order["spread"]): Probes {
  const key = JSON.stringify([target.ifindex, spread]);
  const known = generators.get(key);
  if (known !== undefined) return known;
  const made = new Probes({ target: target.ifindex, ...spread });
  generators.set(key, made);
  return made;
}

function device(name: string): Device {
  const found = links.get(name);
  if (found === undefined) throw new RangeError(`no device ${name}; there are ${[...links.keys()].join(", ")}`);
  return found;
}

function nameOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return ""; // it has ended
  }
}
