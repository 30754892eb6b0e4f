/* SPDX-License-Identifier: GPL-2.0 */
/* Tunnel devices of this host, and its own addresses. */
#ifndef WEIR_WIRE_TUNNELS_H
#define WEIR_WIRE_TUNNELS_H

#include "common.h"

/* What a device leaves open; its field below is then 0. */
enum weir_tunnel_form {
	TUNNEL_ANY_LOCAL = 1 << 0,
	TUNNEL_ANY_REMOTE = 1 << 1,
	TUNNEL_ANY_IDENTIFIER = 1 << 2,
	TUNNEL_FORMS = 1 << 3,
	TUNNEL_AT_PORT =
		TUNNEL_FORMS, /* no end, but a UDP port where a device receives: the value is its enum tunnel_kind */
};

/* UDP ports where packets are taken for tunnels, whatever devices this host has. */
enum weir_usual_port {
	PORT_VXLAN = 4789,
	PORT_VXLAN_GPE = 4790,
	PORT_VXLAN_LINUX = 8472, /* Linux's own default, older than the registered one */
	PORT_GENEVE = 6081,
};

/* Where packets of a tunnel end: a device takes them out. */
struct tunnel_end {
	__u64 local_be[2]; /* the host's own end, or the group that it listens to */
	__u64 remote_be[2];
	__u32 tunnel;	   /* kind << 24 | identifier; of a tunnel of kind IPIP the ethertype of what it carries */
	__u32 tunnel_high; /* upper 8 bits of a GRE key, which `tunnel` has no room for */
	__u16 port;	   /* where it receives UDP, 0 for tunnels without */
	__u16 form;	   /* enum weir_tunnel_form */
	__u32 reserved;
};

struct own_address {
	__u64 address_be[2];
};

#endif
