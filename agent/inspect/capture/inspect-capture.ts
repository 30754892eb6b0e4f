/** Reads what layer 7 of a capture says. */

import { fromInteger, formatAddress } from "../../values/address.ts";
import { ACK, FIN, RST, SYN } from "../../policy/reference/flags.ts";
import { Fragments } from "../../policy/reference/fragments.ts";
import type { Packet } from "../../policy/reference/packet.ts";
import { type NotIp, type ParsedFrame, parseFrame, parseInner } from "../../policy/reference/parse.ts";
import { TCP, UDP } from "../../policy/reference/transport.ts";
import { type Inspected, type InspectedPacket, Inspection } from "../inspection.ts";
import { readCapture } from "./pcap.ts";

/** The transactions, in the order in which they end. */
export function* inspectCapture(capture: Uint8Array): Generator<Inspected> {
  let ended: Inspected[] = [];
  const inspection = new Inspection((inspected) => ended.push(inspected));
  const fragments = new Fragments();
  for (const { number, time, frame } of readCapture(capture)) {
    const packet = packetIn(frame, fragments);
    if (packet !== undefined) inspection.take(packet, { frame: number, time });
    yield* ended;
    ended = [];
  }
  inspection.close();
  yield* ended;
}

function packetIn(frame: Uint8Array, fragments: Fragments): InspectedPacket | undefined {
  const arrival = { frame, hook: "ingress" as const, interface: "" };
  let seen: ParsedFrame | NotIp = parseFrame(arrival, fragments);
  for (;;) {
    if ("etherType" in seen || seen.problem !== undefined || seen.packet === undefined) return undefined;
    const { packet, place }: ParsedFrame = seen;
    if (packet!.transport?.inner == null) return inspected(packet!, place);
    if (seen.inTunnel) return undefined;
    seen = parseInner(packet!, packet!.transport.inner, arrival, fragments);
  }
}

function inspected({ source, destination, transport, fragment }: Packet, place: string): InspectedPacket | undefined {
  if (transport?.ports == null || transport.payload === null || fragment !== null) return undefined;
  if (transport.protocol !== TCP && transport.protocol !== UDP) return undefined;
  const flags = transport.tcpFlags ?? 0;
  const has = (flag: number): boolean => (flags & flag) !== 0;
  return {
    source: { address: formatAddress(fromInteger(source)), port: transport.ports.source },
    destination: { address: formatAddress(fromInteger(destination)), port: transport.ports.destination },
    place,
    payload: transport.payload,
    ...(transport.segment === null
      ? {}
      : {
          segment: {
            sequence: transport.segment.sequence,
            ...(has(ACK) ? { acknowledgement: transport.segment.acknowledgement } : {}),
            syn: has(SYN),
            fin: has(FIN),
            reset: has(RST),
          },
        }),
  };
}
