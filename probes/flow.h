/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The flow table. A connection starts in `openings_in` or `openings_out` and moves to `flows` when its opener goes on after the
 * other end has answered, so that a flood of forged openings evicts only openings of its own side.
 */
#ifndef WEIR_FLOW_H
#define WEIR_FLOW_H

#include "connections.h"
#include "emit.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct flow);
} new_flow SEC(".maps");

static __always_inline bool is_icmp(__u16 protocol)
{
	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

/* What nobody has confirmed: see is_exchange. */
static __always_inline struct flow *find_opening(const struct flow_key *key)
{
	struct flow *flow;

	if (is_icmp(key->what[0])) {
		flow = bpf_map_lookup_elem(&pings_in, key);
		return flow ?: bpf_map_lookup_elem(&pings_out, key);
	}
	flow = bpf_map_lookup_elem(&openings_in, key);
	return flow ?: bpf_map_lookup_elem(&openings_out, key);
}

static __always_inline struct flow *find_flow(const struct flow_key *key, bool *one_way)
{
	struct flow *flow = bpf_map_lookup_elem(&flows, key);

	if (flow)
		return flow;
	*one_way = true;
	return find_opening(key);
}

/* 0, or why not. */
static __always_inline long insert_opening(const struct flow_key *key, const struct flow *flow)
{
	if (is_icmp(key->what[0])) {
		if (flow->direction == DIRECTION_INGRESS)
			return bpf_map_update_elem(&pings_in, key, flow, BPF_ANY);
		return bpf_map_update_elem(&pings_out, key, flow, BPF_ANY);
	}
	if (flow->direction == DIRECTION_INGRESS)
		return bpf_map_update_elem(&openings_in, key, flow, BPF_ANY);
	return bpf_map_update_elem(&openings_out, key, flow, BPF_ANY);
}

static __always_inline bool delete_opening(const struct flow_key *key)
{
	if (is_icmp(key->what[0]))
		return !bpf_map_delete_elem(&pings_in, key) || !bpf_map_delete_elem(&pings_out, key);
	return !bpf_map_delete_elem(&openings_in, key) || !bpf_map_delete_elem(&openings_out, key);
}

static __always_inline void remove_flow(const struct flow_key *key)
{
	if (!bpf_map_delete_elem(&flows, key))
		count_flows(0, 1);
	if (delete_opening(key))
		count_flows(0, 1);
}

/* Is the sender of this packet the end that opened the flow? */
static __always_inline bool is_by_opener(const struct flow *flow, bool source_low)
{
	return source_low == !!(flow->flags & FLOW_OPENER_IS_LOW);
}

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

/* The opener's tuple of an existing flow, whichever end sent this packet. */
static __always_inline void opener_of_flow(struct packet *packet, const struct flow *flow, bool by_opener)
{
	if (by_opener)
		packet->opener = packet->tuple;
	else
		reverse(&packet->opener, &packet->tuple);
	packet->opener.direction = flow->direction;
	packet->opener.icmp_type = flow->icmp_type;
	packet->opener.icmp_code = flow->icmp_code;
}

/* The same from the flow's key alone, for a packet that is not of the flow. */
static __always_inline void opener_of_key(struct tuple *opener, const struct flow_key *key, const struct flow *flow)
{
	bool low = flow->flags & FLOW_OPENER_IS_LOW;

	opener->source_be[0] = low ? key->low_be[0] : key->high_be[0];
	opener->source_be[1] = low ? key->low_be[1] : key->high_be[1];
	opener->destination_be[0] = low ? key->high_be[0] : key->low_be[0];
	opener->destination_be[1] = low ? key->high_be[1] : key->low_be[1];
	opener->source_port = key->ports[low ? 0 : 1];
	opener->destination_port = key->ports[low ? 1 : 0];
	opener->protocol = key->what[0];
	opener->direction = flow->direction;
	opener->icmp_type = flow->icmp_type;
	opener->icmp_code = flow->icmp_code;
}

/*
 * A decision is several words, so that a reader could meet half of an old and half of a new one. Whoever
 * swings `generation` to GENERATION_WRITING writes alone; readers look at it before and after.
 */
static __always_inline void store_decision(struct flow *flow, const struct packet *packet)
{
	__u32 seen = flow->generation, generation = packet->generation;
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

/* Copies the flow's decision to the packet if it was made under the packet's generation, and still stands. */
static __always_inline bool load_decision(struct packet *packet, const struct flow *flow)
{
	if (*(volatile __u32 *)&flow->generation != packet->generation)
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
	return *(volatile __u32 *)&flow->generation == packet->generation;
}

/* 1 if both are the same, else 0, without a branch, of which the verifier would follow every combination. */
static __always_inline __u32 is_same(__u32 one, __u32 other)
{
	return ((__u64)(one ^ other) - 1) >> 63;
}

/*
 * The flow's decision is asked for again under the same rules: what was asked when the connection opened stays
 * answered, at the places that the conditions have now.
 */
static __always_inline void keep_answers(struct packet *packet, const struct flow *flow)
{
	const struct decision *before = &flow->decision;
	__u32 once = before->once, kept = 0;

	if (!once || (flow->generation != packet->generation && flow->generation != GENERATION_WRITING))
		return;
	/* Rolled up: unrolled it takes more of the stack than there is. */
#pragma clang loop unroll(disable)
	for (__u32 pair = 0; pair < LIMIT_CONDITIONS * LIMIT_CONDITIONS; pair++) {
		__u32 old = pair / LIMIT_CONDITIONS, now = pair % LIMIT_CONDITIONS;

		kept |= (once >> old & is_same(before->conditions[old], packet->decision.conditions[now])) << now;
	}
	packet->decision.once = kept;
}

/* The connection of this packet, which is the first that is seen of it; NULL never comes. */
static __noinline struct flow *describe_flow(struct packet *packet, bool opener_is_low, __u64 cookie)
{
	__u32 zero = 0;
	struct flow *flow = bpf_map_lookup_elem(&new_flow, &zero);
	bool by_opener;

	if (!packet || !flow)
		return NULL;
	by_opener = packet->opener.direction == packet->direction;
	flow->opened_ns = bpf_ktime_get_ns();
	flow->opened_jiffies = flow->seen_jiffies = bpf_jiffies64();
	flow->packets[0] = by_opener ? packet->wire_packets : 0;
	flow->packets[1] = by_opener ? 0 : packet->wire_packets;
	flow->bytes[0] = by_opener ? packet->wire_bytes : 0;
	flow->bytes[1] = by_opener ? 0 : packet->wire_bytes;
	flow->cookie = cookie;
	flow->generation = packet->generation;
	flow->flags = (opener_is_low ? FLOW_OPENER_IS_LOW : 0) | (by_opener ? 0 : FLOW_ANSWERED);
	if (packet->direction == DIRECTION_EGRESS)
		flow->flags |= FLOW_LEFT | (cookie ? FLOW_UNCLAIMED : 0);
	else if (!packet->tunnel)
		flow->flags |= FLOW_UNCLAIMED | (packet->flags & PACKET_DOUBTED ? FLOW_DOUBTED : 0);
	describe_beyond(&flow->beyond, packet);
	flow->direction = packet->opener.direction;
	flow->icmp_type = packet->opener.icmp_type;
	flow->icmp_code = packet->opener.icmp_code;
	flow->tcp_flags[0] = by_opener ? packet->tcp_flags : 0;
	flow->tcp_flags[1] = by_opener ? 0 : packet->tcp_flags;
	flow->decision = packet->decision;
	flow->told = packet->outcome.staged;
	if (packet->protocol == IPPROTO_TCP && packet->tcp_flags & TCP_RST)
		flow->flags |= FLOW_CLOSED;	/* it ends with the packet that opens it */
	return flow;
}

/* Trust is asked anew for each packet, so that a trusted peer's flow keeps no decision: GENERATION_NONE. */
static __always_inline void insert_flow(struct packet *packet, const struct flow_key *key, bool opener_is_low,
					__u64 cookie, __u32 generation)
{
	struct flow *flow = describe_flow(packet, opener_is_low, cookie);

	if (!flow)
		return;
	flow->generation = generation;
	if (insert_opening(key, flow)) {
		count_fault(FAULT_OPENING_INSERT);
		return;
	}
	count_flows(1, 0);
	if (packet->decision.condition_count && !(flow->flags & FLOW_CLOSED))
		count_connection(packet, &packet->decision, 1);
}

/*
 * Does this packet confirm the connection? An answer does not: anyone can forge the packet that opens one, and hosts answer. The
 * opener has to go on after the answer. ICMP is never confirmed: it has room of its own.
 */
static __always_inline bool is_exchange(const struct packet *packet, const struct flow *flow, bool by_opener)
{
	if (!by_opener || is_icmp(packet->protocol))
		return false;
	if (packet->protocol == IPPROTO_TCP)
		return flow->tcp_flags[1] && !(packet->tcp_flags & TCP_SYN);
	return flow->flags & FLOW_ANSWERED;
}

/* Its opener has confirmed it: out of the reach of a flood. Returns the flow where it now lives. */
static __noinline struct flow *promote_flow(struct flow_key *key, struct flow *opening)
{
	struct flow *flow;

	if (!key || !opening)
		return NULL;
	if (bpf_map_update_elem(&flows, key, opening, BPF_NOEXIST))
		count_fault(FAULT_FLOW_INSERT);
	flow = bpf_map_lookup_elem(&flows, key);
	if (!flow)
		return NULL;
	delete_opening(key);
	return flow;
}

/* Whoever resets a connection says nothing more. If this end does, the reset was somebody else's forgery. */
static __always_inline void reopen_flow(struct packet *packet, struct flow *flow, __u32 end, bool by_opener)
{
	flow->tcp_flags[end & 1] &= ~TCP_RST;
	if (flow->flags & FLOW_CLOSED && flow->decision.condition_count) {
		opener_of_flow(packet, flow, by_opener);
		count_connection(packet, &flow->decision, 1);
	}
	flow->flags &= ~FLOW_CLOSED;
}

/* A socket may be handed on at any time: who sends is asked again each 256 jiffies, which is about a second. */
#define CLAIM_AGAIN_SHIFT 8

/* This packet passes, or is let pass, as part of the flow. */
static __always_inline void advance_flow(struct packet *packet, struct flow *flow, bool by_opener)
{
	__u32 end = by_opener ? 0 : 1;
	__u64 now = bpf_jiffies64();

	asm volatile("" : "+r"(end));	/* keeps the bound below where the verifier sees it */
	end &= 1;
	__sync_fetch_and_add(&flow->packets[end], packet->wire_packets);
	__sync_fetch_and_add(&flow->bytes[end], packet->wire_bytes);
	if ((now ^ flow->seen_jiffies) >> CLAIM_AGAIN_SHIFT && flow->cookie)
		__sync_fetch_and_or(&flow->flags, FLOW_UNCLAIMED);
	flow->seen_jiffies = now;
	if (end && !(flow->flags & FLOW_ANSWERED))
		__sync_fetch_and_or(&flow->flags, FLOW_ANSWERED);
	if (packet->protocol != IPPROTO_TCP || packet->flags & PACKET_LATER_FRAGMENT)
		return;
	if (flow->tcp_flags[end] & TCP_RST && !(packet->tcp_flags & (TCP_RST | TCP_SYN)))
		reopen_flow(packet, flow, end, by_opener);
	if ((flow->tcp_flags[end] | packet->tcp_flags) != flow->tcp_flags[end])
		flow->tcp_flags[end] |= packet->tcp_flags;
}

/* One end reset it, or both have finished: a SYN may open the next connection between the same ports. */
static __always_inline bool has_ended(const struct flow *flow)
{
	__u8 either = flow->tcp_flags[0] | flow->tcp_flags[1];

	return either & TCP_RST || flow->tcp_flags[0] & flow->tcp_flags[1] & TCP_FIN;
}

/* Closed: one end reset it, or both have finished and the last of them is acknowledged. */
static __always_inline bool closes_flow(const struct packet *packet, const struct flow *flow)
{
	if (packet->protocol != IPPROTO_TCP || flow->flags & FLOW_CLOSED || packet->flags & PACKET_LATER_FRAGMENT)
		return false;
	if (packet->tcp_flags & TCP_RST)
		return true;
	return flow->tcp_flags[0] & flow->tcp_flags[1] & TCP_FIN && !(packet->tcp_flags & TCP_FIN);
}

#endif
