/* SPDX-License-Identifier: GPL-2.0 */
/* The header of a tunnel: leaves the cursor at the packet inside, and says what that is. */
#ifndef WEIR_TUNNEL_H
#define WEIR_TUNNEL_H

#include "parse/ethernet.h"

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
	__u8 reserved[2];
	__u8 next_protocol; /* of VXLAN-GPE, where the flags say so */
	__be32 vni;	    /* upper 24 bits */
};

#define VXLAN_HAS_IDENTIFIER 0x08
#define VXLAN_HAS_PROTOCOL 0x04 /* VXLAN-GPE: it need not be an Ethernet frame that follows */
#define VXLAN_GPE_UNUSUAL 0x31	/* VXLAN-GPE: a version other than 0, or a message to the tunnel's other end */

struct geneve_header {
	__u8 version_options; /* version: upper two bits; option length in 4-byte units: lower six */
	__u8 flags;
	__be16 protocol;
	__be32 vni;
};

#define ETH_P_BRIDGED 0x6558

static __always_inline __u32 tunnel_identity(__u32 kind, __u32 id)
{
	return kind << 24 | (id & 0x00ffffff);
}

/*
 * WCCP hands over a packet of the family that the tunnel is of, as Linux has it, in version 2 behind a header of 4 bytes.
 * Which of both it is, nothing tells but the first four bits.
 */
static __always_inline __u32 parse_wccp(const struct cursor *cursor, struct packet *packet, bool over_ipv6,
					__u16 *ethertype)
{
	__u8 *first = take(cursor, packet, sizeof(*first));

	if (!first)
		return short_of(packet, sizeof(*first), REASON_TUNNEL_TRUNCATED);
	packet->headers.offset -= sizeof(*first);
	if (*first >> 4 != 4)
		packet->headers.offset += 4;
	*ethertype = over_ipv6 ? ETH_P_IPV6 : ETH_P_IP;
	return 0;
}

/* The header before a mirrored frame. The oldest kind of mirroring has none, and a GRE header without options. */
static __always_inline __u32 parse_erspan(const struct cursor *cursor, struct packet *packet, bool plain,
					  __u16 *ethertype)
{
	*ethertype = ETH_P_BRIDGED;
	if (!plain) {
		__u8 *first = take(cursor, packet, sizeof(*first));
		__u32 version;

		if (!first)
			return short_of(packet, sizeof(*first), REASON_TUNNEL_TRUNCATED);
		version = *first >> 4;
		if (version != 1 && version != 2)
			return REASON_TUNNEL_HEADER;
		packet->headers.offset += (version == 1 ? 8 : 12) - sizeof(*first);
	}
	return 0;
}

static __always_inline __u32 parse_gre(const struct cursor *cursor, struct packet *packet, bool over_ipv6,
				       __u16 *ethertype)
{
	struct gre_header *gre = take(cursor, packet, sizeof(*gre));
	__u32 id = 0, reason = 0;
	__u16 flags;

	if (!gre)
		return short_of(packet, sizeof(*gre), REASON_TUNNEL_TRUNCATED);
	flags = bpf_ntohs(gre->flags);
	*ethertype = bpf_ntohs(gre->protocol);
	if (flags & (GRE_VERSION | GRE_ROUTING))
		return REASON_TUNNEL_HEADER;
	if (flags & GRE_CHECKSUM)
		packet->headers.offset += 4;
	if (flags & GRE_KEY) {
		__be32 *key = take(cursor, packet, sizeof(*key));

		if (!key)
			return short_of(packet, sizeof(*key), REASON_TUNNEL_TRUNCATED);
		id = bpf_ntohl(*key);
	}
	if (flags & GRE_SEQUENCE)
		packet->headers.offset += 4;
	packet->headers.tunnel = tunnel_identity(TUNNEL_GRE, id);
	packet->headers.tunnel_high = id >> 24;
	if (*ethertype == ETH_P_WCCP && !flags)
		reason = parse_wccp(cursor, packet, over_ipv6, ethertype);
	else if (*ethertype == ETH_P_ERSPAN || *ethertype == ETH_P_ERSPAN2)
		reason = parse_erspan(cursor, packet, !(flags & (GRE_CHECKSUM | GRE_KEY | GRE_SEQUENCE)), ethertype);
	if (reason)
		return reason;
	return packet->headers.offset > packet->headers.end ? REASON_TUNNEL_TRUNCATED : 0;
}

/* The ethertype of what VXLAN-GPE says by a number of its own; 0 for what is none of these. */
static __always_inline __u16 vxlan_protocol(__u8 number)
{
	switch (number) {
	case 1:
		return ETH_P_IP;
	case 2:
		return ETH_P_IPV6;
	case 3:
		return ETH_P_BRIDGED;
	default:
		return 0;
	}
}

static __always_inline __u32 parse_vxlan(const struct cursor *cursor, struct packet *packet, __u16 *ethertype)
{
	struct vxlan_header *vxlan = take(cursor, packet, sizeof(*vxlan));

	if (!vxlan)
		return short_of(packet, sizeof(*vxlan), REASON_TUNNEL_TRUNCATED);
	if (!(vxlan->flags & VXLAN_HAS_IDENTIFIER))
		return REASON_TUNNEL_HEADER;
	if (vxlan->flags & VXLAN_HAS_PROTOCOL && vxlan->flags & VXLAN_GPE_UNUSUAL)
		return REASON_TUNNEL_HEADER;
	*ethertype = vxlan->flags & VXLAN_HAS_PROTOCOL ? vxlan_protocol(vxlan->next_protocol) : ETH_P_BRIDGED;
	packet->headers.tunnel = tunnel_identity(TUNNEL_VXLAN, bpf_ntohl(vxlan->vni) >> 8);
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
	packet->headers.offset += (geneve->version_options & 0x3f) * 4;
	packet->headers.tunnel = tunnel_identity(TUNNEL_GENEVE, bpf_ntohl(geneve->vni) >> 8);
	return packet->headers.offset > packet->headers.end ? REASON_TUNNEL_TRUNCATED : 0;
}

/* Leaves in *ethertype what is inside: of a tunnel that carries packets and no frames, that is IP or undecidable. */
static __always_inline __u32 parse_tunnel(const struct cursor *cursor, const struct packet *outer,
					  struct packet *packet, __u16 *ethertype)
{
	__u32 reason = 0;

	switch (outer->headers.inner_kind) {
	case TUNNEL_GRE:
		reason = parse_gre(cursor, packet, outer->headers.flags & PACKET_IPV6, ethertype);
		break;
	case TUNNEL_VXLAN:
		reason = parse_vxlan(cursor, packet, ethertype);
		break;
	case TUNNEL_GENEVE:
		reason = parse_geneve(cursor, packet, ethertype);
		break;
	default:
		*ethertype = outer->headers.inner_protocol;
		packet->headers.tunnel = tunnel_identity(TUNNEL_IPIP, 0);
		break;
	}
	if (reason)
		return reason;
	if (*ethertype == ETH_P_BRIDGED)
		return parse_ethernet(cursor, packet, ethertype);
	/* Linux takes VLAN tags off whatever comes out of a tunnel. */
	reason = parse_tags(cursor, packet, ethertype);
	if (reason)
		return reason;
	return *ethertype == ETH_P_IP || *ethertype == ETH_P_IPV6 ? 0 : REASON_TUNNEL_PAYLOAD;
}

#endif
