/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How TCP segments change the state of their connection. A segment changes the state only if its receiver accepts it.
 * Anybody can send a segment with the right addresses and ports, also the opener. So the receiver has to show that it
 * has accepted it:
 *
 *   FIN     It counts when the other end acknowledges it.
 *   RST     It counts if its number is exactly the one that the other end acknowledged last, and no data before it is
 *           under way (RFC 5961). There must be no reason to discard it (resets.h), and it must have at least as many
 *           hops left as a segment that arrived. The reset is undone if the other end goes on, and until then the flow
 *           is not reported as closed. A reset with another number that is possible leaves the flow open, but the flow
 *           then ends after a shorter silence: a receiver that does not accept a reset in its window replies to it
 *           (RFC 5961). A reset that may be discarded changes nothing, because an attacker can send one.
 *   SYN     In an open connection it begins the next connection, when the other end has replied to it and the opener
 *           goes on with the numbers of that reply. A packet that is dropped, or would be, begins nothing.
 *
 * If a local socket is an end of the connection, its state ends the flow (registered.h), and no packet does.
 */
#ifndef WEIR_SEGMENTS_H
#define WEIR_SEGMENTS_H

#include "flow/flow.h"
#include "flow/resets.h"
#include "flow/sequence.h"
#include "flow/syns.h"

#define TCP_STATE_FLAGS (TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK)

/* While a flow has one of these flags, a plain segment can change more than its numbers. */
#define FLOW_UNSETTLED (FLOW_REPLY_UNSEEN | FLOW_RESET | FLOW_OPENER_FINISHED | FLOW_OTHER_FINISHED)

/*
 * Can this packet change the state? It has to be whole, and to come from the direction of this end. So a neighbour of
 * one end cannot act for the other.
 */
static __always_inline bool can_change_state(const struct packet *packet, const struct flow *flow, __u32 end)
{
	return packet->frame.direction == (flow->direction ^ end) &&
	       !(packet->headers.flags & (PACKET_FRAGMENT | PACKET_PARTIAL));
}

/* Has the connection ended? Then a SYN opens the next one between the same ports. */
static __always_inline bool has_ended(const struct flow *flow)
{
	return flow->flags & FLOW_CLOSED;
}

/* Is this a SYN of the opener with other numbers than the one that opened this connection, which goes on? */
static __always_inline bool is_offer(const struct packet *packet, const struct flow *flow)
{
	return !(packet->headers.flags & (PACKET_FRAGMENT | PACKET_PARTIAL)) && flow->tcp_flags[OTHER_END] &&
	       packet->headers.sequence_end != flow->next[OPENER_END];
}

/* Is this the first segment of the opener after the SYN and SYN+ACK of the next connection? */
static __always_inline bool is_succeeded(const struct packet *packet, const struct flow *flow, bool by_opener)
{
	return flow->flags & FLOW_OFFER_REPLIED && by_opener && can_change_state(packet, flow, OPENER_END) &&
	       (packet->headers.tcp_flags & TCP_STATE_FLAGS) == TCP_ACK && sequence_of(packet) == flow->successor &&
	       packet->headers.acknowledgement == flow->successor_reply;
}

/* Notes a SYN that passes, and may begin the next connection. Not static: see judge_inner. */
__noinline int note_offer(__u32 which)
{
	struct packet *packet = packet_in_scratch(which);
	struct flow *flow;
	bool unconfirmed;

	if (!packet)
		return 0;
	flow = find_flow(&packet->connection.key, &unconfirmed);
	if (!flow || !can_change_state(packet, flow, OPENER_END))
		return 0;
	flow->successor = packet->headers.sequence_end;
	__sync_fetch_and_and(&flow->flags, ~FLOW_OFFER_REPLIED);
	__sync_fetch_and_or(&flow->flags, FLOW_OFFERED);
	return 0;
}

/* Notes a SYN, or a SYN+ACK, of the flow. */
static __always_inline void note_syn(const struct packet *packet, struct flow *flow, __u32 end)
{
	bool replies = packet->headers.tcp_flags & TCP_ACK;

	if (end == OPENER_END && !replies) {
		flow->next[OPENER_END] = packet->headers.sequence_end;
		if (flow->flags & FLOW_REPLY_UNSEEN)
			flow->acknowledged[OTHER_END] = sequence_of(packet);
		if (packet->headers.hop_limit > flow->hop_limit[OPENER_END])
			flow->hop_limit[OPENER_END] = packet->headers.hop_limit;
		if (!is_blocked(packet))
			note_syn_passed(packet->which);
	} else if (end == OTHER_END && replies && flow->flags & FLOW_REPLY_UNSEEN) {
		if (is_new_acknowledgement(flow, OTHER_END, packet->headers.acknowledgement))
			note_first_reply(packet, flow);
	} else if (end == OTHER_END && replies && flow->flags & FLOW_OFFERED &&
		   packet->headers.acknowledgement == flow->successor) {
		flow->successor_reply = packet->headers.sequence_end;
		__sync_fetch_and_or(&flow->flags, FLOW_OFFER_REPLIED);
	}
}

