/* SPDX-License-Identifier: GPL-2.0 */
/* Ethernet II and up to two VLAN tags, in band or (TC) in the skb's metadata. */
#ifndef WEIR_ETHERNET_H
#define WEIR_ETHERNET_H

#include "parse/cursor.h"

struct vlan_header {
	__be16 tci;
	__be16 ethertype;
};

static __always_inline bool is_vlan(__u16 ethertype)
{
	return ethertype == ETH_P_8021Q || ethertype == ETH_P_8021AD;
}

/* A priority tag has id 0 and is a tag all the same. */
static __always_inline __u16 vlan_value(__u16 tci)
{
	return 0x1000 | (tci & 0x0fff);
}

/* VLAN tags, where *ethertype says that one follows. Returns 0 or a reason; *ethertype is then that of what is behind them. */
static __always_inline __u32 parse_tags(const struct cursor *cursor, struct packet *packet, __u16 *ethertype)
{
	__u16 type = *ethertype;

	for (int i = 0; i < LIMIT_VLAN_TAGS + 1; i++) {
		struct vlan_header *vlan;
		__u32 count = packet->headers.vlan_count;

		if (!is_vlan(type))
			break;
		if (count >= LIMIT_VLAN_TAGS)
			return REASON_VLAN_DEPTH;
		vlan = take(cursor, packet, sizeof(*vlan));
		if (!vlan)
			return short_of(packet, sizeof(*vlan), REASON_VLAN_TRUNCATED);
		packet->headers.vlan[count & 1] = vlan_value(bpf_ntohs(vlan->tci));
		packet->headers.vlan_count = count + 1;
		type = bpf_ntohs(vlan->ethertype);
	}
	*ethertype = type;
	return 0;
}

/* Returns 0 or a reason; the ethertype of what follows is left in *ethertype. */
static __always_inline __u32 parse_ethernet(const struct cursor *cursor, struct packet *packet, __u16 *ethertype)
{
	struct ethhdr *ethernet = take(cursor, packet, sizeof(*ethernet));

	if (!ethernet)
		return short_of(packet, sizeof(*ethernet), REASON_ETHERNET_TRUNCATED);
	*ethertype = bpf_ntohs(ethernet->h_proto);
	return parse_tags(cursor, packet, ethertype);
}

#endif
