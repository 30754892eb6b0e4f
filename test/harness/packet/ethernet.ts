/** Layer 2: Ethernet, VLAN tags, and what travels on it without IP. */

import { ipv4, mac } from "./address.ts";
import { join, u16, type Layer } from "./layer.ts";

export const MAC_A = "02:00:00:00:00:0a";
export const MAC_B = "02:00:00:00:00:0b";
export const BROADCAST = "ff:ff:ff:ff:ff:ff";

/** Of a frame that carries nothing we know: IEEE's local experimental type. */
const ETHERTYPE_EXPERIMENTAL = 0x88b5;

export interface EthernetOptions {
  src?: string;
  dst?: string;
  type?: number;
}

export function Ethernet(options: EthernetOptions = {}): Layer {
  return {
    etherType: 0x6558, // inside GRE and Geneve: transparent Ethernet bridging
    protocol: 143,
    write: ({ bytes, next }) =>
      join(mac(options.dst ?? MAC_B), mac(options.src ?? MAC_A), u16(options.type ?? next?.etherType ?? ETHERTYPE_EXPERIMENTAL), bytes),
  };
}

export interface VLANOptions {
  id?: number;
  priority?: number;
  dropEligible?: boolean;
  /** 0x8100 for a customer tag, 0x88a8 for a service tag. */
  tpid?: number;
  type?: number;
}

export function VLAN(tag: number | VLANOptions): Layer {
  const options = typeof tag === "number" ? { id: tag } : tag;
  const control = ((options.priority ?? 0) << 13) | (options.dropEligible ? 0x1000 : 0) | (options.id ?? 0);
  return {
    etherType: options.tpid ?? 0x8100,
    write: ({ bytes, next }) => join(u16(control), u16(options.type ?? next?.etherType ?? ETHERTYPE_EXPERIMENTAL), bytes),
  };
}

export interface ARPOptions {
  operation?: "request" | "reply";
  senderMac?: string;
  sender: string;
  targetMac?: string;
  target: string;
}

export function ARP(options: ARPOptions): Layer {
  return {
    etherType: 0x0806,
    write: ({ bytes }) =>
      join(
        u16(1), // hardware: Ethernet
        u16(0x0800), // protocol: IPv4
        [6, 4],
        u16(options.operation === "reply" ? 2 : 1),
        mac(options.senderMac ?? MAC_A),
        ipv4(options.sender),
        mac(options.targetMac ?? "00:00:00:00:00:00"),
        ipv4(options.target),
        bytes,
      ),
  };
}

export interface LLDPOptions {
  chassis?: string;
  port?: string;
  seconds?: number;
}

export function LLDP(options: LLDPOptions = {}): Layer {
  const port = new TextEncoder().encode(options.port ?? "eth0");
  return {
    etherType: 0x88cc,
    write: ({ bytes }) =>
      join(
        item(1, join([4], mac(options.chassis ?? MAC_A))), // chassis, by MAC address
        item(2, join([5], port)), // port, by interface name
        item(3, Uint8Array.from(u16(options.seconds ?? 120))),
        item(0, new Uint8Array()),
        bytes,
      ),
  };
}

function item(type: number, value: Uint8Array): Uint8Array {
  return join(u16((type << 9) | value.length), value);
}
