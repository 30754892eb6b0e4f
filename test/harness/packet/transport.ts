/** TCP, UDP, ICMP and ICMPv6. Checksums cover the addresses of the nearest IP layer. */

import { checksum, join, padTo, toBytes, u16, u32, withChecksum, type Bytes, type Inside, type Layer } from "./layer.ts";

const TCP_FLAGS = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16, urg: 32, ece: 64, cwr: 128 };
export type TCPFlag = keyof typeof TCP_FLAGS;

export interface TCPOptions {
  sport?: number;
  dport?: number;
  seq?: number;
  ack?: number;
  flags?: readonly TCPFlag[];
  window?: number;
  urgent?: number;
  options?: Bytes;
  /** In 4-byte units, as in the header. */
  doff?: number;
  checksum?: number;
}

export function TCP(options: TCPOptions = {}): Layer {
  const extra = padTo(4, toBytes(options.options ?? []));
  const flags = (options.flags ?? ["syn"]).reduce((bits, flag) => bits | TCP_FLAGS[flag], 0);
  return {
    protocol: 6,
    write: ({ bytes, ip }) => {
      const segment = join(
        u16(options.sport ?? 40000),
        u16(options.dport ?? 80),
        u32(options.seq ?? 1000),
        u32(options.ack ?? 0),
        [((options.doff ?? 5 + extra.length / 4) & 0xf) << 4, flags],
        u16(options.window ?? 64240),
        u16(0),
        u16(options.urgent ?? 0),
        extra,
        bytes,
      );
      return withChecksum(segment, 16, options.checksum, ip?.pseudoHeader?.(6, segment.length));
    },
  };
}

export interface UDPOptions {
  sport?: number;
  dport?: number;
  length?: number;
  /** 0 for none. */
  checksum?: number;
}

export function UDP(options: UDPOptions = {}): Layer {
  return {
    protocol: 17,
    write: ({ bytes, next, ip }) => {
      const datagram = join(
        u16(options.sport ?? 40000),
        u16(options.dport ?? next?.port ?? 53),
        u16(options.length ?? 8 + bytes.length),
        u16(0),
        bytes,
      );
      const computed = checksum(ip?.pseudoHeader?.(17, datagram.length) ?? new Uint8Array(), datagram);
      return withChecksum(datagram, 6, options.checksum ?? (computed || 0xffff)); // a computed 0 is sent as all ones
    },
  };
}

export interface ICMPOptions {
  type?: number;
  code?: number;
  /** Of echo messages. */
  id?: number;
  seq?: number;
  /** The four bytes behind the checksum, where they are not id and sequence (an MTU, a pointer). */
  rest?: number;
  checksum?: number;
}

/** An echo request by default. For an error, name the type and put the packet it answers behind it as layers. */
export function ICMP(options: ICMPOptions = {}): Layer {
  return {
    protocol: 1,
    write: ({ bytes }) => withChecksum(icmpMessage(options, 8, bytes), 2, options.checksum),
  };
}

export function ICMPv6(options: ICMPOptions = {}): Layer {
  return {
    protocol: 58,
    write: ({ bytes, ip }: Inside) => {
      const message = icmpMessage(options, 128, bytes);
      return withChecksum(message, 2, options.checksum, ip?.pseudoHeader?.(58, message.length));
    },
  };
}

function icmpMessage(options: ICMPOptions, echo: number, bytes: Uint8Array): Uint8Array {
  const type = options.type ?? echo;
  const hasId = type === 0 || type === 8 || type === 128 || type === 129;
  const rest = options.rest ?? (hasId ? ((options.id ?? 1) << 16) | (options.seq ?? 1) : 0);
  return join([type, options.code ?? 0], u16(0), u32(rest), bytes);
}
