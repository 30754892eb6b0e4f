/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one verdict path, for both hooks and both modes:
 *
 *   flow of this generation -> absolute failsafe -> undecidable -> opener -> management failsafe -> rules -> mode
 *
 * Only `drops` looks at the mode, last. A packet that is dropped, or would be, advances no state.
 */
#ifndef WEIR_DECIDE_H
#define WEIR_DECIDE_H

#include "classify.h"
#include "failsafe.h"
#include "flow.h"
#include "fragment.h"

/* What is known about the packet's connection while it is judged. */
struct judgement {
	hook_context *ctx;
	struct policy *policy;
	struct flow *flow;
	__u64 skb_cookie;
	struct flow_key key;
	bool source_low;
	bool by_opener;
	bool opens;
	bool one_way;		/* the flow still lives in `openings` */
};

static __always_inline void decide_as(struct packet *packet, __u32 slot, __u32 action, __u32 reason)
{
	packet->decision.slot = slot;
	packet->decision.staged = SLOT_NONE;
	packet->decision.action = action;
	packet->decision.reason = reason;
	packet->decision.condition_count = 0;
	packet->decision.staged_at = 0;
}

static __always_inline void decide_undecided(struct packet *packet, const struct policy *policy, __u32 reason)
{
	decide_as(packet, SLOT_ON_ERROR, policy->on_error[packet->direction & 1], reason);
}

/* Walks the flow's conditional rules for this packet; the first that holds acts as its rule does. */
__noinline int apply_conditions(__u32 which, bool by_opener)
{
	struct packet *packet = packet_in_scratch(which);
	struct decision *decision;

	if (!packet)
		return 0;
	decision = &packet->decision;
	for (__u32 i = 0; i < LIMIT_CONDITIONS; i++) {
		__u32 slot, index;
		struct rule *rule;

		if (i >= decision->condition_count)
			break;
		if (packet->outcome.staged == SLOT_NONE && decision->staged != SLOT_NONE && decision->staged_at == i)
			packet->outcome.staged = decision->staged;
		slot = decision->conditions[i];
		index = packet->copy * LIMIT_RULES + slot;
		rule = bpf_map_lookup_elem(&rules, &index);
		if (!rule || !by_opener || (packet->tcp_flags & rule->tcp_flags_mask) != rule->tcp_flags_value)
			continue;
		if (rule->action == ACTION_BLOCK && !(rule->flags & RULE_ENFORCE)) {
			if (packet->outcome.staged == SLOT_NONE)
				packet->outcome.staged = slot;
			continue;
		}
		packet->outcome.slot = slot;
		packet->outcome.action = rule->action;
		return 0;
	}
	if (packet->outcome.staged == SLOT_NONE)
		packet->outcome.staged = decision->staged;
	return 0;
}

/* From the decision on the connection to the outcome for this packet. */
static __always_inline void apply_decision(struct packet *packet, bool by_opener)
{
	packet->outcome.slot = packet->decision.slot;
	packet->outcome.action = packet->decision.action;
	packet->outcome.reason = packet->decision.reason;
	packet->outcome.staged = packet->decision.staged;
	if (packet->decision.condition_count) {
		packet->outcome.staged = SLOT_NONE;
		apply_conditions(packet->which, by_opener);
	}
}

/* Does this packet answer one that a rule would have dropped, had it not been let through? */
static __always_inline bool follows_shadow(struct packet *packet, const struct flow_key *key, bool source_low)
{
	struct shadow *shadow = bpf_map_lookup_elem(&shadows, key);

	if (!shadow || shadow->generation != packet->generation || shadow->opener_is_low == source_low)
		return false;
	decide_as(packet, shadow->slot, ACTION_BLOCK, 0);
	return true;
}

/* Who opened the connection of a packet that has no flow? Sets packet->opener, or answers END_UNKNOWN. */
static __always_inline bool find_opener(hook_context *ctx, struct packet *packet)
{
	bool by_sender = true;

	if (packet->protocol == IPPROTO_TCP && !(packet->flags & PACKET_LATER_FRAGMENT)) {
		__u8 flags = packet->tcp_flags & (TCP_SYN | TCP_ACK);

		if (flags == (TCP_SYN | TCP_ACK)) {
			by_sender = false;
		} else if (flags != TCP_SYN) {
			int end = packet->tunnel ? END_UNKNOWN : opener_of_tcp(ctx, packet->which);

			if (end == END_UNKNOWN)
				return false;
			by_sender = (end == END_REMOTE) == (packet->direction == DIRECTION_INGRESS);
		}
	}
	if (by_sender)
		packet->opener = packet->tuple;
	else
		reverse(&packet->opener, &packet->tuple);
	return true;
}

