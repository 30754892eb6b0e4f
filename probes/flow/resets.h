/* SPDX-License-Identifier: GPL-2.0 */
/*
 * TCP resets. A reset ends a connection only if it arrives and its receiver accepts it. An attacker at one end of a
 * connection can send a reset with the right number that a router or the receiver discards, and then go on with the
 * connection.
 */
#ifndef WEIR_RESETS_H
#define WEIR_RESETS_H

#include "base/hook.h"
#include "base/options.h"
#include "parse/checksum.h"
#include "flow/lookup.h"
#include "flow/registered.h"
#include "flow/sequence.h"

/* 0 -> memory for the segment whose checksum this CPU checks */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u8[CHECKSUM_CHUNK]);
} segment_room SEC(".maps");

#define LONGEST_IPV4_HEADER 60

/*
 * Two NOP options, and a timestamp option of 10 bytes (RFC 7323): Linux sends resets with these options, or with none.
 */
#define ONLY_TIMESTAMP 0x0101080a

/* Has the IPv4 header a right checksum? */
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

/*
 * Has the segment a right checksum? Leaves the segment in `room`. False for segments longer than a chunk, because
 * resets are short.
 */
static __always_inline bool has_right_segment(hook_context *ctx, const struct packet *packet, __u8 *room)
{
	__u64 length = packet->headers.end - packet->headers.l4_offset, whole, sum;

	if (!is_within(&length, sizeof(struct tcp_header), CHECKSUM_CHUNK - 4) ||
	    load_bytes(ctx, packet->headers.l4_offset, room, length))
		return false;
	__builtin_memset(room + length, 0, 4); /* bpf_csum_diff sums up words of four bytes */
	/* The sum of ::ffff:a.b.c.d is that of the IPv4 address, because adding 0xffff changes nothing. */
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
 * Is this a reset without IP options, extension headers, TCP options other than a timestamp, and data? Routers discard
 * source routes. Receivers discard an unexpected signature (RFC 2385), unknown extension headers, and data outside of
 * their window.
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
 * Is there no reason for a router or the receiver to discard this reset? The caller checks its hop limit. Not static:
 * see judge_inner.
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

/* Most windows are at least as large: it is the largest window without window scaling. */
#define USUAL_WINDOW 0xffff

/*
 * Registers the flow at the local socket that receives this packet, if it is connected. Its state will show whether it
 * accepts the reset.
 */
static __always_inline bool register_receiver(hook_context *ctx, const struct packet *packet, struct flow *flow)
{
	struct bpf_sock_tuple tuple = {};
	const struct sock_common *socket;
	union lookup_room *room;
	__u32 size, zero = 0;
	__u8 state;

	room = bpf_map_lookup_elem(&lookup_room, &zero);
	if (!room || packet->frame.direction != DIRECTION_INGRESS || packet->headers.tunnel ||
	    flow->flags & FLOW_REGISTERED)
		return false;
	size = socket_tuple(packet, &tuple);
	socket = look_up(ctx, IPPROTO_TCP, &tuple, size, BPF_F_CURRENT_NETNS, room);
	if (!socket || !socket->skc_cookie.counter)
		return false;
	state = socket->skc_state;
	if (state == TCP_LISTEN || state == TCP_TIME_WAIT || state == TCP_NEW_SYN_RECV)
		return false;
	register_flow(socket->skc_cookie.counter, &packet->connection.key, flow);
	return flow->flags & FLOW_SOCKET_WATCHED;
}

/* Is this a reset that replies to the first segment of the opener? */
static __always_inline bool refuses_opening(const struct packet *packet, const struct flow *flow, __u32 end)
{
	return end == OTHER_END && packet->headers.tcp_flags & TCP_ACK &&
	       is_new_acknowledgement(flow, OTHER_END, packet->headers.acknowledgement);
}

/*
 * Has the reset exactly the next expected number? False for a flow of an older version of weir, whose numbers are not
 * known.
 */
static __always_inline bool is_exact(const struct packet *packet, const struct flow *flow, __u32 end)
{
	__u32 sequence = sequence_of(packet);

	if (flow->flags & FLOW_REPLY_UNSEEN)
		return refuses_opening(packet, flow, end);
	return (flow->next[0] | flow->next[1]) && sequence == flow->acknowledged[end ^ 1] &&
	       sequence == flow->next[end];
}

/*
 * Has the reset a number that a genuine one may have, and that its receiver accepts, or challenges with an
 * acknowledgement?
 */
static __always_inline bool is_likely(const struct packet *packet, const struct flow *flow, __u32 end)
{
	__u32 sequence = sequence_of(packet), acknowledged = flow->acknowledged[end ^ 1];

	return !(flow->flags & FLOW_REPLY_UNSEEN) &&
	       (sequence == acknowledged || (sequence == flow->next[end] && sequence - acknowledged <= USUAL_WINDOW));
}

/* Notes a reset. Returns enum flow_change. */
static __always_inline __u32 note_reset(hook_context *ctx, struct packet *packet, struct flow *flow, __u32 end)
{
	__u32 own = end ? FLOW_RESET_BY_OTHER : FLOW_RESET_BY_OPENER, others = own ^ FLOW_RESET;
	bool exact = is_exact(packet, flow, end);

	if (flow->flags & (FLOW_CLOSE_REPORTED | FLOW_SOCKET_WATCHED))
		return 0;
	if (packet->frame.direction == DIRECTION_EGRESS && is_by_tcp_socket(ctx))
		return CHANGE_END; /* the local socket sends the reset when it closes */
	if (register_receiver(ctx, packet, flow) || (!exact && !is_likely(packet, flow, end)))
		return 0;
	if (packet->headers.hop_limit < flow->hop_limit[end] || !is_sound_reset(ctx, packet->which))
		return 0;
	__sync_fetch_and_or(&flow->flags, own);
	if (!exact)
		return 0;
	return flow->flags & others ? CHANGE_END : CHANGE_CLOSE;
}

#endif
