/* SPDX-License-Identifier: GPL-2.0 */
/* The headers of tunnels. Their parsers leave the cursor at the packet inside, and find out of which protocol it is. */
#ifndef WEIR_TUNNEL_H
#define WEIR_TUNNEL_H

#include "parse/ethernet.h"
#include "parse/ipv4.h"

/* A tunnel is one word in keys: its kind in the upper 8 bits, and below them its identifier. */
#define TUNNEL_KIND_SHIFT 24
#define TUNNEL_IDENTIFIER_MASK 0x00ffffff

/* GRE: RFC 2784, and RFC 2890 for the key and the sequence number. */
struct gre_header {
	__be16 flags;
	__be16 protocol;
};

#define GRE_CHECKSUM 0x8000
#define GRE_KEY 0x2000
#define GRE_SEQUENCE 0x1000
#define GRE_VERSION 0x0007
#define GRE_ROUTING 0x4000  /* RFC 1701: a source route, which Linux does not accept either */
#define GRE_OPTION_LENGTH 4 /* of the checksum with its reserved field, of the key, and of the sequence number */

/* VXLAN: RFC 7348, and draft-ietf-nvo3-vxlan-gpe. */
struct vxlan_header {
	__u8 flags;
	__u8 reserved[2];
	__u8 next_protocol; /* only of VXLAN-GPE, if VXLAN_HAS_PROTOCOL is set */
	__be32 vni;	    /* the identifier is in the upper 24 bits */
};

#define VXLAN_HAS_IDENTIFIER 0x08
#define VXLAN_HAS_PROTOCOL 0x04 /* VXLAN-GPE: `next_protocol` says what follows, which need not be an Ethernet frame */
#define VXLAN_GPE_UNUSUAL \
	0x31 /* VXLAN-GPE: a version other than 0, or a control message to the other end of the tunnel */

/* Protocols that VXLAN-GPE has numbers of its own for. */
enum {
	VXLAN_GPE_IPV4 = 1,
	VXLAN_GPE_IPV6 = 2,
	VXLAN_GPE_ETHERNET = 3,
};

/* Geneve: RFC 8926. */
struct geneve_header {
	__u8 version_options; /* version: upper two bits; length of the options, in 4 bytes: lower six */
	__u8 flags;
	__be16 protocol;
	__be32 vni;
};

#define GENEVE_VERSION_SHIFT 6
#define GENEVE_OPTIONS_MASK 0x3f

#define ETH_P_BRIDGED 0x6558 /* transparent Ethernet bridging (RFC 1701) */

/* The redirect header of WCCP version 2 (draft-mclaggan-wccp-v2rev1). */
#define WCCP_HEADER_LENGTH 4

/* ERSPAN (draft-foschiano-erspan): the versions in the header, and its length for each of them. */
#define ERSPAN_TYPE_II 1
#define ERSPAN_TYPE_III 2
#define ERSPAN_II_LENGTH 8
#define ERSPAN_III_LENGTH 12

/* The kind and the identifier of a tunnel in one word, as in struct flow_key. */
static __always_inline __u32 tunnel_identity(__u32 kind, __u32 id)
{
	return kind << TUNNEL_KIND_SHIFT | (id & TUNNEL_IDENTIFIER_MASK);
}

/*
 * WCCP sends IP packets in GRE, of the same family as the tunnel itself. In version 2 a header comes before the packet.
 * Linux tells both versions apart by the first four bits, which are 4 only in a packet, and so does this parser.
 */
static __always_inline __u32 parse_wccp(const struct cursor *cursor, struct packet *packet, bool over_ipv6,
					__u16 *ethertype)
{
	__u8 *first = take(cursor, packet, sizeof(*first));

	if (!first)
		return short_of(packet, sizeof(*first), REASON_TUNNEL_TRUNCATED);
	packet->headers.offset -= sizeof(*first);
	if (*first >> 4 != IPV4_VERSION)
		packet->headers.offset += WCCP_HEADER_LENGTH;
	*ethertype = over_ipv6 ? ETH_P_IPV6 : ETH_P_IP;
	return 0;
}

/*
 * Skips the ERSPAN header before a mirrored frame. Type I has none, and is sent in a `plain` GRE header without
 * options.
 */
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
		if (version != ERSPAN_TYPE_II && version != ERSPAN_TYPE_III)
			return REASON_TUNNEL_HEADER;
		packet->headers.offset +=
			(version == ERSPAN_TYPE_II ? ERSPAN_II_LENGTH : ERSPAN_III_LENGTH) - sizeof(*first);
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
		packet->headers.offset += GRE_OPTION_LENGTH;
	if (flags & GRE_KEY) {
		__be32 *key = take(cursor, packet, sizeof(*key));

		if (!key)
			return short_of(packet, sizeof(*key), REASON_TUNNEL_TRUNCATED);
		id = bpf_ntohl(*key);
	}
	if (flags & GRE_SEQUENCE)
		packet->headers.offset += GRE_OPTION_LENGTH;
	packet->headers.tunnel = tunnel_identity(TUNNEL_GRE, id);
	packet->headers.tunnel_high = id >> TUNNEL_KIND_SHIFT;
	if (*ethertype == ETH_P_WCCP && !flags)
		reason = parse_wccp(cursor, packet, over_ipv6, ethertype);
	else if (*ethertype == ETH_P_ERSPAN || *ethertype == ETH_P_ERSPAN2)
		reason = parse_erspan(cursor, packet, !(flags & (GRE_CHECKSUM | GRE_KEY | GRE_SEQUENCE)), ethertype);
	if (reason)
		return reason;
	return packet->headers.offset > packet->headers.end ? REASON_TUNNEL_TRUNCATED : 0;
}

/* Returns the ethertype for a protocol number of VXLAN-GPE; 0 for a protocol that weir does not read. */
static __always_inline __u16 vxlan_protocol(__u8 number)
{
	switch (number) {
	case VXLAN_GPE_IPV4:
		return ETH_P_IP;
	case VXLAN_GPE_IPV6:
		return ETH_P_IPV6;
	case VXLAN_GPE_ETHERNET:
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
	if (geneve->version_options >> GENEVE_VERSION_SHIFT)
		return REASON_TUNNEL_HEADER;
	*ethertype = bpf_ntohs(geneve->protocol);
	packet->headers.offset += (geneve->version_options & GENEVE_OPTIONS_MASK) * 4;
	packet->headers.tunnel = tunnel_identity(TUNNEL_GENEVE, bpf_ntohl(geneve->vni) >> 8);
	return packet->headers.offset > packet->headers.end ? REASON_TUNNEL_TRUNCATED : 0;
}

/*
 * Reads the header of the tunnel that `outer` is, and leaves in *ethertype of which protocol the packet inside is. A
 * tunnel that carries packets, and not Ethernet frames, has to carry IP: anything else is undecided. Returns 0 or a
 * reason.
 */
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
	/* Linux removes VLAN tags from packets of any tunnel, also from those without an Ethernet header. */
	reason = parse_tags(cursor, packet, ethertype);
	if (reason)
		return reason;
	return *ethertype == ETH_P_IP || *ethertype == ETH_P_IPV6 ? 0 : REASON_TUNNEL_PAYLOAD;
}

#endif
