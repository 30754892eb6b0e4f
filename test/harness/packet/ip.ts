/** IPv4 and IPv6. Nest them for IPIP, 4in6, 6in4 and 6in6. */

import { ipv4, ipv6 } from "./address.ts";
import { join, padTo, toBytes, u16, u32, withChecksum, type Bytes, type Layer } from "./layer.ts";

export const IPV4_A = "198.18.0.1";
export const IPV4_B = "198.18.0.2";
export const IPV6_A = "2001:db8::1";
export const IPV6_B = "2001:db8::2";

/** Of a packet that carries nothing we know: IANA's "use for experimentation". */
const PROTOCOL_EXPERIMENTAL = 253;
const PROTOCOL_NONE = 59;

export interface FragmentOptions {
  id?: number;
  /** In bytes; a multiple of 8. */
  offset?: number;
  more?: boolean;
}

export interface IPv4Options {
  src?: string;
  dst?: string;
  ttl?: number;
  tos?: number;
  id?: number;
  /** The unused, first of the three flag bits. */
  reserved?: boolean;
  dontFragment?: boolean;
  fragment?: FragmentOptions;
  options?: Bytes;
  version?: number;
  /** In 4-byte units, as in the header. */
  ihl?: number;
  totalLength?: number;
  protocol?: number;
  checksum?: number;
}

export function IPv4(options: IPv4Options = {}): Layer {
  const addresses = join(ipv4(options.src ?? IPV4_A), ipv4(options.dst ?? IPV4_B));
  const extra = padTo(4, toBytes(options.options ?? []));
  const { id = options.id ?? 0, offset = 0, more = false } = options.fragment ?? {};
  const flags = (options.reserved ? 0x8000 : 0) | (options.dontFragment ? 0x4000 : 0) | (more ? 0x2000 : 0);
  return {
    etherType: 0x0800,
    protocol: 4,
    pseudoHeader: (protocol, length) => join(addresses, [0, protocol], u16(length)),
    write: ({ bytes, next }) => {
      const length = 20 + extra.length;
      const header = join(
        [((options.version ?? 4) << 4) | ((options.ihl ?? length / 4) & 0xf), options.tos ?? 0],
        u16(options.totalLength ?? length + bytes.length),
        u16(id),
        u16(flags | (offset >> 3)),
        [options.ttl ?? 64, options.protocol ?? next?.protocol ?? PROTOCOL_EXPERIMENTAL],
        u16(0),
        addresses,
        extra,
      );
      return join(withChecksum(header, 10, options.checksum), bytes);
    },
  };
}

export interface IPv6Options {
  src?: string;
  dst?: string;
  hopLimit?: number;
  trafficClass?: number;
  flowLabel?: number;
  version?: number;
  payloadLength?: number;
  nextHeader?: number;
}

export function IPv6(options: IPv6Options = {}): Layer {
  const addresses = join(ipv6(options.src ?? IPV6_A), ipv6(options.dst ?? IPV6_B));
  const first = ((options.version ?? 6) << 28) | ((options.trafficClass ?? 0) << 20) | (options.flowLabel ?? 0);
  return {
    etherType: 0x86dd,
    protocol: 41,
    pseudoHeader: (protocol, length) => join(addresses, u32(length), [0, 0, 0, protocol]),
    write: ({ bytes, next }) =>
      join(
        u32(first),
        u16(options.payloadLength ?? bytes.length),
        [options.nextHeader ?? next?.protocol ?? PROTOCOL_NONE, options.hopLimit ?? 64],
        addresses,
        bytes,
      ),
  };
}

export interface ExtensionOptions {
  nextHeader?: number;
  /** As in the header; by default the length of the body. */
  length?: number;
  /** All behind the first two bytes, filled up to the header's unit. */
  body?: Bytes;
}

/** PadN over the whole of a minimal options header. */
const PADDING = [1, 4, 0, 0, 0, 0];

export function HopByHop(options: ExtensionOptions = {}): Layer {
  return extension(0, { body: PADDING, ...options });
}

export function DestinationOptions(options: ExtensionOptions = {}): Layer {
  return extension(60, { body: PADDING, ...options });
}

/** Type 253 (experimental) with no segments left, so that the destination above is the final one. */
export function Routing(options: ExtensionOptions = {}): Layer {
  return extension(43, { body: [253, 0, 0, 0, 0, 0], ...options });
}

/** A binding refresh request. */
export function Mobility(options: ExtensionOptions = {}): Layer {
  return extension(135, { body: 6, ...options });
}

/** An extension header in the usual form, under any number. */
export function extension(protocol: number, options: ExtensionOptions = {}): Layer {
  return {
    protocol,
    write: ({ bytes, next }) => {
      const body = padTo(8, join(2, toBytes(options.body ?? 6))).subarray(2);
      const length = options.length ?? (body.length + 2) / 8 - 1;
      return join([options.nextHeader ?? next?.protocol ?? PROTOCOL_NONE, length], body, bytes);
    },
  };
}

export interface AHOptions {
  nextHeader?: number;
  /** As in the header: in 4-byte units, less two. */
  length?: number;
  spi?: number;
  seq?: number;
  /** The integrity check value; 12 bytes by default. */
  icv?: Bytes;
}

export function AH(options: AHOptions = {}): Layer {
  const icv = padTo(4, toBytes(options.icv ?? 12));
  return {
    protocol: 51,
    write: ({ bytes, next }) =>
      join(
        [options.nextHeader ?? next?.protocol ?? PROTOCOL_NONE, options.length ?? (12 + icv.length) / 4 - 2],
        u16(0),
        u32(options.spi ?? 1),
        u32(options.seq ?? 1),
        icv,
        bytes,
      ),
  };
}

/** The IPv6 fragment header; with neither offset nor more it makes an atomic fragment. */
export function Fragment(options: FragmentOptions & { nextHeader?: number } = {}): Layer {
  return {
    protocol: 44,
    write: ({ bytes, next }) =>
      join(
        [options.nextHeader ?? next?.protocol ?? PROTOCOL_NONE, 0],
        u16(((options.offset ?? 0) & 0xfff8) | (options.more ? 1 : 0)),
        u32(options.id ?? 1),
        bytes,
      ),
  };
}
