/**
 * Frames as data, for tests: `frame(Ethernet(), VLAN(5), IPv4({ dst }), TCP({ dport: 23 }), payload("hello"))`.
 *
 * Layers stand in the order of the wire. Each names the one behind it; lengths and checksums are right unless an
 * option says otherwise, so a malformed frame is a right one with one field overridden. An ICMP error carries the
 * packet it answers as further layers, and a tunnel its inner packet.
 */

export { frame, inside, payload, checksum, type Bytes, type Layer } from "./packet/layer.ts";
export { ARP, BROADCAST, Ethernet, LLDP, MAC_A, MAC_B, VLAN } from "./packet/ethernet.ts";
export {
  AH,
  DestinationOptions,
  extension,
  Fragment,
  HopByHop,
  IPv4,
  IPV4_A,
  IPV4_B,
  IPv6,
  IPV6_A,
  IPV6_B,
  Mobility,
  Routing,
} from "./packet/ip.ts";
export { ICMP, ICMPv6, TCP, UDP, type TCPFlag } from "./packet/transport.ts";
export { Geneve, GRE, VXLAN } from "./packet/tunnel.ts";
