/* SPDX-License-Identifier: GPL-2.0 */
/* The key of a connection: the same whichever end sent the packet. */
#ifndef WEIR_FLOW_KEY_H
#define WEIR_FLOW_KEY_H

#include "base/packet.h"
#include "parse/icmp.h"

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

/* Two narrow stores that the look-up reads as one word would make it wait for them: they are joined first. */
static __always_inline void store_pair(__u16 pair[2], __u16 first, __u16 second)
{
	*(__u32 *)pair = bpf_htonl(1) == 1 ? (__u32)first << 16 | second : (__u32)second << 16 | first;
}

/* All of the key that the ends say. Returns whether the source is the low one. */
static __always_inline bool name_ends(const struct tuple *tuple, struct flow_key *key)
{
	bool low = source_is_low(tuple);
	__u8 asker = 0;

	if (tuple->protocol == IPPROTO_ICMP || tuple->protocol == IPPROTO_ICMPV6)
		asker = low != is_icmp_answer(tuple) ? 1 : 2;
	if (low) {
		key->low_be[0] = tuple->source_be[0];
		key->low_be[1] = tuple->source_be[1];
		key->high_be[0] = tuple->destination_be[0];
		key->high_be[1] = tuple->destination_be[1];
		store_pair(key->ports, tuple->source_port, tuple->destination_port);
	} else {
		key->low_be[0] = tuple->destination_be[0];
		key->low_be[1] = tuple->destination_be[1];
		key->high_be[0] = tuple->source_be[0];
		key->high_be[1] = tuple->source_be[1];
		store_pair(key->ports, tuple->destination_port, tuple->source_port);
	}
	store_pair(key->what, tuple->protocol, asker);
	return low;
}

static __always_inline bool make_flow_key(const struct packet *packet, const struct tuple *tuple, struct flow_key *key)
{
	key->ifindex = packet->frame.ifindex;
	key->tunnel = packet->headers.tunnel;
	store_pair(key->vlan, packet->headers.vlan[0], packet->headers.vlan[1]);
	key->tunnel_high = packet->headers.tunnel_high;
	return name_ends(tuple, key);
}

#endif
