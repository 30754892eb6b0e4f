/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Internet checksums. A hook's `load_bytes` reads from the frame, and its `has_partial_checksum` says whether a device is
 * still to write the checksum.
 */
#ifndef WEIR_CHECKSUM_H
#define WEIR_CHECKSUM_H

#include "transport.h"

/* bpf_csum_diff takes no more at once. */
#define CHECKSUM_CHUNK 512

/* So that the verifier sees both ends: of one range check, which clang makes of two, that before 6.2 learns nothing. */
static __always_inline bool is_within(__u64 *size, __u64 least, __u64 most)
{
	asm volatile("" : "+r"(*size));
	if (*size > most)
		return false;
	asm volatile("" : "+r"(*size));
	return *size >= least;
}

static __always_inline __u16 fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static __always_inline __u64 sum_of(void *at, __u32 size)
{
	return (__u32)bpf_csum_diff(NULL, 0, at, size, 0);
}

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u8[CHECKSUM_CHUNK]);
} segment_room SEC(".maps");

/*
 * Would a receiver find the checksum of this whole TCP segment right? False for one that is longer than a chunk: only
 * resets are asked about, and they are short. Not static: see judge_inner.
 */
__noinline int has_right_checksum(hook_context *ctx, __u32 which)
{
	struct packet *packet = packet_in_scratch(which);
	__u32 zero = 0;
	__u8 *room = bpf_map_lookup_elem(&segment_room, &zero);
	__u64 length, whole, sum;

	if (!packet || !room)
		return false;
	length = packet->frame_length - packet->l4_offset;
	if (!is_within(&length, sizeof(struct tcp_header), CHECKSUM_CHUNK - 4) ||
	    load_bytes(ctx, packet->l4_offset, room, length))
		return false;
	__builtin_memset(room + length, 0, 4);	/* it is summed up by fours */
	/* An IPv4 address as ::ffff:a.b.c.d sums up as the address alone does: 0xffff adds nothing. */
	sum = sum_of(&packet->tuple, 2 * sizeof(packet->tuple.source_be)) + bpf_htons(IPPROTO_TCP) + bpf_htons(length);
	if (has_partial_checksum(ctx))
		return fold(sum) == ((struct tcp_header *)room)->checksum;
	whole = (length + 3) & ~3ULL;
	asm volatile("" : "+r"(whole));
	if (whole > CHECKSUM_CHUNK)
		return false;
	return fold(sum + sum_of(room, whole)) == 0xffff;
}

#endif
