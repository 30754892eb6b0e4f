/* SPDX-License-Identifier: GPL-2.0 */
/* IPv4 (RFC 791): header, options, fragment fields. */
#ifndef WEIR_IPV4_H
#define WEIR_IPV4_H

#include "parse/cursor.h"

struct ipv4_header {
	__u8 version_ihl;
	__u8 tos;
	__be16 total_length;
	__be16 id;
	__be16 fragment;
	__u8 ttl;
	__u8 protocol;
	__be16 checksum;
	__be32 source;
	__be32 destination;
};

#define IPV4_VERSION 4
#define IPV4_DONT_FRAGMENT 0x4000
#define IPV4_MORE_FRAGMENTS 0x2000
#define IPV4_OFFSET_MASK 0x1fff /* in units of 8 bytes */

static __always_inline bool is_ipv4(const struct ipv4_header *ip)
{
	return ip->version_ihl >> 4 == IPV4_VERSION;
}

/* Returns the length of the header with its options in bytes, as the header gives it: less than 20 is invalid. */
static __always_inline __u32 ipv4_header_length(const struct ipv4_header *ip)
{
	return (ip->version_ihl & 0x0f) * 4;
}

static __always_inline __u32 parse_ipv4(const struct cursor *cursor, struct packet *packet)
{
	struct ipv4_header *ip;
	__u32 header_length, total_length, room, fragment;

	packet->headers.l3_offset = packet->headers.offset;
	ip = take(cursor, packet, sizeof(*ip));
	if (!ip)
		return short_of(packet, sizeof(*ip), REASON_IPV4_TRUNCATED);
	if (!is_ipv4(ip))
		return REASON_IPV4_VERSION;
	map_ipv4(packet->headers.tuple.source_be, ip->source);
	map_ipv4(packet->headers.tuple.destination_be, ip->destination);
	packet->headers.flags |= PACKET_HAS_ADDRESSES;
	packet->headers.tuple.protocol = ip->protocol;
	packet->headers.hop_limit = ip->ttl;
	packet->headers.dscp = ip->tos >> 2;

	header_length = ipv4_header_length(ip);
	if (header_length < sizeof(*ip))
		return REASON_IPV4_HEADER_LENGTH;
	room = packet->headers.end - packet->headers.l3_offset;
	total_length = bpf_ntohs(ip->total_length);
	if (!total_length && packet->headers.flags & PACKET_GSO)
		total_length = room;
	if (total_length < header_length || header_length > room ||
	    (total_length > room && !(packet->headers.flags & PACKET_PARTIAL)))
		return REASON_IPV4_TOTAL_LENGTH;
	cut_padding(packet, packet->headers.l3_offset, total_length);
	packet->headers.l4_offset = packet->headers.l3_offset + header_length;
	packet->headers.offset = packet->headers.l4_offset;

	fragment = bpf_ntohs(ip->fragment);
	if (fragment & (IPV4_MORE_FRAGMENTS | IPV4_OFFSET_MASK)) {
		packet->headers.fragment_id = ip->id;
		packet->headers.fragment_offset = packet->headers.l4_offset;
		packet->headers.fragment_start = (fragment & IPV4_OFFSET_MASK) * 8;
		packet->headers.flags |= packet->headers.fragment_start ? PACKET_LATER_FRAGMENT : PACKET_FIRST_FRAGMENT;
		if (!(fragment & IPV4_MORE_FRAGMENTS))
			packet->headers.flags |= PACKET_LAST_FRAGMENT;
	}
	return 0;
}

#endif
