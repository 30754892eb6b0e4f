/** Finds the owner of an accepted connection that nobody was seen using: it is the listener's owner, if only one socket listens there. */

import { Listening, ListeningPlace, TcpConnection } from "../../generated/layout.ts";
import type { BpfMap } from "../../kernel/maps.ts";

export interface ListenerTables {
  /** The places where sockets listen, with their makers. */
  places: BpfMap;
  listeners: BpfMap;
}

const ANY = Buffer.alloc(16);
const ANY_IPV4 = Buffer.from("00000000000000000000ffff00000000", "hex");

/** Returns the struct owner for a struct tcp_connection. */
export function listenerOf(record: Buffer, { places, listeners }: ListenerTables): Buffer | undefined {
  const { netns, local_be, local_port } = TcpConnection;
  const place = Buffer.alloc(ListeningPlace.size);
  record.copy(place, ListeningPlace.netns, netns, netns + 8);
  place.writeUInt32LE(record.readUInt16LE(local_port), ListeningPlace.port);
  // A listener on one address comes before a listener on all addresses.
  for (const address of [record.subarray(local_be.at, local_be.at + 16), ANY_IPV4, ANY]) {
    address.copy(place, ListeningPlace.local_be.at);
    const listening = places.lookup(place);
    if (listening === undefined) continue;
    const cookie = listening.subarray(Listening.cookie, Listening.cookie + 8);
    return cookie.readBigUInt64LE() === 0n ? undefined : listeners.lookup(cookie);
  }
  return undefined;
}