/* A packet without a flow of this generation. */
static __noinline void judge_first(struct judgement *j, struct packet *packet)
{
	struct policy *policy = j->policy;
	struct flow *flow = j->flow;
	__u32 reason;

	if (!packet || !policy)
		return;
	if (flow)
		opener_of_flow(packet, flow, j->by_opener);
	else
		packet->opener = packet->tuple;
	if (is_absolute_failsafe(packet, policy)) {
		if (!flow && !packet->outcome.reason && !find_opener(j->ctx, packet))
			packet->opener = packet->tuple;
		decide_as(packet, SLOT_FAILSAFE, ACTION_ALLOW, 0);
		return;
	}
	if (packet->outcome.reason) {
		decide_undecided(packet, policy, packet->outcome.reason);
		return;
	}
	if (!flow) {
		if (follows_shadow(packet, &j->key, j->source_low)) {
			reverse(&packet->opener, &packet->tuple);
			return;
		}
		if (!find_opener(j->ctx, packet)) {
			if (is_management(j->ctx, packet, policy))
				decide_as(packet, SLOT_FAILSAFE, ACTION_ALLOW, 0);
			else
				decide_undecided(packet, policy, REASON_OPENER_UNKNOWN);
			return;
		}
	}
	if (is_management(j->ctx, packet, policy)) {
		decide_as(packet, SLOT_FAILSAFE, ACTION_ALLOW, 0);
		return;
	}
	reason = classify(packet->which);
	if (reason)
		decide_undecided(packet, policy, reason);
}

/* The mode is read here and nowhere else. */
static __always_inline __u32 verdict_of(const struct packet *packet)
{
	__u32 zero = 0;
	struct control *root;

	if (packet->outcome.action != ACTION_BLOCK)
		return packet->outcome.slot == SLOT_ON_ERROR ? VERDICT_UNDECIDED : VERDICT_PASSED;
	root = bpf_map_lookup_elem(&control, &zero);
	return root && *(volatile __u32 *)&root->mode == MODE_PREVENT ? VERDICT_DROPPED : VERDICT_WOULD_DROP;
}

static __always_inline void remember_shadow(const struct packet *packet, const struct judgement *j)
{
	struct shadow shadow = {};

	if (packet->flags & (PACKET_LATER_FRAGMENT | PACKET_ICMP_ERROR) || packet->outcome.slot == SLOT_ON_ERROR)
		return;
	if (packet->opener.direction != packet->direction)
		return;
	shadow.generation = packet->generation;
	shadow.slot = packet->outcome.slot;
	shadow.opener_is_low = j->source_low;
	if (bpf_map_update_elem(&shadows, &j->key, &shadow, BPF_ANY))
		count_fault(FAULT_SHADOW_INSERT);
}

/* After the verdict: what is told of the packet, and what is kept of its connection. */
static __noinline void settle_first(struct judgement *j, struct packet *packet)
{
	struct policy *policy = j->policy;
	struct flow *flow = j->flow;
	bool opener_is_low;
	__u64 cookie;
	__u8 type;

	if (!packet || !policy)
		return;
	if (packet->outcome.verdict == VERDICT_WOULD_DROP || packet->outcome.verdict == VERDICT_DROPPED) {
		cookie = flow ? flow->cookie : packet->flags & PACKET_HAS_ADDRESSES && !packet->outcome.reason
						       ? local_cookie(j->ctx, packet, j->skb_cookie) : 0;
		type = packet->outcome.slot == SLOT_ON_ERROR ? EVENT_UNDECIDED
		       : packet->outcome.verdict == VERDICT_DROPPED ? EVENT_BLOCKED : EVENT_DETECTED;
		emit_verdict(packet, policy, &packet->opener, cookie, type, packet->outcome.slot, false);
		if (flow && packet->decision.action == ACTION_BLOCK) {
			emit_closed(packet, flow, &packet->opener);
			remove_flow(&j->key);
		}
		if (packet->outcome.verdict == VERDICT_WOULD_DROP)
			remember_shadow(packet, j);
		return;
	}
	if (packet->flags & PACKET_LATER_FRAGMENT || packet->flags & PACKET_ICMP_ERROR || packet->outcome.reason) {
		if (packet->outcome.slot == SLOT_ON_ERROR)
			emit_verdict(packet, policy, &packet->opener, 0, EVENT_UNDECIDED, SLOT_ON_ERROR, false);
		else if (packet->outcome.staged != SLOT_NONE)
			emit_verdict(packet, policy, &packet->opener, 0, EVENT_DETECTED, packet->outcome.staged, true);
		if (packet->outcome.reason != REASON_OPENER_UNKNOWN)
			return;
	}
	if (!(packet->flags & PACKET_HAS_PORTS))
		return;	/* not even a failsafe makes a connection of a packet without its header */
	if (flow) {
		bool changed = flow->decision.slot != packet->decision.slot ||
			       flow->decision.staged != packet->decision.staged;

		store_decision(flow, &packet->decision, packet->generation);
		if (!changed)
			return;
		cookie = flow->cookie;
	} else {
		cookie = local_cookie(j->ctx, packet, j->skb_cookie);
		opener_is_low = packet->opener.direction == packet->direction ? j->source_low : !j->source_low;
		insert_flow(packet, &j->key, opener_is_low, cookie);
		j->opens = true;
	}
	if (packet->outcome.slot == SLOT_ON_ERROR)
		return;	/* told above */
	if (packet->outcome.staged != SLOT_NONE)
		emit_verdict(packet, policy, &packet->opener, cookie, EVENT_DETECTED, packet->outcome.staged, true);
	else
		emit_verdict(packet, policy, &packet->opener, cookie, EVENT_ALLOWED, packet->outcome.slot, false);
}

