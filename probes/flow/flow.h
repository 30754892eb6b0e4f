/* SPDX-License-Identifier: GPL-2.0 */
/* Makes the flow of a packet, and stores decisions in it. segments.h advances it with each packet. */
#ifndef WEIR_FLOW_H
#define WEIR_FLOW_H

#include "parse/transport.h"
#include "flow/connections.h"
#include "flow/emit.h"
#include "flow/flow_table.h"
#include "flow/hints.h"

/* 0 -> memory in which this CPU makes a flow */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct flow);
} new_flow SEC(".maps");

/* Is the sender of this packet the end that opened the flow? */
static __always_inline bool is_by_opener(const struct flow *flow, bool source_low)
{
	return source_low == !!(flow->flags & FLOW_OPENER_IS_LOW);
}

/* The same ends seen from the other one. */
static __always_inline void reverse(struct tuple *out, const struct tuple *in)
{
	out->source_be[0] = in->destination_be[0];
	out->source_be[1] = in->destination_be[1];
	out->destination_be[0] = in->source_be[0];
	out->destination_be[1] = in->source_be[1];
	out->source_port = in->destination_port;
	out->destination_port = in->source_port;
	out->protocol = in->protocol;
	out->direction = !in->direction;
	out->icmp_type = in->icmp_type;
	out->icmp_code = in->icmp_code;
}

/* Sets packet->connection.opener for a packet of an existing flow. */
static __always_inline void opener_of_flow(struct packet *packet, const struct flow *flow, bool by_opener)
{
	if (by_opener)
		packet->connection.opener = packet->headers.tuple;
	else
		reverse(&packet->connection.opener, &packet->headers.tuple);
	packet->connection.opener.direction = flow->direction;
	packet->connection.opener.icmp_type = flow->icmp_type;
	packet->connection.opener.icmp_code = flow->icmp_code;
}

/*
 * Stores the decision of the packet in its flow. A decision has several words, so that a reader could find parts of an
 * old and of a new one. The CPU that changes `generation` to GENERATION_WRITING is the only writer. Readers check
 * `generation` before and after.
 */
static __always_inline void store_decision(struct flow *flow, const struct packet *packet)
{
	__u32 seen = flow->generation, generation = packet->rule_set.generation;
	bool counts = !(flow->flags & FLOW_CLOSED);

	if (seen == GENERATION_WRITING)
		return;
	if (__sync_val_compare_and_swap(&flow->generation, seen, GENERATION_WRITING) != seen)
		return;
	if (counts && flow->decision.condition_count)
		count_connection(packet, &flow->decision, -1);
	flow->decision = packet->decision;
	if (counts && packet->decision.condition_count)
		count_connection(packet, &packet->decision, 1);
	__sync_val_compare_and_swap(&flow->generation, GENERATION_WRITING, generation);
}

/*
 * Copies the decision of the flow to the packet, if it is of the packet's generation and still valid. Returns whether
 * it is.
 */
static __always_inline bool load_decision(struct packet *packet, const struct flow *flow)
{
	if (*(volatile __u32 *)&flow->generation != packet->rule_set.generation)
		return false;
	if (flow->decision.ask_again && bpf_jiffies64() >= flow->decision.ask_again)
		return false;
	packet->decision.slot = flow->decision.slot;
	packet->decision.staged = flow->decision.staged;
	packet->decision.action = flow->decision.action;
	packet->decision.reason = flow->decision.reason;
	packet->decision.staged_at = flow->decision.staged_at;
	packet->decision.condition_count = flow->decision.condition_count;
	if (packet->decision.condition_count) {
		packet->decision.once = flow->decision.once;
		__builtin_memcpy(packet->decision.conditions, flow->decision.conditions,
				 sizeof(flow->decision.conditions));
	}
	asm volatile("" ::: "memory");
	return *(volatile __u32 *)&flow->generation == packet->rule_set.generation;
}

/*
 * Returns 1 if both are the same, else 0. This has no branch, because the verifier would follow every combination of
 * branches.
 */
static __always_inline __u32 is_same(__u32 one, __u32 other)
{
	return ((__u64)(one ^ other) - 1) >> 63;
}

/*
 * Keeps the results of conditions that were asked when the connection opened, when its decision is made again by the
 * same rules. The conditions may have other places now.
 */
static __always_inline void keep_condition_results(struct packet *packet, const struct flow *flow)
{
	const struct decision *before = &flow->decision;
	__u32 once = before->once, kept = 0;

	if (!once || (flow->generation != packet->rule_set.generation && flow->generation != GENERATION_WRITING))
		return;
		/* The loop is not unrolled, because then it would need more stack than there is. */
#pragma clang loop unroll(disable)
	for (__u32 pair = 0; pair < LIMIT_CONDITIONS * LIMIT_CONDITIONS; pair++) {
		__u32 old = pair / LIMIT_CONDITIONS, now = pair % LIMIT_CONDITIONS;

		kept |= (once >> old & is_same(before->conditions[old], packet->decision.conditions[now])) << now;
	}
	packet->decision.once = kept;
}

