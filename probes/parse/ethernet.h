/* SPDX-License-Identifier: GPL-2.0 */
/* Ethernet II, and up to two VLAN tags. On TC the kernel keeps the outer tag in the skb and not in the frame. */
#ifndef WEIR_ETHERNET_H
#define WEIR_ETHERNET_H

#include "parse/cursor.h"

#define VLAN_ID_MASK 0x0fff /* IEEE 802.1Q: the identifier in the tag control information */
#define VLAN_TAGGED 0x1000  /* weir sets this bit in the value of a tag, so that it differs from no tag */

struct vlan_header {
	__be16 tci;
	__be16 ethertype;
};

static __always_inline bool is_vlan(__u16 ethertype)
{
	return ethertype == ETH_P_8021Q || ethertype == ETH_P_8021AD;
}

/* The value of a tag, as in struct flow_key. A priority tag has the identifier 0, and counts as a tag. */
static __always_inline __u16 vlan_value(__u16 tci)
{
	return VLAN_TAGGED | (tci & VLAN_ID_MASK);
}

/*
 * Reads VLAN tags as long as *ethertype says that one follows. Leaves in *ethertype what follows the tags. Returns 0 or
 * a reason.
 */
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

/* Reads the Ethernet header and its tags. Leaves in *ethertype what follows them. Returns 0 or a reason. */
static __always_inline __u32 parse_ethernet(const struct cursor *cursor, struct packet *packet, __u16 *ethertype)
{
	struct ethhdr *ethernet = take(cursor, packet, sizeof(*ethernet));

	if (!ethernet)
		return short_of(packet, sizeof(*ethernet), REASON_ETHERNET_TRUNCATED);
	*ethertype = bpf_ntohs(ethernet->h_proto);
	return parse_tags(cursor, packet, ethertype);
}

#endif
