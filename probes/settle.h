/* SPDX-License-Identifier: GPL-2.0 */
/* After the verdict: what is told of a packet, and what is kept of its connection. A packet that is dropped, or
 * would be, advances nothing. */
#ifndef WEIR_SETTLE_H
#define WEIR_SETTLE_H

#include "judgement.h"

static __always_inline bool is_blocked(const struct packet *packet)
{
	return packet->outcome.verdict == VERDICT_DROPPED || packet->outcome.verdict == VERDICT_WOULD_DROP;
}

static __always_inline void remember_shadow(const struct packet *packet, const struct judgement *j)
{
	struct shadow shadow = {
		.made_jiffies = bpf_jiffies64(),
		.generation = packet->generation,
		.slot = packet->outcome.slot,
		.opener_is_low = j->source_low,
	};

	if (bpf_map_update_elem(&shadows, &packet->key, &shadow, BPF_ANY))
		count_fault(FAULT_SHADOW_INSERT);
}

/* Tells one thing of the packet, if its rule may still say something in this second. */
static __always_inline void tell(struct judgement *j, struct packet *packet, __u64 cookie, __u8 type, __u32 slot,
				 bool staged)
{
	if (!within_limit(packet, j->policy, slot))
		return;
	/* In a flood nobody is told whose socket it would have reached, so that nobody looks it up. */
	if (!cookie && is_blocked(packet) && !j->flow)
		cookie = local_cookie(j->ctx, packet);
	emit_verdict(packet, j->flow, cookie, type, slot, staged);
}

/* What is told of a packet that met its connection for the first time, or after a change of the rules. */
static __always_inline void tell_first(struct judgement *j, struct packet *packet, __u64 cookie)
{
	struct outcome *outcome = &packet->outcome;
	__u32 slot = outcome->slot;
	bool staged = false;
	__u8 type;

	if (slot == SLOT_ON_ERROR && !(j->invalid && outcome->staged != SLOT_NONE && !is_blocked(packet))) {
		type = EVENT_UNDECIDED;
	} else if (outcome->verdict == VERDICT_DROPPED) {
		type = EVENT_BLOCKED;
	} else if (outcome->verdict == VERDICT_WOULD_DROP) {
		type = EVENT_DETECTED;
	} else if (outcome->staged != SLOT_NONE) {
		type = EVENT_DETECTED;
		slot = outcome->staged;
		staged = true;
	} else if (j->opens || j->flow) {
		type = EVENT_ALLOWED;
	} else {
		return;
	}
	tell(j, packet, cookie, type, slot, staged);
}

/*
 * A packet of a flow whose decision stands: told only where a condition made it differ, and not again as long as the same
 * rule speaks.
 */
static __always_inline void settle_known(struct judgement *j, struct packet *packet)
{
	bool staged = !is_blocked(packet);
	__u8 type = packet->outcome.verdict == VERDICT_DROPPED ? EVENT_BLOCKED : EVENT_DETECTED;
	__u32 slot = staged ? packet->outcome.staged : packet->outcome.slot;

	if (staged && (slot == packet->decision.staged || slot == SLOT_NONE))
		return;
	if (j->flow->told == slot)
		return;
	j->flow->told = slot;
	opener_of_flow(packet, j->flow, j->by_opener);
	tell(j, packet, known_cookie(j->flow), type, slot, staged);
}

/* After the verdict: what is told of the packet, and what is kept of its connection. Did it open one? */
static __noinline bool settle_first(struct judgement *j, struct packet *packet)
{
	bool opener_is_low;
	__u64 cookie = 0;

	if (!packet || !j->policy)
		return false;
	if (j->flow) {
		struct decision *before = &j->flow->decision;
		bool changed = before->slot != packet->decision.slot || before->staged != packet->decision.staged;
		bool again = j->flow->generation == packet->generation;

		cookie = known_cookie(j->flow);
		store_decision(j->flow, packet);
		if (again && !changed) {
			settle_known(j, packet);
			return false;
		}
		j->flow->told = packet->outcome.staged;
		if (changed || is_blocked(packet))
			tell_first(j, packet, cookie);
		return false;
	}
	if (is_blocked(packet)) {
		bool by_sender = packet->opener.direction == packet->direction;

		if (j->opens && by_sender && packet->outcome.verdict == VERDICT_WOULD_DROP)
			remember_shadow(packet, j);
		j->opens = false;
	}
	if (packet->outcome.slot == SLOT_ON_ERROR)
		j->opens = false;
	if (j->opens) {
		cookie = local_cookie(j->ctx, packet);
		opener_is_low = packet->opener.direction == packet->direction ? j->source_low : !j->source_low;
		insert_flow(packet, &packet->key, opener_is_low, cookie, j->trusted ? GENERATION_NONE : packet->generation);
	}
	tell_first(j, packet, packet->flags & PACKET_DOUBTED ? 0 : cookie);
	return j->opens;
}

static __always_inline void count_outcome(const struct packet *packet, bool opens)
{
	count_rule(packet, packet->outcome.slot, packet->outcome.verdict, opens);
	if (packet->outcome.staged != SLOT_NONE)
		count_rule(packet, packet->outcome.staged, VERDICT_WOULD_DROP, opens);
	if (packet->outcome.slot == SLOT_ON_ERROR)
		count_undecided(packet->outcome.reason);
}

static __always_inline void finish_closed(struct judgement *j, struct packet *packet, struct flow *flow)
{
	flow->flags |= FLOW_CLOSED;
	opener_of_flow(packet, flow, j->by_opener);
	if (flow->decision.condition_count)
		count_connection(packet, &flow->decision, -1);
	emit_closed(packet, flow, &packet->opener);
}

#endif
