/** Decides which direction the frames of a capture have, because a capture does not tell. */

import { fromInteger } from "../values/address.ts";
import type { Direction } from "../values/traffic.ts";
import type { Arrival } from "../policy/reference.ts";
import { Fragments } from "../policy/reference/fragments.ts";
import { parseFrame } from "../policy/reference/parse.ts";
import { type CapturedFrame, readCapture } from "../inspect/capture/pcap.ts";
import { liesIn } from "./packet.ts";

export interface CaptureView {
  interface: string;
  /** The direction of the first frame between two addresses. Frames from the second address to the first have the other direction. */
  direction: Direction;
  /** The addresses of this host: frames from them go out, others come in, whatever `direction` is. */
  local?: readonly string[];
  forwarded?: boolean;
}

export interface Sighted extends CapturedFrame {
  arrival: Arrival;
  /** False for ARP and similar frames, which are not judged. */
  isIp: boolean;
}

export function* arrivalsOf(capture: Uint8Array, view: CaptureView): Generator<Sighted> {
  const firstSender = new Map<string, bigint>();
  for (const captured of readCapture(capture)) {
    const { frame } = captured;
    const arrival: Arrival = { frame, hook: view.direction, interface: view.interface, ...(view.forwarded ? { local: false } : {}) };
    const seen = parseFrame(arrival, new Fragments());
    if ("etherType" in seen) {
      yield { ...captured, arrival, isIp: false };
      continue;
    }
    if (seen.packet !== undefined) arrival.hook = directionOf(seen.packet, view, firstSender);
    yield { ...captured, arrival, isIp: true };
  }
}

function directionOf(
  { source, destination }: { source: bigint; destination: bigint },
  view: CaptureView,
  firstSender: Map<string, bigint>,
): Direction {
  if (view.local !== undefined) return liesIn(fromInteger(source), view.local) ? "egress" : "ingress";
  const pair = source < destination ? `${source} ${destination}` : `${destination} ${source}`;
  const sender = firstSender.get(pair);
  if (sender === undefined) firstSender.set(pair, source);
  return sender === undefined || sender === source ? view.direction : opposite(view.direction);
}

function opposite(direction: Direction): Direction {
  return direction === "ingress" ? "egress" : "ingress";
}
