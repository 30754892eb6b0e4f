/* SPDX-License-Identifier: GPL-2.0 */
/* IPv6 (RFC 8200): header and the chain of extension headers. */
#ifndef WEIR_IPV6_H
#define WEIR_IPV6_H

#include "parse/cursor.h"

struct ipv6_header {
	__be32 version_class_flow;
	__be16 payload_length;
	__u8 next_header;
	__u8 hop_limit;
	__u8 source[16];
	__u8 destination[16];
};

struct extension_header {
	__u8 next_header;
	__u8 length; /* in 8 bytes, less the first 8 (RFC 8200); AH: in 4 bytes, less 8 bytes (RFC 4302) */
};

struct fragment_header {
	__u8 next_header;
	__u8 reserved;
	__be16 offset_more;
	__be32 id;
};

#define IPV6_VERSION 6
#define FRAGMENT_OFFSET_MASK 0xfff8 /* in bytes, because the offset counts units of 8 bytes */
#define FRAGMENT_MORE 0x0001

#define EXTENSION_MOBILITY 135 /* RFC 6275 */
#define EXTENSION_HIP 139      /* RFC 7401 */
#define EXTENSION_SHIM6 140    /* RFC 5533 */

static __always_inline bool is_ipv6(const struct ipv6_header *ip)
{
	return bpf_ntohl(ip->version_class_flow) >> 28 == IPV6_VERSION;
}

static __always_inline bool is_extension(__u8 header)
{
	switch (header) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
	case IPPROTO_AH:
	case IPPROTO_FRAGMENT:
	case EXTENSION_MOBILITY:
	case EXTENSION_HIP:
	case EXTENSION_SHIM6:
		return true;
	default:
		return false;
	}
}

/*
 * Reads the fragment header. An atomic fragment (RFC 6946) is a whole packet. A later fragment has only payload behind
 * this header.
 */
static __always_inline __u32 parse_fragment_header(const struct cursor *cursor, struct packet *packet)
{
	struct fragment_header *header = take(cursor, packet, sizeof(*header));
	__u16 offset_more;

	if (!header)
		return short_of(packet, sizeof(*header), REASON_EXTENSION_TRUNCATED);
	if (packet->headers.flags & PACKET_FRAGMENT_HEADER)
		return REASON_FRAGMENT_NESTED;
	offset_more = bpf_ntohs(header->offset_more);
	packet->headers.tuple.protocol = header->next_header;
	packet->headers.flags |= PACKET_FRAGMENT_HEADER;
	if (!(offset_more & (FRAGMENT_OFFSET_MASK | FRAGMENT_MORE)))
		return 0;
	packet->headers.fragment_id = header->id;
	packet->headers.fragment_offset = packet->headers.offset;
	packet->headers.fragment_start = offset_more & FRAGMENT_OFFSET_MASK;
	packet->headers.flags |=
		packet->headers.fragment_start ? PACKET_LATER_FRAGMENT | PACKET_NO_PROTOCOL : PACKET_FIRST_FRAGMENT;
	if (!(offset_more & FRAGMENT_MORE))
		packet->headers.flags |= PACKET_LAST_FRAGMENT;
	return 0;
}

static __always_inline __u32 parse_ipv6(const struct cursor *cursor, struct packet *packet)
{
	struct ipv6_header *ip;
	__u32 room, payload_length, reason;

	packet->headers.l3_offset = packet->headers.offset;
	ip = take(cursor, packet, sizeof(*ip));
	if (!ip)
		return short_of(packet, sizeof(*ip), REASON_IPV6_TRUNCATED);
	if (!is_ipv6(ip))
		return REASON_IPV6_VERSION;
	copy_ipv6(packet->headers.tuple.source_be, ip->source);
	copy_ipv6(packet->headers.tuple.destination_be, ip->destination);
	/* A mapped IPv4 address in an IPv6 header would meet the rules and flows of IPv4. No host may send one. */
	if (is_mapped(packet->headers.tuple.source_be) || is_mapped(packet->headers.tuple.destination_be))
		return REASON_IPV6_VERSION;
	packet->headers.flags |= PACKET_HAS_ADDRESSES | PACKET_IPV6;
	packet->headers.tuple.protocol = ip->next_header;
	packet->headers.hop_limit = ip->hop_limit;
	packet->headers.dscp = bpf_ntohl(ip->version_class_flow) >> 22 & 0x3f;

	room = packet->headers.end - packet->headers.l3_offset - sizeof(*ip);
	payload_length = bpf_ntohs(ip->payload_length);
	if (!payload_length && packet->headers.flags & PACKET_GSO)
		payload_length = room;
	if (payload_length > room && !(packet->headers.flags & PACKET_PARTIAL))
		return REASON_IPV6_PAYLOAD_LENGTH;
	cut_padding(packet, packet->headers.offset, payload_length);

	/*
	 * The loop is unrolled, because the verifier before Linux 6.2 does not recognise every loop that clang makes of
	 * it.
	 */
#pragma clang loop unroll(full)
	for (int i = 0; i < LIMIT_EXTENSION_HEADERS + 1; i++) {
		__u8 header = packet->headers.tuple.protocol;
		struct extension_header *extension;
		__u32 length;

		if (!is_extension(header) || packet->headers.flags & PACKET_LATER_FRAGMENT) {
			packet->headers.l4_offset = packet->headers.offset;
			return 0;
		}
		if (i == LIMIT_EXTENSION_HEADERS)
			break;
		if (header == IPPROTO_FRAGMENT) {
			reason = parse_fragment_header(cursor, packet);
			if (reason)
				return reason;
			continue;
		}
		extension = take(cursor, packet, sizeof(*extension));
		if (!extension)
			return short_of(packet, sizeof(*extension), REASON_EXTENSION_TRUNCATED);
		length = header == IPPROTO_AH ? (extension->length + 2) * 4 : (extension->length + 1) * 8;
		packet->headers.tuple.protocol = extension->next_header;
		packet->headers.offset += length - sizeof(*extension);
		if (packet->headers.offset > packet->headers.end)
			return REASON_EXTENSION_TRUNCATED;
	}
	return REASON_EXTENSION_DEPTH;
}

#endif
