/** One packet as the reference sees it, and the reader that its parsers share. */

import type { Reason as ReasonTable } from "../../generated/layout.ts";
import type { TunnelKind } from "../../values/traffic.ts";

/** The reasons why a packet is undecided. The names are those of enum weir_reason. */
export type Reason = Lowercase<Exclude<keyof typeof ReasonTable, "NONE" | "COUNT">>;

export interface Addresses {
  source: bigint;
  destination: bigint;
}

export interface PortPair {
  source: number;
  destination: number;
}

export interface IcmpMessage {
  type: number;
  code: number;
  /** The identifier of echo and timestamp messages, else 0. */
  identifier: number;
}

/** The layer 4 header, with the members that its protocol has. `null` means "has none". */
export interface TransportHeader {
  protocol: number;
  ports: PortPair | null;
  icmp: IcmpMessage | null;
  tcpFlags: number | null;
  segment: Segment | null;
  /** The packet that an ICMP error is about, if the error quotes enough of it. */
  quoted: Conversation | null;
  /** The inner packet of a tunnel. */
  inner: Inner | null;
  /** What TCP or UDP carries, unless the packet is a later fragment. */
  payload: Uint8Array | null;
  /** The bytes behind a UDP header up to the end of the IP packet: tunnels are judged by all of them. */
  datagram: Uint8Array | null;
}

/** The numbers of a TCP segment. */
export interface Segment {
  sequence: number;
  /** The number behind its last byte. SYN and FIN count as one byte each. */
  end: number;
  acknowledgement: number;
  /** True if the packet holds the whole segment. */
  whole: boolean;
  /** For resets only: whether the checksums of the segment and of an IPv4 header are right. */
  checksumIsRight: boolean;
  /** For resets only: true if nothing in the packet may make a router or its receiver discard it. */
  isPlain: boolean;
}

/** The two ends of a conversation, in the order of one packet. */
export interface Conversation extends Addresses, Pick<TransportHeader, "protocol" | "ports" | "icmp"> {}

export interface Inner {
  kind: TunnelKind;
  /** The ethertype of the inner packet if the outer protocol tells it, else 0: then the tunnel's header tells it. */
  etherType: number;
  bytes: Uint8Array;
}

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_IPV6 = 0x86dd;

/** The facts around an IP packet that change how lengths are read. */
export interface Surroundings {
  /** True if the buffer holds several segments. A length of 0 then stands for everything there is. */
  gso: boolean;
  /** True if a first fragment carries the packet, so that bytes may be missing at the end. */
  partial: boolean;
}

export interface Fragment {
  id: number;
  offset: number;
  length: number;
  more: boolean;
}

export interface Packet extends Addresses {
  family: 4 | 6;
  hopLimit: number;
  /** The differentiated services code point. */
  dscp: number;
  /** The protocol in the IPv4 header; null for IPv6, where a later fragment cannot be believed about it. */
  headerProtocol: number | null;
  fragment: Fragment | null;
  /** True if there was an IPv6 fragment header, even that of an atomic fragment. */
  fragmentHeader: boolean;
  /** undefined for a later fragment, until it gets the header of its first. */
  transport: TransportHeader | undefined;
}

/** Thrown by the parsers, and caught where a packet is read. */
export class Undecidable extends Error {
  readonly reason: Reason;
  constructor(reason: Reason) {
    super(reason);
    this.reason = reason;
  }
}

/** Reads bytes from the front. Numbers are in network order. */
export class Reader {
  #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length;
  }

  get rest(): Uint8Array {
    return this.#bytes;
  }

  /** Returns the next `size` bytes. If they are missing, the packet is undecidable for `reason`. */
  take(size: number, reason: Reason): DataView {
    if (size > this.#bytes.length) throw new Undecidable(reason);
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, size);
    this.#bytes = this.#bytes.subarray(size);
    return view;
  }

  /** Forgets the bytes beyond `size`, which are padding. */
  cut(size: number): void {
    this.#bytes = this.#bytes.subarray(0, size);
  }
}
