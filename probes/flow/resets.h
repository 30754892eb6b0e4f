/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Does a TCP reset arrive, and does its receiver take it? An attacker who is the endpoint himself writes one with the right
 * number that dies on the way, or is thrown away at its end, while his connection goes on.
 */
#ifndef WEIR_RESETS_H
#define WEIR_RESETS_H

#include "base/hook.h"
#include "base/options.h"
#include "parse/checksum.h"
#include "flow/lookup.h"
#include "flow/registered.h"
#include "flow/sequence.h"

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

/* So many bytes under way mostly lie in the window of their receiver, which is no larger without window scaling. */
#define USUAL_WINDOW 0xffff

/* Registers the flow at the local socket that gets this packet, if it is connected: it will say what it makes of it. */
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
	return flow->flags & FLOW_HERE;
}

/* A reset that answers the first that the opener sent. */
static __always_inline bool refuses(const struct packet *packet, const struct flow *flow, __u32 end)
{
	return end == OTHER_END && packet->headers.tcp_flags & TCP_ACK &&
	       is_fresh(flow, OTHER_END, packet->headers.acknowledgement);
}

/* No number is known of a flow that an older version of weir made: nothing stands exactly there. */
static __always_inline bool is_exact(const struct packet *packet, const struct flow *flow, __u32 end)
{
	__u32 sequence = sequence_of(packet);

	if (flow->flags & FLOW_UNHEARD)
		return refuses(packet, flow, end);
	return (flow->next[0] | flow->next[1]) && sequence == flow->acknowledged[end ^ 1] &&
	       sequence == flow->next[end];
}

/* Does it stand where a genuine one may, and where its receiver takes or answers it? */
static __always_inline bool is_likely(const struct packet *packet, const struct flow *flow, __u32 end)
{
	__u32 sequence = sequence_of(packet), acknowledged = flow->acknowledged[end ^ 1];

	return !(flow->flags & FLOW_UNHEARD) &&
	       (sequence == acknowledged || (sequence == flow->next[end] && sequence - acknowledged <= USUAL_WINDOW));
}

/* Returns enum flow_change. */
static __always_inline __u32 note_reset(hook_context *ctx, struct packet *packet, struct flow *flow, __u32 end)
{
	__u32 own = end ? FLOW_RESET_BY_OTHER : FLOW_RESET_BY_OPENER, others = own ^ FLOW_RESET;
	bool exact = is_exact(packet, flow, end);

	if (flow->flags & (FLOW_TOLD | FLOW_HERE))
		return 0;
	if (packet->frame.direction == DIRECTION_EGRESS && is_by_tcp_socket(ctx))
		return CHANGE_END; /* it is the end of the local socket, which sends this last */
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
