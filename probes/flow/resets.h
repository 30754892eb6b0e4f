/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Does a TCP reset arrive, and does its receiver take it? An attacker who is the endpoint himself writes one with the right
 * number that dies on the way, or is thrown away at its end, while his connection goes on.
 */
#ifndef WEIR_RESETS_H
#define WEIR_RESETS_H

#include "base/hook.h"
#include "parse/checksum.h"
#include "base/options.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u8[CHECKSUM_CHUNK]);
} segment_room SEC(".maps");

#define LONGEST_IPV4_HEADER 60

/* Two options that fill up, and a timestamp of 10 bytes: so Linux writes the only option that a reset of its own has. */
#define ONLY_TIMESTAMP 0x0101080a

static __always_inline bool has_right_ip_header(hook_context *ctx, const struct packet *packet, __u8 *room)
{
	__u64 length = packet->headers.l4_offset - packet->headers.l3_offset;

	if (packet->headers.flags & PACKET_IPV6)
		return true;
	if (!is_within(&length, sizeof(struct ipv4_header), LONGEST_IPV4_HEADER) ||
	    load_bytes(ctx, packet->headers.l3_offset, room, length))
		return false;
	return fold(sum_of(room, length)) == 0xffff;
}

/* Leaves the segment in `room`. False for one that is longer than a chunk: resets are short. */
static __always_inline bool has_right_segment(hook_context *ctx, const struct packet *packet, __u8 *room)
{
	__u64 length = packet->headers.end - packet->headers.l4_offset, whole, sum;

	if (!is_within(&length, sizeof(struct tcp_header), CHECKSUM_CHUNK - 4) ||
	    load_bytes(ctx, packet->headers.l4_offset, room, length))
		return false;
	__builtin_memset(room + length, 0, 4); /* it is summed up by fours */
	/* An IPv4 address as ::ffff:a.b.c.d sums up as the address alone does: 0xffff adds nothing. */
	sum = sum_of((void *)&packet->headers.tuple, 2 * sizeof(packet->headers.tuple.source_be)) +
	      bpf_htons(IPPROTO_TCP) + bpf_htons(length);
	if (has_partial_checksum(ctx))
		return fold(sum) == ((struct tcp_header *)room)->checksum;
	whole = (length + 3) & ~3ULL;
	asm volatile("" : "+r"(whole));
	if (whole > CHECKSUM_CHUNK)
		return false;
	return fold(sum + sum_of(room, whole)) == 0xffff;
}

/*
 * Routers refuse source routes, and receivers a signature that was not agreed on (RFC 2385), an extension header that they do
 * not know, and data that finds no room. A plain reset has none of all that.
 */
static __always_inline bool is_plain(const struct packet *packet, const __u8 *room)
{
	__u32 ip_length = packet->headers.l4_offset - packet->headers.l3_offset,
	      tcp_length = packet->headers.header_end - packet->headers.l4_offset;

	if (packet->headers.tcp_flags & (TCP_SYN | TCP_FIN) || packet->headers.end != packet->headers.header_end ||
	    ip_length !=
		    (packet->headers.flags & PACKET_IPV6 ? sizeof(struct ipv6_header) : sizeof(struct ipv4_header)))
		return false;
	return tcp_length == sizeof(struct tcp_header) ||
	       (tcp_length == sizeof(struct tcp_header) + 12 &&
		*(const __be32 *)(room + sizeof(struct tcp_header)) == bpf_htonl(ONLY_TIMESTAMP));
}

/*
 * Is there nothing about a whole reset for which a router, or its receiver, may throw it away? How many hops it has left is asked
 * apart. Not static: see judge_inner.
 */
__noinline int is_sound_reset(hook_context *ctx, __u32 which)
{
	struct packet *packet = packet_in_scratch(which);
	__u32 zero = 0;
	__u8 *room = bpf_map_lookup_elem(&segment_room, &zero);

	if (!packet || !room)
		return false;
	if (packet->frame.direction == DIRECTION_INGRESS && !process_is_supposed && is_for_others(ctx))
		return false;
	if (!has_right_ip_header(ctx, packet, room) || !has_right_segment(ctx, packet, room))
		return false;
	return is_plain(packet, room);
}

#endif
