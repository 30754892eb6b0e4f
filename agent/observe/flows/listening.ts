/** Whose an accepted connection is that nobody was seen using: its listener's, where only one listens there. */

import { Listening, ListeningPlace, TcpConnection } from "../../generated/layout.ts";
import type { BpfMap } from "../../kernel/maps.ts";

export interface ListenerTables {
  /** Where sockets listen, and who made them. */
  places: BpfMap;
  listeners: BpfMap;
}

const ANY = Buffer.alloc(16);
const ANY_IPV4 = Buffer.from("00000000000000000000ffff00000000", "hex");

/** A struct owner, of a struct tcp_connection. */
export function listenerOf(record: Buffer, { places, listeners }: ListenerTables): Buffer | undefined {
  const { netns, local_be, local_port } = TcpConnection;
  const place = Buffer.alloc(ListeningPlace.size);
  record.copy(place, ListeningPlace.netns, netns, netns + 8);
  place.writeUInt32LE(record.readUInt16LE(local_port), ListeningPlace.port);
  // A listener at one address gets what comes there before one at all addresses does.
  for (const address of [record.subarray(local_be.at, local_be.at + 16), ANY_IPV4, ANY]) {
    address.copy(place, ListeningPlace.local_be.at);
    const listening = places.lookup(place);
    if (listening === undefined) continue;
    const cookie = listening.subarray(Listening.cookie, Listening.cookie + 8);
    return cookie.readBigUInt64LE() === 0n ? undefined : listeners.lookup(cookie);
  }
  return undefined;
}
