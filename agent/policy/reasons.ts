/** Explains each reason for which a packet is undecided, for people. */

import type { Reason } from "./reference/packet.ts";

export const REASONS: Readonly<Record<Reason, string>> = {
  interface_unknown: "the kernel's table of interfaces has no room for the interface it came by",
  ethernet_truncated: "the frame ends within its Ethernet header",
  vlan_depth: "it has more than two VLAN tags",
  vlan_truncated: "the frame ends within a VLAN tag",
  ipv4_truncated: "the frame ends within its IPv4 header",
  ipv4_version: "its ethertype says IPv4, its header another version",
  ipv4_header_length: "the IPv4 header claims an impossible length",
  ipv4_total_length: "the IPv4 packet claims a length that the frame does not have",
  ipv6_truncated: "the frame ends within its IPv6 header",
  ipv6_version: "its ethertype says IPv6, its header another version",
  ipv6_payload_length: "the IPv6 packet claims a length that the frame does not have",
  extension_truncated: "the packet ends within an IPv6 extension header",
  extension_depth: "it has more IPv6 extension headers than weir follows",
  tcp_truncated: "the packet ends within its TCP header",
  tcp_header_length: "the TCP header claims an impossible length",
  udp_truncated: "the packet ends within its UDP header",
  udp_length: "the UDP datagram claims a length that the packet does not have",
  icmp_truncated: "the packet ends within its ICMP header",
  fragment_tiny: "the first fragment is too short for the ports or the message type",
  fragment_overlap: "the fragment overlaps another, or comes twice",
  fragment_nested: "it is a fragment of a fragment",
  fragment_length: "the fragment's length or offset is impossible",
  fragment_ranges: "its datagram comes in more scattered pieces than weir follows",
  fragment_without_first: "it is a later fragment without ports, and its first was not seen",
  opener_unknown: "it is not known who opened this connection; its first packet would tell, for example with --flags syn",
  process_unknown:
    "a rule asks for its process, and weir does not know which process of this host it belongs to, or what that runs; describe the process, for example with --executable",
  tunnel_truncated: "the packet ends within its tunnel header",
  tunnel_header: "weir does not open tunnel headers of this form",
  tunnel_payload: "the tunnel carries neither IP nor Ethernet",
  tunnel_depth: "it is a tunnel within a tunnel",
  not_linear: "the kernel could not make its headers readable",
};
