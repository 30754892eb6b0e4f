/** Tunnels that have a header of their own. IPIP and its kin are IP layers put inside each other. */

import { join, padTo, toBytes, u16, u24, u32, withChecksum, type Bytes, type Layer } from "./layer.ts";

export interface GREOptions {
  key?: number;
  seq?: number;
  /** True for the right one, a number for another. */
  checksum?: boolean | number;
  version?: number;
  /** Flag bits beyond those that the fields above set. */
  flags?: number;
  type?: number;
}

export function GRE(options: GREOptions = {}): Layer {
  const hasChecksum = options.checksum !== undefined && options.checksum !== false;
  const flags =
    (hasChecksum ? 0x8000 : 0) |
    (options.key !== undefined ? 0x2000 : 0) |
    (options.seq !== undefined ? 0x1000 : 0) |
    (options.flags ?? 0) |
    (options.version ?? 0);
  return {
    protocol: 47,
    write: ({ bytes, next }) => {
      const packet = join(
        u16(flags),
        u16(options.type ?? next?.etherType ?? 0),
        hasChecksum ? u32(0) : [],
        options.key !== undefined ? u32(options.key) : [],
        options.seq !== undefined ? u32(options.seq) : [],
        bytes,
      );
      const given = typeof options.checksum === "number" ? options.checksum : undefined;
      return hasChecksum ? withChecksum(packet, 4, given) : packet;
    },
  };
}

export interface VXLANOptions {
  vni?: number;
  /** The first byte; 8 says that the VNI is valid. */
  flags?: number;
  /** Of VXLAN-GPE: what it carries. */
  protocol?: number;
}

export function VXLAN(options: VXLANOptions = {}): Layer {
  return {
    port: 4789,
    write: ({ bytes }) =>
      join([options.flags ?? (options.protocol === undefined ? 8 : 12), 0, 0, options.protocol ?? 0], u24(options.vni ?? 1), [0], bytes),
  };
}

export interface GeneveOption {
  class?: number;
  type?: number;
  data?: Bytes;
}

export interface GeneveOptions {
  vni?: number;
  options?: readonly GeneveOption[];
  version?: number;
  /** Of the options, in 4-byte units, as in the header. */
  optionsLength?: number;
  type?: number;
}

export function Geneve(options: GeneveOptions = {}): Layer {
  const list = join(...(options.options ?? []).map(geneveOption));
  return {
    port: 6081,
    write: ({ bytes, next }) =>
      join(
        [((options.version ?? 0) << 6) | ((options.optionsLength ?? list.length / 4) & 0x3f), 0],
        u16(options.type ?? next?.etherType ?? 0),
        u24(options.vni ?? 1),
        [0],
        list,
        bytes,
      ),
  };
}

function geneveOption(option: GeneveOption): Uint8Array {
  const data = padTo(4, toBytes(option.data ?? []));
  return join(u16(option.class ?? 0xff00), [option.type ?? 0, data.length / 4], data);
}
