/* SPDX-License-Identifier: GPL-2.0 */
/* ICMP and ICMPv6 messages: errors about a connection, and requests and replies, which are a connection themselves. */
#ifndef WEIR_ICMP_H
#define WEIR_ICMP_H

#include "base/packet.h"

struct icmp_header {
	__u8 type;
	__u8 code;
	__be16 checksum;
	__be16 id;
	__be16 sequence;
};

/* Types of messages. RFC 792 and RFC 4443 assign those without a comment. */
enum icmp_number {
	ICMP_ECHO_REPLY_TYPE = 0,
	ICMP_UNREACHABLE_TYPE = 3,
	ICMP_QUENCH_TYPE = 4,
	ICMP_ECHO_TYPE = 8,
	ICMP_EXCEEDED_TYPE = 11,
	ICMP_PARAMETER_TYPE = 12,
	ICMP_TIMESTAMP_TYPE = 13,
	ICMP_TIMESTAMP_REPLY_TYPE = 14,
	ICMPV6_UNREACHABLE_TYPE = 1,
	ICMPV6_ERROR_LAST_TYPE = 4,
	ICMPV6_ECHO_TYPE = 128,
	ICMPV6_ECHO_REPLY_TYPE = 129,
	/* Multicast listener discovery: RFC 2710, and RFC 3810 for version 2. */
	ICMPV6_LISTENER_QUERY_TYPE = 130,
	ICMPV6_LISTENER_REPORT_TYPE = 131,
	ICMPV6_LISTENER_DONE_TYPE = 132,
	ICMPV6_LISTENER_REPORT_V2_TYPE = 143,
	/* Neighbour discovery, RFC 4861: these two, and all types between them. */
	ICMPV6_ROUTER_SOLICITATION_TYPE = 133,
	ICMPV6_REDIRECT_TYPE = 137,
};

/* Codes of an unreachable message: communication is administratively prohibited (RFC 1812, RFC 4443). */
enum icmp_code {
	ICMP_PROHIBITED_CODE = 13,
	ICMPV6_PROHIBITED_CODE = 1
};

static __always_inline bool is_icmp_error(__u8 protocol, __u8 type)
{
	if (protocol == IPPROTO_ICMPV6)
		return type >= 1 && type <= ICMPV6_ERROR_LAST_TYPE;
	return type == ICMP_UNREACHABLE_TYPE || type == ICMP_QUENCH_TYPE || type == ICMP_EXCEEDED_TYPE ||
	       type == ICMP_PARAMETER_TYPE;
}

/* Returns the type of the request that a reply belongs to. For any other message it returns its own type. */
static __always_inline __u8 icmp_request(__u8 protocol, __u8 type)
{
	if (protocol == IPPROTO_ICMPV6)
		return type == ICMPV6_ECHO_REPLY_TYPE ? ICMPV6_ECHO_TYPE : type;
	if (type == ICMP_ECHO_REPLY_TYPE)
		return ICMP_ECHO_TYPE;
	return type == ICMP_TIMESTAMP_REPLY_TYPE ? ICMP_TIMESTAMP_TYPE : type;
}

/* Has a message of this type an identifier? */
static __always_inline bool has_icmp_id(__u8 protocol, __u8 request)
{
	if (protocol == IPPROTO_ICMPV6)
		return request == ICMPV6_ECHO_TYPE;
	return request == ICMP_ECHO_TYPE || request == ICMP_TIMESTAMP_TYPE;
}

/*
 * ICMP has no ports. In a flow's key the requesting end has the identifier as its port, and the other end the type and
 * code of the request. Without this difference, an echo reply that nobody requested would open the way for an echo
 * request that a rule blocks.
 */
static __always_inline void set_icmp_tuple(struct tuple *tuple, const struct icmp_header *icmp)
{
	__u8 request = icmp_request(tuple->protocol, icmp->type);
	__u16 requested = request << 8 | icmp->code;
	__u16 id = has_icmp_id(tuple->protocol, request) ? bpf_ntohs(icmp->id) : 0;

	tuple->icmp_type = icmp->type;
	tuple->icmp_code = icmp->code;
	tuple->source_port = request == icmp->type ? id : requested;
	tuple->destination_port = request == icmp->type ? requested : id;
}

#endif
