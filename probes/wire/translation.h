/* SPDX-License-Identifier: GPL-2.0 */
/* Connections that this host forwards or translates (NAT), and the network namespaces of their ends. */
#ifndef WEIR_WIRE_TRANSLATION_H
#define WEIR_WIRE_TRANSLATION_H

#include "common.h"

/* The two ends of a packet or connection. All zero: they are not known. */
struct ends {
	__u64 source_be[2];
	__u64 destination_be[2];
	__u16 source_port;
	__u16 destination_port;
	__u32 reserved;
};

/* An address in another network namespace, and the device of this namespace that leads to it. */
struct namespace_address {
	__u64 address_be[2];
	__u32 ifindex;
	__u32 reserved;
};

/*
 * The namespaces that have such an address, by their numbers in the namespace of the agent. Negative numbers fill the
 * rest of the array.
 */
struct address_namespaces {
	__s32 namespaces[LIMIT_NAMESPACES];
};

/* The destination of packets that arrive at a device: an address and port of this host. */
struct local_end {
	__u64 address_be[2];
	__u32 ifindex;
	__u16 port;
	__u16 protocol;
};

/* Which receiver the packets for such a destination have. */
enum weir_receiver {
	RECEIVER_LOCAL = 1,  /* a local socket */
	RECEIVER_REDIRECTED, /* netfilter redirects them (DNAT) */
};

#endif
