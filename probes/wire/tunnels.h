/* SPDX-License-Identifier: GPL-2.0 */
/* Tunnel devices and addresses of this host. */
#ifndef WEIR_WIRE_TUNNELS_H
#define WEIR_WIRE_TUNNELS_H

#include "common.h"

/* Forms of the ends of tunnel devices: which fields a device leaves open. These are 0 in struct tunnel_end. */
enum weir_tunnel_form {
	TUNNEL_ANY_LOCAL = 1 << 0,
	TUNNEL_ANY_REMOTE = 1 << 1,
	TUNNEL_ANY_IDENTIFIER = 1 << 2,
	TUNNEL_FORMS = 1 << 3,
	TUNNEL_AT_PORT = TUNNEL_FORMS, /* a UDP port of a device; the value in `tunnel_ends` is its enum tunnel_kind */
};

/* UDP ports whose packets are taken for tunnels, whether this host has such devices or not. */
enum weir_usual_port {
	PORT_VXLAN = 4789,
	PORT_VXLAN_GPE = 4790,
	PORT_VXLAN_LINUX = 8472, /* the default of Linux, older than the registered port */
	PORT_GENEVE = 6081,
};

/* An end of a tunnel at a device of this host. */
struct tunnel_end {
	__u64 local_be[2]; /* the address of this host, or the multicast group that the device has joined */
	__u64 remote_be[2];
	__u32 tunnel;	   /* kind << 24 | identifier; the identifier of IPIP is the ethertype of the packets inside */
	__u32 tunnel_high; /* upper 8 bits of a GRE key, which `tunnel` has no room for */
	__u16 port;	   /* UDP port at which the device receives; 0 for tunnels without UDP */
	__u16 form;	   /* enum weir_tunnel_form */
	__u32 reserved;
};

/* An address of this host. */
struct own_address {
	__u64 address_be[2];
};

#endif
