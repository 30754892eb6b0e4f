/** Finds the opener of a connection when a packet has no flow. */

import { parseAddress, toInteger } from "../../values/address.ts";
import type { Direction } from "../../values/traffic.ts";
import type { Arrival, Host } from "./arrival.ts";
import { reversed } from "./connection.ts";
import { ACK, isBareSyn, SYN } from "./flags.ts";
import type { Conversation } from "./packet.ts";
import { TCP } from "./transport.ts";

export interface Opener {
  conversation: Conversation;
  /** The direction in which the opener sends, on this interface. */
  direction: Direction;
  isSender: boolean;
}

export function senderOf(conversation: Conversation, arrival: Arrival): Opener {
  return { conversation, direction: arrival.hook, isSender: true };
}

function receiverOf(conversation: Conversation, arrival: Arrival): Opener {
  const direction = arrival.hook === "ingress" ? "egress" : "ingress";
  return { conversation: reversed(conversation), direction, isSender: false };
}

/**
 * The opener is the sender, unless TCP tells otherwise. For a connection met in the middle the sockets tell. Anyone can send a
 * SYN+ACK to make a connection look as if the receiver had opened it, so a SYN+ACK counts only if a SYN passed that it
 * acknowledges. Returns undefined if nothing tells.
 */
export function findOpener(
  conversation: Conversation,
  tcpFlags: number | null,
  arrival: Arrival,
  host: Host,
  managementPorts: readonly number[],
  isAskedFor: boolean,
): Opener | undefined {
  const sender = senderOf(conversation, arrival);
  if (conversation.protocol !== TCP || conversation.ports === null || tcpFlags === null || isBareSyn(tcpFlags)) return sender;

  const receiver = receiverOf(conversation, arrival);
  const [remote, local] = arrival.hook === "ingress" ? [sender, receiver] : [receiver, sender];
  const ends = { remote: endOf(remote.conversation), local: endOf(local.conversation) };
  if (managementPorts.includes(ends.local.port) || host.listening.includes(ends.local.port)) return remote;
  if (host.established.some((socket) => isEnd(socket.local, ends.local) && isEnd(socket.remote, ends.remote))) return local;
  return (tcpFlags & (SYN | ACK)) === (SYN | ACK) && isAskedFor ? receiver : undefined;
}

function endOf({ source, ports }: Conversation): { address: bigint; port: number } {
  return { address: source, port: ports?.source ?? 0 };
}

function isEnd(socket: { address: string; port: number }, end: { address: bigint; port: number }): boolean {
  return socket.port === end.port && toInteger(parseAddress(socket.address).bytes) === end.address;
}
