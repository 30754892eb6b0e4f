/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What TCP segments change of their connection. A segment changes its state only if its receiver accepts it, and anyone
 * can send one with the right addresses and ports, the opener himself included. So the receiver has to show it:
 *
 *   FIN     counts when the other end acknowledges it.
 *   RST     counts where it stands exactly at what the other end acknowledged last, nothing before it being under way
 *           (RFC 5961), with nothing for which it may be thrown away (resets.h), and with no fewer hops left than a
 *           segment that arrived there. It is forgotten if the other end goes on, and until then the flow is not told
 *           as closed. One that stands elsewhere, while data is under way, leaves the flow open, but doubtful: silence then
 *           ends it sooner, because a receiver that does not take a reset within its window answers it (RFC 5961). A
 *           reset that may not arrive, or be thrown away, shows nothing: its sender can make it so.
 *   SYN     of a connection that lives opens the next one when the other end has answered it and the opener goes on
 *           with just these numbers. A packet that is dropped, or would be, opens nothing, and what was there stays.
 *
 * A local socket says itself when its connection ends (registered.h); then no packet does.
 */
#ifndef WEIR_SEGMENTS_H
#define WEIR_SEGMENTS_H

#include "flow/flow.h"
#include "flow/resets.h"
#include "flow/sequence.h"
#include "flow/syns.h"

#define TCP_STATE_FLAGS (TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK)

/* In these states more than the numbers may change. */
#define FLOW_UNSETTLED (FLOW_UNHEARD | FLOW_RESET | FLOW_OPENER_FINISHED | FLOW_OTHER_FINISHED)

/* Whole, and from the side where this end is: a neighbour of one end cannot speak for the other. */
static __always_inline bool can_change_state(const struct packet *packet, const struct flow *flow, __u32 end)
{
	return packet->frame.direction == (flow->direction ^ end) &&
	       !(packet->headers.flags & (PACKET_FRAGMENT | PACKET_PARTIAL));
}

/* The connection has ended, so that a SYN opens the next one between the same ports. */
static __always_inline bool has_ended(const struct flow *flow)
{
	return flow->flags & FLOW_CLOSED;
}

/* A SYN of the opener that is not the one that opened this connection, which lives. */
static __always_inline bool is_offer(const struct packet *packet, const struct flow *flow)
{
	return !(packet->headers.flags & (PACKET_FRAGMENT | PACKET_PARTIAL)) && flow->tcp_flags[OTHER_END] &&
	       packet->headers.sequence_end != flow->next[OPENER_END];
}

/* Has the opener gone on with a connection whose SYN and SYN+ACK were seen since this one began? */
static __always_inline bool is_succeeded(const struct packet *packet, const struct flow *flow, bool by_opener)
{
	return flow->flags & FLOW_OFFER_ANSWERED && by_opener && can_change_state(packet, flow, OPENER_END) &&
	       (packet->headers.tcp_flags & TCP_STATE_FLAGS) == TCP_ACK && sequence_of(packet) == flow->successor &&
	       packet->headers.acknowledgement == flow->successor_answer;
}

/* Its SYN passes. Not static: see judge_inner. */
__noinline int note_offer(__u32 which)
{
	struct packet *packet = packet_in_scratch(which);
	struct flow *flow;
	bool one_way;

	if (!packet)
		return 0;
	flow = find_flow(&packet->connection.key, &one_way);
	if (!flow || !can_change_state(packet, flow, OPENER_END))
		return 0;
	flow->successor = packet->headers.sequence_end;
	__sync_fetch_and_and(&flow->flags, ~FLOW_OFFER_ANSWERED);
	__sync_fetch_and_or(&flow->flags, FLOW_OFFERED);
	return 0;
}