/* A packet of a flow whose decision stands: told only where a condition made it differ. */
static __always_inline void settle_known(struct judgement *j, struct packet *packet)
{
	if (packet->outcome.verdict == VERDICT_WOULD_DROP || packet->outcome.verdict == VERDICT_DROPPED) {
		opener_of_flow(packet, j->flow, j->by_opener);
		emit_verdict(packet, j->policy, &packet->opener, j->flow->cookie,
			     packet->outcome.verdict == VERDICT_DROPPED ? EVENT_BLOCKED : EVENT_DETECTED, packet->outcome.slot, false);
	} else if (packet->outcome.staged != packet->decision.staged) {
		opener_of_flow(packet, j->flow, j->by_opener);
		emit_verdict(packet, j->policy, &packet->opener, j->flow->cookie, EVENT_DETECTED, packet->outcome.staged, true);
	}
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
	emit_closed(packet, flow, &packet->opener);
}

/*
 * Judges one packet, the outer or the inner one of a tunnel, and returns its verdict. Not static: the verifier
 * then judges this function once by itself, and not again for every state its callers can be in.
 */
__noinline int judge(hook_context *ctx, __u32 which, __u64 skb_cookie)
{
	struct packet *packet = packet_in_scratch(which);
	__u32 copy = packet ? packet->copy : 0;
	struct judgement j = { .ctx = ctx, .policy = bpf_map_lookup_elem(&policies, &copy), .skb_cookie = skb_cookie };
	bool known = false;

	if (!packet || !j.policy)
		return VERDICT_PASSED;
	packet->tuple.protocol = packet->protocol;
	packet->tuple.direction = packet->direction;
	if (packet->flags & PACKET_FRAGMENT && !packet->outcome.reason)
		packet->outcome.reason = track_fragment(packet->which);

	if (!packet->outcome.reason && packet->flags & PACKET_HAS_PORTS) {
		j.source_low = make_flow_key(packet, &packet->tuple, &j.key);
		if (packet->flags & PACKET_ICMP_ERROR) {
			struct flow *related = find_flow(&packet->related, &j.one_way);

			known = related && load_decision(packet, related);
			if (known)
				packet->decision.condition_count = 0;
		} else {
			j.flow = find_flow(&j.key, &j.one_way);
			if (j.flow) {
				j.by_opener = is_by_opener(j.flow, j.source_low);
				if (j.flow->flags & FLOW_CLOSED && packet->protocol == IPPROTO_TCP &&
				    (packet->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN) {
					remove_flow(&j.key);
					j.flow = NULL;
				} else {
					known = load_decision(packet, j.flow);
				}
			}
		}
	}
	if (!known)
		judge_first(&j, packet);
	apply_decision(packet, j.flow ? j.by_opener : packet->opener.direction == packet->direction);
	packet->outcome.verdict = verdict_of(packet);
	if (!known)
		settle_first(&j, packet);
	else if (j.flow)
		settle_known(&j, packet);
	count_outcome(packet, j.opens);

	if (!j.flow || packet->outcome.verdict == VERDICT_DROPPED || packet->outcome.verdict == VERDICT_WOULD_DROP)
		return packet->outcome.verdict;
	if (j.one_way && !j.by_opener) {
		j.flow = promote_flow(&j.key);
		if (!j.flow)
			return packet->outcome.verdict;
	}
	advance_flow(packet, j.flow, j.by_opener);
	if (closes_flow(packet, j.flow))
		finish_closed(&j, packet, j.flow);
	return packet->outcome.verdict;
}

#endif
