/* SPDX-License-Identifier: GPL-2.0 */
/* The addresses and ports of a packet. */
#ifndef WEIR_TUPLE_H
#define WEIR_TUPLE_H

#include "base/kernel.h"

/* Rules compare these fields, of the packet itself or of the packet that opened its connection. */
struct tuple {
	__u64 source_be[2];
	__u64 destination_be[2];
	__u16 source_port;
	__u16 destination_port;
	__u8 protocol;
	__u8 direction;
	__u8 icmp_type;
	__u8 icmp_code;
};

/* Writes an IPv4 address as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2), so that one comparison serves both families. */
static __always_inline void map_ipv4(__u64 out[2], __be32 address)
{
	out[0] = 0;
	out[1] = (__u64)address << 32 | bpf_htonl(0xffff);
}

/* Is it an IPv4 address? */
static __always_inline bool is_mapped(const __u64 address[2])
{
	return !address[0] && (__u32)address[1] == bpf_htonl(0xffff);
}

static __always_inline void copy_ipv6(__u64 out[2], const void *address)
{
	const __u32 *words = address;

	out[0] = (__u64)words[1] << 32 | words[0];
	out[1] = (__u64)words[3] << 32 | words[2];
}

/* Is this IPv6 address ff00::/8 (RFC 4291, 2.7)? The first byte of an IPv4 address is 0 here. */
static __always_inline bool is_ipv6_multicast(const __u64 address_be[2])
{
	return (__u8)address_be[0] == 0xff;
}

/* Is this IPv6 address fe80::/10 (RFC 4291, 2.5.6)? */
static __always_inline bool is_link_local(const __u64 address_be[2])
{
	return ((__u16)address_be[0] & bpf_htons(0xffc0)) == bpf_htons(0xfe80);
}

#endif