static __always_inline void note_syn(const struct packet *packet, struct flow *flow, __u32 end)
{
	bool answers = packet->headers.tcp_flags & TCP_ACK;

	if (end == OPENER_END && !answers) {
		flow->next[OPENER_END] = packet->headers.sequence_end;
		if (flow->flags & FLOW_UNHEARD)
			flow->acknowledged[OTHER_END] = sequence_of(packet);
		if (packet->headers.hop_limit > flow->hop_limit[OPENER_END])
			flow->hop_limit[OPENER_END] = packet->headers.hop_limit;
		if (!is_blocked(packet))
			note_syn_passed(packet->which);
	} else if (end == OTHER_END && answers && flow->flags & FLOW_UNHEARD) {
		if (is_fresh(flow, OTHER_END, packet->headers.acknowledgement))
			hear_other(packet, flow);
	} else if (end == OTHER_END && answers && flow->flags & FLOW_OFFERED &&
		   packet->headers.acknowledgement == flow->successor) {
		flow->successor_answer = packet->headers.sequence_end;
		__sync_fetch_and_or(&flow->flags, FLOW_OFFER_ANSWERED);
	}
}

/* Returns enum flow_change. */
static __always_inline __u32 note_segment(struct packet *packet, struct flow *flow, __u32 end)
{
	__u32 finished = end ? FLOW_OTHER_FINISHED : FLOW_OPENER_FINISHED,
	      both = FLOW_OPENER_FINISHED | FLOW_OTHER_FINISHED;
	__u32 reset_by_other_end = end ? FLOW_RESET_BY_OPENER : FLOW_RESET_BY_OTHER, change = 0;

	/* No receiver takes one without an acknowledgement. */
	if (!(packet->headers.tcp_flags & TCP_ACK) || flow->flags & FLOW_TOLD)
		return 0;
	if (flow->flags & FLOW_UNHEARD && end == OTHER_END) {
		if (flow->tcp_flags[OPENER_END] & TCP_SYN
			    ? !is_fresh(flow, OTHER_END, packet->headers.acknowledgement)
			    : flow->next[OPENER_END] - packet->headers.acknowledgement > FURTHEST)
			return 0;
		hear_other(packet, flow);
	}
	if (flow->flags & reset_by_other_end && fits(packet, flow, end)) {
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
	if ((flow->flags & (both | FLOW_HERE)) == both && flow->acknowledged[OTHER_END] == flow->finish[OPENER_END] &&
	    flow->acknowledged[OPENER_END] == flow->finish[OTHER_END])
		return CHANGE_END;
	return change;
}

/* Returns enum flow_change. Not static: see judge_inner. */
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

/* Not static: see judge_inner. */
__noinline int register_sender(hook_context *ctx, __u32 which, struct flow *flow)
{
	struct packet *packet = packet_in_scratch(which);

	if (packet && flow && !packet->headers.tunnel && is_by_tcp_socket(ctx))
		register_flow(sender_cookie(ctx), &packet->connection.key, flow);
	return 0;
}

/* A socket may be handed on at any time: who sends is asked again each 256 jiffies, which is about a second. */
#define CLAIM_AGAIN_SHIFT 8

/* All but a plain segment of a connection in its prime. */
static __always_inline void change_flow_by(hook_context *ctx, struct packet *packet, struct flow *flow, __u32 end)
{
	__u32 change;

	change = change_state(ctx, packet->which, flow, end);
	if (change & CHANGE_REOPEN)
		remove_hint(packet); /* it goes on, and not what may have come after it */
	if (change)
		change_flow(&packet->connection.key, flow, &packet->connection.opener, change);
}

/* This packet passes, or is let pass, as part of the flow. */
static __always_inline void advance_flow(hook_context *ctx, struct packet *packet, struct flow *flow, bool by_opener)
{
	__u32 end = by_opener ? OPENER_END : OTHER_END, flags;
	__u64 now = bpf_jiffies64();

	asm volatile("" : "+r"(end)); /* keeps the bound below where the verifier sees it */
	end &= 1;
	__sync_fetch_and_add(&flow->packets[end], packet->frame.wire_packets);
	__sync_fetch_and_add(&flow->bytes[end], packet->frame.wire_bytes);
	if ((now ^ flow->seen_jiffies) >> CLAIM_AGAIN_SHIFT && flow->cookie)
		__sync_fetch_and_or(&flow->flags, FLOW_UNCLAIMED);
	flow->seen_jiffies = now;
	if (end && !(flow->flags & FLOW_ANSWERED))
		__sync_fetch_and_or(&flow->flags, FLOW_ANSWERED);
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
