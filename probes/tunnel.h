/* SPDX-License-Identifier: GPL-2.0 */
/* The header of a tunnel: leaves the cursor at the packet inside, and says what that is. */
#ifndef WEIR_TUNNEL_H
#define WEIR_TUNNEL_H

#include "ethernet.h"

struct gre_header {
	__be16 flags;
	__be16 protocol;
};

#define GRE_CHECKSUM 0x8000
#define GRE_KEY 0x2000
#define GRE_SEQUENCE 0x1000
#define GRE_VERSION 0x0007
#define GRE_ROUTING 0x4000

struct vxlan_header {
	__u8 flags;
	__u8 reserved[3];
	__be32 vni;	/* upper 24 bits */
};

struct geneve_header {
	__u8 version_options;	/* version: upper two bits; option length in 4-byte units: lower six */
	__u8 flags;
	__be16 protocol;
	__be32 vni;
};

#define ETH_P_BRIDGED 0x6558

static __always_inline __u32 tunnel_identity(__u32 kind, __u32 id)
{
	return kind << 24 | (id & 0x00ffffff);
}

static __always_inline __u32 parse_gre(const struct cursor *cursor, struct packet *packet, __u16 *ethertype)
{
	struct gre_header *gre = take(cursor, packet, sizeof(*gre));
	__u16 flags;
	__u32 id = 0;

	if (!gre)
		return short_of(packet, sizeof(*gre), REASON_TUNNEL_TRUNCATED);
	flags = bpf_ntohs(gre->flags);
	*ethertype = bpf_ntohs(gre->protocol);
	if (flags & (GRE_VERSION | GRE_ROUTING))
		return REASON_TUNNEL_HEADER;
	if (flags & GRE_CHECKSUM)
		packet->offset += 4;
	if (flags & GRE_KEY) {
		__be32 *key = take(cursor, packet, sizeof(*key));

		if (!key)
			return short_of(packet, sizeof(*key), REASON_TUNNEL_TRUNCATED);
		id = bpf_ntohl(*key);
	}
	if (flags & GRE_SEQUENCE)
		packet->offset += 4;
	packet->tunnel = tunnel_identity(TUNNEL_GRE, id);
	return packet->offset > packet->frame_length ? REASON_TUNNEL_TRUNCATED : 0;
}

static __always_inline __u32 parse_vxlan(const struct cursor *cursor, struct packet *packet, __u16 *ethertype)
{
	struct vxlan_header *vxlan = take(cursor, packet, sizeof(*vxlan));

	if (!vxlan)
		return short_of(packet, sizeof(*vxlan), REASON_TUNNEL_TRUNCATED);
	if (!(vxlan->flags & 0x08))
		return REASON_TUNNEL_HEADER;
	*ethertype = ETH_P_BRIDGED;
	packet->tunnel = tunnel_identity(TUNNEL_VXLAN, bpf_ntohl(vxlan->vni) >> 8);
	return 0;
}

static __always_inline __u32 parse_geneve(const struct cursor *cursor, struct packet *packet, __u16 *ethertype)
{
	struct geneve_header *geneve = take(cursor, packet, sizeof(*geneve));

	if (!geneve)
		return short_of(packet, sizeof(*geneve), REASON_TUNNEL_TRUNCATED);
	if (geneve->version_options >> 6)
		return REASON_TUNNEL_HEADER;
	*ethertype = bpf_ntohs(geneve->protocol);
	packet->offset += (geneve->version_options & 0x3f) * 4;
	packet->tunnel = tunnel_identity(TUNNEL_GENEVE, bpf_ntohl(geneve->vni) >> 8);
	return packet->offset > packet->frame_length ? REASON_TUNNEL_TRUNCATED : 0;
}

/* *ethertype is 0 on return when what is inside is neither IPv4, IPv6 nor an Ethernet frame. */
static __always_inline __u32 parse_tunnel(const struct cursor *cursor, struct packet *packet, __u32 kind,
					  __u32 inner_protocol, __u16 *ethertype)
{
	__u32 reason = 0;

	switch (kind) {
	case TUNNEL_GRE:
		reason = parse_gre(cursor, packet, ethertype);
		break;
	case TUNNEL_VXLAN:
		reason = parse_vxlan(cursor, packet, ethertype);
		break;
	case TUNNEL_GENEVE:
		reason = parse_geneve(cursor, packet, ethertype);
		break;
	default:
		*ethertype = inner_protocol;
		packet->tunnel = tunnel_identity(TUNNEL_IPIP, 0);
		break;
	}
	if (reason)
		return reason;
	if (*ethertype == ETH_P_BRIDGED)
		return parse_ethernet(cursor, packet, ethertype);
	return 0;
}

#endif