/* Notes a segment without SYN and RST. Returns enum flow_change. */
static __always_inline __u32 note_segment(struct packet *packet, struct flow *flow, __u32 end)
{
	__u32 finished = end ? FLOW_OTHER_FINISHED : FLOW_OPENER_FINISHED,
	      both = FLOW_OPENER_FINISHED | FLOW_OTHER_FINISHED;
	__u32 reset_by_other_end = end ? FLOW_RESET_BY_OPENER : FLOW_RESET_BY_OTHER, change = 0;

	/* No receiver accepts a segment without an acknowledgement. */
	if (!(packet->headers.tcp_flags & TCP_ACK) || flow->flags & FLOW_CLOSE_REPORTED)
		return 0;
	if (flow->flags & FLOW_REPLY_UNSEEN && end == OTHER_END) {
		if (flow->tcp_flags[OPENER_END] & TCP_SYN
			    ? !is_new_acknowledgement(flow, OTHER_END, packet->headers.acknowledgement)
			    : flow->next[OPENER_END] - packet->headers.acknowledgement > FURTHEST)
			return 0;
		note_first_reply(packet, flow);
	}
	if (flow->flags & reset_by_other_end && has_fitting_numbers(packet, flow, end)) {
		__sync_fetch_and_and(&flow->flags, ~reset_by_other_end);
		if (!(flow->flags & FLOW_RESET))
			change = CHANGE_REOPEN;
	}
	follow_numbers(packet, flow, end);
	if (packet->headers.tcp_flags & TCP_FIN &&
	    packet->headers.sequence_end - flow->acknowledged[end ^ 1] - 1 < FURTHEST) {
		flow->finish[end] = packet->headers.sequence_end;
		__sync_fetch_and_or(&flow->flags, finished);
	}
	if ((flow->flags & (both | FLOW_SOCKET_WATCHED)) == both &&
	    flow->acknowledged[OTHER_END] == flow->finish[OPENER_END] &&
	    flow->acknowledged[OPENER_END] == flow->finish[OTHER_END])
		return CHANGE_END;
	return change;
}

/* Notes any segment that is not plain. Returns enum flow_change. Not static: see judge_inner. */
__noinline int change_state(hook_context *ctx, __u32 which, struct flow *flow, __u32 end)
{
	struct packet *packet = packet_in_scratch(which);

	if (!packet || !flow)
		return 0;
	end &= 1;
	if (packet->headers.tcp_flags & TCP_RST)
		return note_reset(ctx, packet, flow, end);
	if (!(packet->headers.tcp_flags & TCP_SYN))
		return note_segment(packet, flow, end);
	note_syn(packet, flow, end);
	return 0;
}

/* Registers the flow at the local socket that sends this packet. Not static: see judge_inner. */
__noinline int register_sender(hook_context *ctx, __u32 which, struct flow *flow)
{
	struct packet *packet = packet_in_scratch(which);

	if (packet && flow && !packet->headers.tunnel && is_by_tcp_socket(ctx))
		register_flow(sender_cookie(ctx), &packet->connection.key, flow);
	return 0;
}

/*
 * A process can pass its socket to another one at any time. So the sender is looked up again every 256 jiffies, which
 * is about a second.
 */
#define CLAIM_AGAIN_SHIFT 8

/* Changes a flow by a segment that is not plain, or while the flow is unsettled. */
static __always_inline void change_flow_by(hook_context *ctx, struct packet *packet, struct flow *flow, __u32 end)
{
	__u32 change;

	change = change_state(ctx, packet->which, flow, end);
	if (change & CHANGE_REOPEN)
		remove_hint(packet); /* this connection goes on, so that no blocked connection follows it */
	if (change)
		change_flow(&packet->connection.key, flow, &packet->connection.opener, change);
}

/* Advances the flow by a packet that passes. */
static __always_inline void advance_flow(hook_context *ctx, struct packet *packet, struct flow *flow, bool by_opener)
{
	__u32 end = by_opener ? OPENER_END : OTHER_END, flags;
	__u64 now = bpf_jiffies64();

	asm volatile("" : "+r"(end)); /* keeps clang from moving the bound to where the verifier does not see it */
	end &= 1;
	__sync_fetch_and_add(&flow->packets[end], packet->frame.wire_packets);
	__sync_fetch_and_add(&flow->bytes[end], packet->frame.wire_bytes);
	if ((now ^ flow->seen_jiffies) >> CLAIM_AGAIN_SHIFT && flow->cookie)
		__sync_fetch_and_or(&flow->flags, FLOW_UNCLAIMED);
	flow->seen_jiffies = now;
	if (end && !(flow->flags & FLOW_REPLIED))
		__sync_fetch_and_or(&flow->flags, FLOW_REPLIED);
	if (packet->headers.tuple.protocol != IPPROTO_TCP || packet->headers.flags & PACKET_LATER_FRAGMENT)
		return;
	if ((flow->tcp_flags[end] | packet->headers.tcp_flags) != flow->tcp_flags[end])
		flow->tcp_flags[end] |= packet->headers.tcp_flags;
	if (!can_change_state(packet, flow, end))
		return;
	flags = flow->flags;
	if (HOOK_HAS_SENDERS && packet->frame.direction == DIRECTION_EGRESS && !(flags & FLOW_REGISTERED) &&
	    has_connected_sender(ctx))
		register_sender(ctx, packet->which, flow);
	if ((packet->headers.tcp_flags & TCP_STATE_FLAGS) != TCP_ACK || flags & FLOW_UNSETTLED)
		change_flow_by(ctx, packet, flow, end);
	else
		follow_numbers(packet, flow, end);
}

#endif
