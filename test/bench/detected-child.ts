/**
 * Runs inside a namespace: sends datagrams from ever new addresses to one that a rule names, each the first packet of a
 * connection. Its parent says how many a second, and for how long; it answers when they are out.
 */

import { listLinks } from "../../agent/kernel/links.ts";
import { Ethernet, frame, IPv4, payload, UDP } from "../harness/packet.ts";
import { stayOnCpu } from "../harness/own-namespace.ts";
import type { Burst } from "./events.ts";
import { sendFrames } from "./live-frames.ts";
import { Probes } from "./probes.ts";
import { BLOCKED_ADDRESS } from "./rules.ts";

const FRAME = frame(Ethernet(), IPv4({ dst: BLOCKED_ADDRESS }), UDP({ checksum: 0 }), payload(18));
const SOURCES = 1 << 22;
/** What is due is sent at once, but not less: a call costs as much as thousands of frames. */
const LEAST = 10_000;
const MOST = 40_000;

stayOnCpu(0); // what the receiving end of the pair costs in the kernel is paid here, too, and not by the agent
const probes = new Probes({ addresses: SOURCES, target: listLinks().find(({ name }) => name === "eth0")!.ifindex });
const generator = probes.program("generate");

process.on("message", ({ rate, seconds }: Burst) => {
  const total = rate * seconds;
  const began = performance.now();
  for (let sent = 0; sent < total; ) {
    const due = Math.min(((performance.now() - began) / 1000) * rate, total) - sent;
    if (due < Math.min(LEAST, total - sent)) continue;
    const count = Math.floor(Math.min(due, MOST));
    sendFrames(generator, FRAME, count);
    sent += count;
  }
  process.send!("done");
});
process.once("disconnect", () => process.exit());
process.send!("ready");
