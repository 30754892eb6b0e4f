/* SPDX-License-Identifier: GPL-2.0 */
/* Layer 4: TCP, UDP, ICMP and ICMPv6, and the packet that an ICMP error quotes. */
#ifndef WEIR_TRANSPORT_H
#define WEIR_TRANSPORT_H

#include "parse/flow_key.h"
#include "parse/ipv4.h"
#include "parse/ipv6.h"
#include "parse/tunnel_ports.h"

struct tcp_header {
	__be16 source;
	__be16 destination;
	__be32 sequence;
	__be32 acknowledgement;
	__u8 data_offset; /* length of the header in its upper four bits, in units of 4 bytes */
	__u8 flags;
	__be16 window;
	__be16 checksum;
	__be16 urgent;
};

static __always_inline __u32 tcp_header_length(const struct tcp_header *tcp)
{
	return (tcp->data_offset >> 4) * 4;
}

struct udp_header {
	__be16 source;
	__be16 destination;
	__be16 length;
	__be16 checksum;
};

/* How many bytes of the packet lie behind the cursor, whether they are linear or not. */
static __always_inline __u32 payload_left(const struct packet *packet)
{
	return packet->headers.end > packet->headers.offset ? packet->headers.end - packet->headers.offset : 0;
}

/* How many sequence numbers a TCP segment takes: one for each byte, and one each for SYN and FIN. */
static __always_inline __u32 sequence_length(__u32 payload, __u8 flags)
{
	return payload + (flags & TCP_SYN) / TCP_SYN + (flags & TCP_FIN) / TCP_FIN;
}

/* The sequence number of a TCP segment, which must not be a later fragment. */
static __always_inline __u32 sequence_of(const struct packet *packet)
{
	return packet->headers.sequence_end -
	       sequence_length(packet->headers.end - packet->headers.header_end, packet->headers.tcp_flags);
}

static __always_inline __u32 parse_tcp(const struct cursor *cursor, struct packet *packet)
{
	__u32 left = payload_left(packet), header_length;
	struct tcp_header *tcp;

	if (left < sizeof(*tcp))
		return packet->headers.flags & PACKET_FIRST_FRAGMENT ? REASON_FRAGMENT_TINY : REASON_TCP_TRUNCATED;
	tcp = take(cursor, packet, sizeof(*tcp));
	if (!tcp)
		return short_of(packet, sizeof(*tcp), REASON_TCP_TRUNCATED);
	header_length = tcp_header_length(tcp);
	if (header_length < sizeof(*tcp) || header_length > left)
		return REASON_TCP_HEADER_LENGTH;
	packet->headers.tuple.source_port = bpf_ntohs(tcp->source);
	packet->headers.tuple.destination_port = bpf_ntohs(tcp->destination);
	packet->headers.tcp_flags = tcp->flags;
	packet->headers.acknowledgement = bpf_ntohl(tcp->acknowledgement);
	packet->headers.sequence_end = bpf_ntohl(tcp->sequence) + sequence_length(left - header_length, tcp->flags);
	packet->headers.header_end = packet->headers.l4_offset + header_length;
	packet->headers.flags |= PACKET_HAS_PORTS;
	return 0;
}

static __always_inline __u32 parse_udp(const struct cursor *cursor, struct packet *packet)
{
	__u32 left = payload_left(packet), length;
	struct udp_header *udp;

	if (left < sizeof(*udp))
		return packet->headers.flags & PACKET_FIRST_FRAGMENT ? REASON_FRAGMENT_TINY : REASON_UDP_TRUNCATED;
	udp = take(cursor, packet, sizeof(*udp));
	if (!udp)
		return short_of(packet, sizeof(*udp), REASON_UDP_TRUNCATED);
	length = bpf_ntohs(udp->length);
	if (packet->headers.flags & (PACKET_FIRST_FRAGMENT | PACKET_PARTIAL) ||
	    (!length && packet->headers.flags & PACKET_GSO))
		left = length = sizeof(*udp); /* the length in the header covers more than this frame */
	if (!length && packet->headers.flags & PACKET_IPV6)
		length = left; /* RFC 2675: a jumbogram has no length; Linux accepts other packets without it, too */
	if (length < sizeof(*udp) || length > left)
		return REASON_UDP_LENGTH;
	packet->headers.tuple.source_port = bpf_ntohs(udp->source);
	packet->headers.tuple.destination_port = bpf_ntohs(udp->destination);
	packet->headers.header_end = packet->headers.offset;
	packet->headers.flags |= PACKET_HAS_PORTS;
	note_tunnel_in_udp(packet);
	packet->headers.inner_offset = packet->headers.offset;
	return 0;
}

