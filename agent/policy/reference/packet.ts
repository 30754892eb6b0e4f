/** One packet as the reference sees it, and the reader its parsers share. */

import type { Reason as ReasonTable } from "../../generated/layout.ts";

/** Why a packet could not be decided; the names are those of enum weir_reason. */
export type Reason = Lowercase<Exclude<keyof typeof ReasonTable, "NONE" | "COUNT">>;

export interface Addresses {
  source: bigint;
  destination: bigint;
}

export interface Ports {
  source: number;
  destination: number;
}

export interface Message {
  type: number;
  code: number;
  /** Of echo and timestamp messages, else 0. */
  identifier: number;
}

/** Layer 4, as far as its protocol goes. `null` is "has none". */
export interface Transport {
  protocol: number;
  ports: Ports | null;
  icmp: Message | null;
  tcpFlags: number | null;
  segment: Segment | null;
  /** Of an ICMP error: the packet it is about, if it quotes enough of it. */
  quoted: Conversation | null;
  /** Of a tunnel: what is inside. */
  inner: Inner | null;
  /** Of UDP: what follows the header, unless the packet is a later fragment. */
  datagram: Uint8Array | null;
}

/** The numbers of a TCP segment. */
export interface Segment {
  sequence: number;
  /** Behind its last byte; SYN and FIN count as one each. */
  end: number;
  acknowledgement: number;
  /** All of it is in this packet. */
  whole: boolean;
  /** Only looked at of a reset: that of the segment, and that of an IPv4 header. */
  checksumIsRight: boolean;
  /** Only looked at of a reset: nothing of it may make a router or its receiver throw it away. */
  isPlain: boolean;
}

/** Who talks to whom, in the order of one packet. */
export interface Conversation extends Addresses, Pick<Transport, "protocol" | "ports" | "icmp"> {}

export type TunnelKind = "gre" | "ipip" | "vxlan" | "geneve";

export interface Inner {
  kind: TunnelKind;
  /** The ethertype of what is inside where the outer protocol says it, else 0: the tunnel's header does. */
  etherType: number;
  bytes: Uint8Array;
}

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_IPV6 = 0x86dd;

/** What surrounds an IP packet, as far as it changes how lengths are read. */
export interface Surroundings {
  /** Several segments in one buffer: a length of 0 stands for all there is. */
  gso: boolean;
  /** Carried by a first fragment: bytes may be missing at the end. */
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
  /** Differentiated services code point. */
  dscp: number;
  /** Of the IPv4 header; null for IPv6, where a later fragment cannot be believed about it. */
  headerProtocol: number | null;
  fragment: Fragment | null;
  /** An IPv6 fragment header was there, be it an atomic one. */
  fragmentHeader: boolean;
  /** undefined for a later fragment, until its first lends it one. */
  transport: Transport | undefined;
}

/** Thrown by the parsers, caught where a packet is read. */
export class Undecidable extends Error {
  readonly reason: Reason;
  constructor(reason: Reason) {
    super(reason);
    this.reason = reason;
  }
}

/** Bytes that are taken from the front. Numbers are in network order. */
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

  /** The next `size` bytes; without them the packet is undecidable for `reason`. */
  take(size: number, reason: Reason): DataView {
    if (size > this.#bytes.length) throw new Undecidable(reason);
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, size);
    this.#bytes = this.#bytes.subarray(size);
    return view;
  }

  /** Forgets what lies beyond `size` bytes, as padding. */
  cut(size: number): void {
    this.#bytes = this.#bytes.subarray(0, size);
  }
}
