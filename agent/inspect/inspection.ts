/** Assigns packets to connections, and tells the transactions of all of them. */

import type { Endpoint } from "../values/traffic.ts";
import { Datagrams } from "./datagrams.ts";
import type { Listener, Side } from "./parser.ts";
import { DATAGRAM_PROTOCOLS, STREAM_PROTOCOLS } from "./protocols.ts";
import { type Segment, Stream } from "./stream.ts";
import type { Transaction } from "./transaction.ts";

type End = Required<Endpoint>;

export interface InspectedPacket {
  source: End;
  destination: End;
  /** Ends of the same addresses in another place are those of other hosts. */
  place: string;
  /** A packet without a segment is a datagram. */
  segment?: Omit<Segment, "payload"> & { reset: boolean };
  payload: Uint8Array;
}

/** When a packet was seen, and the number of its frame. */
export interface Moment {
  frame: number;
  time: number;
}

/** A transaction with the moment at which its request was known, seen from the end that opened the connection. */
export type Inspected = Moment & Transaction & { transport: "tcp" | "udp"; source: End; destination: End };

interface Connection {
  opener: End;
  reader: Stream | Datagrams;
  /** The sequence number with which it was opened; undefined if weir has not seen that. */
  opening?: number;
}

function transportOf({ segment }: InspectedPacket): Inspected["transport"] {
  return segment === undefined ? "udp" : "tcp";
}

const MOST_CONNECTIONS = 65_536;

export class Inspection {
  readonly #connections = new Map<string, Connection>();
  readonly #tell: (inspected: Inspected) => void;
  #now: Moment = { frame: 0, time: 0 };

  constructor(tell: (inspected: Inspected) => void) {
    this.#tell = tell;
  }

  take(packet: InspectedPacket, moment: Moment): void {
    this.#now = moment;
    const { source, destination, segment, payload } = packet;
    const ends = [source, destination].map(({ address, port }) => `${address} ${port}`).sort();
    const key = `${transportOf(packet)} ${packet.place} ${ends.join(" ")}`;
    const { opener, reader } = this.#connectionOf(key, packet);
    const side: Side = opener.address === source.address && opener.port === source.port ? "client" : "server";
    if (reader instanceof Datagrams) return reader.take(side, payload);
    reader.take(side, { ...segment!, payload });
    if (segment!.reset) reader.close();
  }

  /** Nothing more comes. */
  close(): void {
    for (const { reader } of this.#connections.values()) reader.close();
    this.#connections.clear();
  }

  #connectionOf(key: string, packet: InspectedPacket): Connection {
    const known = this.#connections.get(key);
    const { source, destination, segment } = packet;
    const opens = segment?.syn === true && segment.acknowledgement === undefined;
    if (known !== undefined && !(opens && known.opening !== segment.sequence)) return known;
    known?.reader.close();
    this.#connections.delete(key);
    this.#makeRoom();
    const answers = segment?.syn === true && segment.acknowledgement !== undefined;
    const [opener, other] =
      opens || segment === undefined || (!answers && source.port >= destination.port) ? [source, destination] : [destination, source];
    const listener = this.#listenerOf(opener, other, transportOf(packet));
    const reader = segment === undefined ? new Datagrams(DATAGRAM_PROTOCOLS, listener) : new Stream(STREAM_PROTOCOLS, listener);
    const connection: Connection = { opener, reader, ...(opens ? { opening: segment.sequence } : {}) };
    this.#connections.set(key, connection);
    return connection;
  }

  #makeRoom(): void {
    if (this.#connections.size < MOST_CONNECTIONS) return;
    const [oldest, { reader }] = this.#connections.entries().next().value!;
    reader.close();
    this.#connections.delete(oldest);
  }

  #listenerOf(source: End, destination: End, transport: Inspected["transport"]): Listener {
    const asked = new Map<Transaction, Moment>();
    return {
      asked: (transaction) => void asked.set(transaction, this.#now),
      ended: (transaction) => {
        const moment = asked.get(transaction) ?? this.#now;
        asked.delete(transaction);
        this.#tell({ ...moment, ...transaction, transport, source, destination });
      },
    };
  }
}
