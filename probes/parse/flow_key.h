/* SPDX-License-Identifier: GPL-2.0 */
/* The key of a connection. Packets of both directions have the same key. */
#ifndef WEIR_FLOW_KEY_H
#define WEIR_FLOW_KEY_H

#include "base/packet.h"
#include "parse/icmp.h"

/*
 * Is the source the low end of the key? The order of ends is arbitrary but fixed: it compares words as they are in
 * memory.
 */
static __always_inline bool source_is_low(const struct tuple *tuple)
{
	if (tuple->source_be[1] != tuple->destination_be[1])
		return tuple->source_be[1] < tuple->destination_be[1];
	if (tuple->source_be[0] != tuple->destination_be[0])
		return tuple->source_be[0] < tuple->destination_be[0];
	return tuple->source_port <= tuple->destination_port;
}

static __always_inline bool is_icmp_reply(const struct tuple *tuple)
{
	return icmp_request(tuple->protocol, tuple->icmp_type) != tuple->icmp_type;
}

/*
 * Stores both halves of a word at once. The look-up reads the word, and the processor would have to wait if two narrow
 * stores had written it.
 */
static __always_inline void store_pair(__u16 pair[2], __u16 first, __u16 second)
{
	*(__u32 *)pair = bpf_htonl(1) == 1 ? (__u32)first << 16 | second : (__u32)second << 16 | first;
}

/* Fills in the part of the key that names the two ends. Returns whether the source is the low end. */
static __always_inline bool name_ends(const struct tuple *tuple, struct flow_key *key)
{
	bool low = source_is_low(tuple);
	__u8 asker = 0;

	if (tuple->protocol == IPPROTO_ICMP || tuple->protocol == IPPROTO_ICMPV6)
		asker = low != is_icmp_reply(tuple) ? 1 : 2;
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

/* Fills in the whole key of the connection between the ends of `tuple`. Returns whether the source is the low end. */
static __always_inline bool make_flow_key(const struct packet *packet, const struct tuple *tuple, struct flow_key *key)
{
	key->ifindex = packet->frame.ifindex;
	key->tunnel = packet->headers.tunnel;
	store_pair(key->vlan, packet->headers.vlan[0], packet->headers.vlan[1]);
	key->tunnel_high = packet->headers.tunnel_high;
	return name_ends(tuple, key);
}

#endif
