/** Explains each reason for which a packet is undecided, for people. */

import type { Reason } from "./reference/packet.ts";

export const REASONS: Readonly<Record<Reason, string>> = {
  interface_unknown: "the kernel's table of interfaces has no room for the interface it came by",
  ethernet_truncated: "the frame ends within its Ethernet header",
  vlan_depth: "it has more than two VLAN tags",
  vlan_truncated: "the frame ends within a VLAN tag",
  ipv4_truncated: "the frame ends within its IPv4 header",
  ipv4_version: "its ethertype says IPv4, its header another version",
  ipv4_header_length: "the IPv4 header claims a length that cannot be",
  ipv4_total_length: "the IPv4 packet claims a length that the frame does not have",
  ipv6_truncated: "the frame ends within its IPv6 header",
  ipv6_version: "its ethertype says IPv6, its header another version",
  ipv6_payload_length: "the IPv6 packet claims a length that the frame does not have",
  extension_truncated: "the packet ends within an IPv6 extension header",
  extension_depth: "it has more IPv6 extension headers than weir follows",
  tcp_truncated: "the packet ends within its TCP header",
  tcp_header_length: "the TCP header claims a length that cannot be",
  udp_truncated: "the packet ends within its UDP header",
  udp_length: "the UDP datagram claims a length that the packet does not have",
  icmp_truncated: "the packet ends within its ICMP header",
  fragment_tiny: "the first fragment is too short for the ports or the message type",
  fragment_overlap: "the fragment overlaps another, or comes twice",
  fragment_nested: "it is a fragment of a fragment",
  fragment_length: "the fragment's length or place cannot be",
  fragment_ranges: "its datagram comes in more scattered pieces than weir follows",
  fragment_without_first: "it is a later fragment without ports, and its first was not seen",
  opener_unknown: "nothing says who opened this connection; its first packet would, as with --flags syn",
  process_unknown:
    "nobody knows which process of this host it belongs to, or what that runs, and a rule asks for it; it can be described, as with --executable",
  tunnel_truncated: "the packet ends within its tunnel header",
  tunnel_header: "the tunnel header is of a form that weir does not open",
  tunnel_payload: "the tunnel carries neither IP nor Ethernet",
  tunnel_depth: "it is a tunnel within a tunnel",
  not_linear: "the kernel could not lay its headers open",
};
