/* SPDX-License-Identifier: GPL-2.0 */
/* What ICMP and ICMPv6 messages are to a connection: errors about it, questions, answers. */
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
	/* Neighbour discovery, RFC 4861: these, and all between them. */
	ICMPV6_ROUTER_SOLICITATION_TYPE = 133,
	ICMPV6_REDIRECT_TYPE = 137,
};

/* Of an unreachable: communication is administratively prohibited. */
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

/* The question that an answer belongs to; any other type is its own. */
static __always_inline __u8 icmp_question(__u8 protocol, __u8 type)
{
	if (protocol == IPPROTO_ICMPV6)
		return type == ICMPV6_ECHO_REPLY_TYPE ? ICMPV6_ECHO_TYPE : type;
	if (type == ICMP_ECHO_REPLY_TYPE)
		return ICMP_ECHO_TYPE;
	return type == ICMP_TIMESTAMP_REPLY_TYPE ? ICMP_TIMESTAMP_TYPE : type;
}

static __always_inline bool has_icmp_id(__u8 protocol, __u8 question)
{
	if (protocol == IPPROTO_ICMPV6)
		return question == ICMPV6_ECHO_TYPE;
	return question == ICMP_ECHO_TYPE || question == ICMP_TIMESTAMP_TYPE;
}

/*
 * ICMP has no ports. In a flow's key the asking end has the identifier, and the other end what is asked; otherwise an
 * echo reply that nobody asked for would open the way for the echo request that a rule blocks.
 */
static __always_inline void set_icmp_tuple(struct tuple *tuple, const struct icmp_header *icmp)
{
	__u8 question = icmp_question(tuple->protocol, icmp->type);
	__u16 asked = question << 8 | icmp->code;
	__u16 id = has_icmp_id(tuple->protocol, question) ? bpf_ntohs(icmp->id) : 0;

	tuple->icmp_type = icmp->type;
	tuple->icmp_code = icmp->code;
	tuple->source_port = question == icmp->type ? id : asked;
	tuple->destination_port = question == icmp->type ? asked : id;
}

#endif
