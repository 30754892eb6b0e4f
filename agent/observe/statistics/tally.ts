/** The sums of connections. */

import type { TcpMeasures } from "../flows/tcp.ts";
import { LastMinute } from "./last-minute.ts";
import { Spread } from "./spread.ts";

/** The traffic of a connection, or of a part of it. */
export interface ConnectionTraffic {
  packets: number;
  /** The bytes that left this host, and those that arrived. */
  sent: number;
  received: number;
}

export class Tally {
  /** The connections on watched interfaces. */
  connections = 0;
  /** Those of them that went on in detect and would be dropped. */
  wouldDrop = 0;
  packets = 0;
  sent = 0;
  received = 0;
  readonly opened = new LastMinute();
  /** Durations in microseconds of connections that ended. */
  readonly durations = new Spread();
  /** Measurements of sockets, including connections that no watched interface saw. */
  measured = 0;
  segments = 0;
  retransmissions = 0;
  /** Round-trip times in microseconds. */
  readonly roundTrips = new Spread();
  leastRoundTrip = Infinity;

  /** `opened` is in milliseconds since the epoch. */
  count(opened: number, now: number, wouldDrop: boolean): void {
    this.connections++;
    if (wouldDrop) this.wouldDrop++;
    this.opened.note(opened, now);
  }

  add({ packets, sent, received }: ConnectionTraffic): void {
    this.packets += packets;
    this.sent += sent;
    this.received += received;
  }

  measure({ roundTrip, leastRoundTrip, segments, retransmissions }: TcpMeasures): void {
    this.measured++;
    this.segments += segments;
    this.retransmissions += retransmissions;
    if (roundTrip > 0) this.roundTrips.add(roundTrip);
    if (leastRoundTrip > 0) this.leastRoundTrip = Math.min(this.leastRoundTrip, leastRoundTrip);
  }

  merge(other: Tally, now: number): void {
    this.connections += other.connections;
    this.wouldDrop += other.wouldDrop;
    this.add(other);
    this.opened.merge(other.opened, now);
    this.durations.merge(other.durations);
    this.measured += other.measured;
    this.segments += other.segments;
    this.retransmissions += other.retransmissions;
    this.roundTrips.merge(other.roundTrips);
    this.leastRoundTrip = Math.min(this.leastRoundTrip, other.leastRoundTrip);
  }
}