/* Fills in the sequence numbers of a new flow, as far as its first packet has them. Not static: see judge_inner. */
__noinline int number_flow(__u32 which, struct flow *flow, __u32 end)
{
	struct packet *packet = packet_in_scratch(which);
	__u32 other, acknowledged;

	if (!packet || !flow)
		return 0;
	end &= 1;
	other = end ^ 1;
	acknowledged = packet->headers.tcp_flags & TCP_ACK ? packet->headers.acknowledgement : 0;

	flow->next[end] = packet->headers.sequence_end;
	flow->next[other] = flow->acknowledged[end] = acknowledged;
	flow->acknowledged[other] = sequence_of(packet);
	flow->hop_limit[end] = packet->headers.hop_limit;
	flow->hop_limit[other] = 0;
	if (!end || !(packet->headers.tcp_flags & TCP_ACK))
		flow->flags |= FLOW_REPLY_UNSEEN;
	if (packet->headers.tcp_flags & TCP_RST)
		flow->flags |= FLOW_CLOSED | FLOW_CLOSE_REPORTED; /* it ends with the packet that opens it */
	return 0;
}

static __always_inline struct flow *flow_in_scratch(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&new_flow, &zero);
}

/* Fills in the flow in `new_flow` for its first packet. Not static: see judge_inner. */
__noinline int describe_flow(__u32 which, bool opener_is_low, __u64 cookie)
{
	struct packet *packet = packet_in_scratch(which);
	struct flow *flow = flow_in_scratch();
	bool by_opener;

	if (!packet || !flow)
		return 0;
	by_opener = packet->connection.opener.direction == packet->frame.direction;
	flow->opened_ns = bpf_ktime_get_ns();
	flow->opened_jiffies = flow->seen_jiffies = bpf_jiffies64();
	flow->packets[0] = by_opener ? packet->frame.wire_packets : 0;
	flow->packets[1] = by_opener ? 0 : packet->frame.wire_packets;
	flow->bytes[0] = by_opener ? packet->frame.wire_bytes : 0;
	flow->bytes[1] = by_opener ? 0 : packet->frame.wire_bytes;
	flow->cookie = cookie;
	flow->awaiting = 0;
	flow->generation = packet->rule_set.generation;
	flow->flags = (opener_is_low ? FLOW_OPENER_IS_LOW : 0) | (by_opener ? 0 : FLOW_REPLIED);
	if (packet->frame.direction == DIRECTION_EGRESS)
		flow->flags |= FLOW_LEFT | (cookie ? FLOW_UNCLAIMED : 0);
	else if (!packet->headers.tunnel)
		flow->flags |= FLOW_UNCLAIMED | (packet->role.receiver_uncertain ? FLOW_RECEIVER_UNCERTAIN : 0);
	describe_nat(&flow->nat, packet);
	flow->direction = packet->connection.opener.direction;
	flow->icmp_type = packet->connection.opener.icmp_type;
	flow->icmp_code = packet->connection.opener.icmp_code;
	flow->tcp_flags[0] = by_opener ? packet->headers.tcp_flags : 0;
	flow->tcp_flags[1] = by_opener ? 0 : packet->headers.tcp_flags;
	flow->decision = packet->decision;
	flow->reported = packet->outcome.staged;
	if (packet->headers.tuple.protocol == IPPROTO_TCP)
		number_flow(which, flow, by_opener ? 0 : 1);
	return 0;
}

/*
 * Stores the flow of the packet. With GENERATION_NONE it keeps no decision: that is for trusted peers, which are
 * checked at each packet.
 */
static __always_inline void insert_flow(struct packet *packet, const struct flow_key *key, bool opener_is_low,
					__u64 cookie, __u32 generation)
{
	struct flow *flow = flow_in_scratch();

	if (!flow)
		return;
	describe_flow(packet->which, opener_is_low, cookie);
	flow->generation = generation;
	remove_hint(packet);
	if (insert_opening(key, flow)) {
		count_fault(FAULT_OPENING_INSERT);
		return;
	}
	count_flows(1, 0);
	if (packet->decision.condition_count && !(flow->flags & FLOW_CLOSED))
		count_connection(packet, &packet->decision, 1);
}

/*
 * Does this packet confirm the connection? A reply does not, because anybody can forge the packet that opens a
 * connection, and hosts reply. The opener has to go on after the reply. With TCP it has to acknowledge a number that
 * only the receiver of the reply knows. With other protocols a forger can go on as well, so that their flows have a
 * table of their own (flow_table.h). ICMP is never confirmed.
 */
static __always_inline bool is_exchange(const struct packet *packet, const struct flow *flow, bool by_opener)
{
	if (!by_opener || is_icmp(packet->headers.tuple.protocol))
		return false;
	if (packet->headers.tuple.protocol == IPPROTO_TCP)
		return (packet->headers.tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_ACK &&
		       !(flow->flags & FLOW_REPLY_UNSEEN) &&
		       packet->headers.acknowledgement - flow->acknowledged[0] <= flow->next[1] - flow->acknowledged[0];
	return flow->flags & FLOW_REPLIED;
}

/*
 * Moves a flow that its opener has confirmed out of the tables that a flood of openings can fill. Returns the flow at
 * its new place.
 */
static __noinline struct flow *promote_flow(struct flow_key *key, struct flow *opening)
{
	struct flow *flow;

	if (!key || !opening)
		return NULL;
	if (insert_confirmed(key, opening))
		count_fault(FAULT_FLOW_INSERT);
	flow = find_confirmed(key);
	if (!flow)
		return NULL;
	delete_opening(key);
	return flow;
}

#endif
