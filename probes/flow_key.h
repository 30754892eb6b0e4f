/* SPDX-License-Identifier: GPL-2.0 */
/* The key of a connection: the same whichever end sent the packet. */
#ifndef WEIR_FLOW_KEY_H
#define WEIR_FLOW_KEY_H

#include "icmp.h"
#include "packet.h"

/* Any fixed order will do; this one compares words as they lie in memory. */
static __always_inline bool source_is_low(const struct tuple *tuple)
{
	if (tuple->source_be[1] != tuple->destination_be[1])
		return tuple->source_be[1] < tuple->destination_be[1];
	if (tuple->source_be[0] != tuple->destination_be[0])
		return tuple->source_be[0] < tuple->destination_be[0];
	return tuple->source_port <= tuple->destination_port;
}

static __always_inline bool is_icmp_answer(const struct tuple *tuple)
{
	return icmp_question(tuple->protocol, tuple->icmp_type) != tuple->icmp_type;
}

static __always_inline bool make_flow_key(const struct packet *packet, const struct tuple *tuple, struct flow_key *key)
{
	bool low = source_is_low(tuple);

	key->low_be[0] = low ? tuple->source_be[0] : tuple->destination_be[0];
	key->low_be[1] = low ? tuple->source_be[1] : tuple->destination_be[1];
	key->high_be[0] = low ? tuple->destination_be[0] : tuple->source_be[0];
	key->high_be[1] = low ? tuple->destination_be[1] : tuple->source_be[1];
	key->low_port = low ? tuple->source_port : tuple->destination_port;
	key->high_port = low ? tuple->destination_port : tuple->source_port;
	key->ifindex = packet->ifindex;
	key->tunnel = packet->tunnel;
	key->vlan[0] = packet->vlan[0];
	key->vlan[1] = packet->vlan[1];
	key->protocol = tuple->protocol;
	key->asker = 0;
	if (tuple->protocol == IPPROTO_ICMP || tuple->protocol == IPPROTO_ICMPV6)
		key->asker = low != is_icmp_answer(tuple) ? 1 : 2;
	__builtin_memset(key->reserved, 0, sizeof(key->reserved));
	return low;
}

#endif
