/** Computes which connection a packet belongs to. The result is the same for packets of both ends. */

import type { Conversation, IcmpMessage } from "./packet.ts";
import { isReply, requestOf } from "./transport.ts";

export interface ConnectionKey {
  text: string;
  sourceIsLow: boolean;
}

/**
 * Returns a key that is the same for packets of both ends. `place` is the interface, the tags and the tunnel.
 *
 * ICMP has no ports, so its key must contain which end asks, and what. Otherwise an echo reply that nobody asked for would open
 * the way for the echo request that a rule blocks, and one kind of message for another.
 */
export function connectionKey(of: Conversation, place: string): ConnectionKey {
  const ends: [string, string] = [
    `${of.source.toString(16)} ${of.ports?.source ?? 0}`,
    `${of.destination.toString(16)} ${of.ports?.destination ?? 0}`,
  ];
  const sourceIsLow = ends[0] <= ends[1];
  const [low, high] = sourceIsLow ? ends : [ends[1], ends[0]];
  const message = of.icmp === null ? "" : questionKey(of.protocol, of.icmp, sourceIsLow);
  return { text: [of.protocol, low, high, message, place].join(" | "), sourceIsLow };
}

function questionKey(protocol: number, message: IcmpMessage, sourceIsLow: boolean): string {
  const lowAsks = sourceIsLow !== isReply(protocol, message.type);
  return `${lowAsks ? "low" : "high"} asks ${requestOf(protocol, message.type)}/${message.code} as ${message.identifier}`;
}

/** Returns the same packet as if the other end had sent it. */
export function reversed(of: Conversation): Conversation {
  const ports = of.ports && { source: of.ports.destination, destination: of.ports.source };
  return { ...of, source: of.destination, destination: of.source, ports };
}