/*
 * Finds the connection that an ICMP error is about, from the packet that it quotes. An error goes to the sender of that
 * packet. An error that goes to another address, or quotes too little, is related to no connection, and is judged on
 * its own.
 */
static __always_inline void parse_quoted(const struct cursor *cursor, struct packet *packet)
{
	struct tuple quoted = {};
	struct udp_header *ports;
	__u8 protocol;

	if (packet->headers.tuple.protocol == IPPROTO_ICMP) {
		struct ipv4_header *ip = take(cursor, packet, sizeof(*ip));

		if (!ip || !is_ipv4(ip) || ipv4_header_length(ip) < sizeof(*ip) ||
		    bpf_ntohs(ip->fragment) & IPV4_OFFSET_MASK)
			return;
		map_ipv4(quoted.source_be, ip->source);
		map_ipv4(quoted.destination_be, ip->destination);
		protocol = ip->protocol;
		packet->headers.offset += ipv4_header_length(ip) - sizeof(*ip);
	} else {
		struct ipv6_header *ip = take(cursor, packet, sizeof(*ip));

		if (!ip || !is_ipv6(ip))
			return;
		copy_ipv6(quoted.source_be, ip->source);
		copy_ipv6(quoted.destination_be, ip->destination);
		protocol = ip->next_header;
	}
	ports = take(cursor, packet, sizeof(*ports));
	if (!ports)
		return;
	quoted.protocol = protocol;
	if (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP) {
		quoted.source_port = bpf_ntohs(ports->source);
		quoted.destination_port = bpf_ntohs(ports->destination);
	} else if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6) {
		set_icmp_tuple(&quoted, (struct icmp_header *)ports);
	}
	if (packet->headers.tuple.destination_be[0] != quoted.source_be[0] ||
	    packet->headers.tuple.destination_be[1] != quoted.source_be[1])
		return;
	packet->headers.flags |= PACKET_QUOTES;
	if (make_flow_key(packet, &quoted, &packet->quoted))
		packet->headers.flags |= PACKET_QUOTED_IS_LOW;
}

static __always_inline __u32 parse_icmp(const struct cursor *cursor, struct packet *packet)
{
	struct icmp_header *icmp;

	if (payload_left(packet) < sizeof(*icmp))
		return packet->headers.flags & PACKET_FIRST_FRAGMENT ? REASON_FRAGMENT_TINY : REASON_ICMP_TRUNCATED;
	icmp = take(cursor, packet, sizeof(*icmp));
	if (!icmp)
		return short_of(packet, sizeof(*icmp), REASON_ICMP_TRUNCATED);
	set_icmp_tuple(&packet->headers.tuple, icmp);
	packet->headers.header_end = packet->headers.offset;
	packet->headers.flags |= PACKET_HAS_PORTS;
	if (icmp_request(packet->headers.tuple.protocol, icmp->type) != icmp->type)
		packet->headers.flags |= PACKET_ICMP_REPLY;
	if (is_icmp_error(packet->headers.tuple.protocol, icmp->type)) {
		packet->headers.flags |= PACKET_ICMP_ERROR;
		parse_quoted(cursor, packet);
	}
	return 0;
}

static __always_inline __u32 parse_transport(const struct cursor *cursor, struct packet *packet)
{
	packet->headers.header_end = packet->headers.offset;
	switch (packet->headers.tuple.protocol) {
	case IPPROTO_TCP:
		return parse_tcp(cursor, packet);
	case IPPROTO_UDP:
		return parse_udp(cursor, packet);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return parse_icmp(cursor, packet);
	case IPPROTO_GRE:
		packet->headers.inner_kind = TUNNEL_GRE;
		break;
	case IPPROTO_IPIP:
		packet->headers.inner_kind = TUNNEL_IPIP;
		packet->headers.inner_protocol = ETH_P_IP;
		break;
	case IPPROTO_IPV6:
		packet->headers.inner_kind = TUNNEL_IPIP;
		packet->headers.inner_protocol = ETH_P_IPV6;
		break;
	}
	packet->headers.inner_offset = packet->headers.offset;
	packet->headers.flags |= PACKET_HAS_PORTS;
	return 0;
}

#endif
