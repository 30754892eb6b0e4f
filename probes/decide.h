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
	struct flow *related;	/* of an ICMP error: the connection it is about */
	__u64 skb_cookie;
	struct flow_key key;
	bool source_low;
	bool by_opener;
	bool one_way;		/* the flow still lives in `openings` */
	bool apart;		/* a SYN towards the opener: a connection of its own, which leaves the flow alone */
	bool opens;		/* if it passes, it makes a flow */
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

static __always_inline bool is_bare_syn(const struct packet *packet)
{
	return packet->protocol == IPPROTO_TCP && packet->flags & PACKET_HAS_PORTS &&
	       (packet->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

/* Later fragments, ICMP errors and answers belong to something and open nothing. */
static __always_inline bool can_open(const struct packet *packet)
{
	return packet->flags & PACKET_HAS_PORTS &&
	       !(packet->flags & (PACKET_LATER_FRAGMENT | PACKET_ICMP_ERROR | PACKET_ICMP_ANSWER));
}

/*
 * Who opened the connection of a packet that has no flow? The sender, unless TCP says otherwise. A connection met in
 * the middle is asked of the sockets before a SYN+ACK is believed, since anyone can send one to make a connection
 * look like the receiver's own. Sets packet->opener; false when nothing tells.
 */
static __always_inline bool find_opener(struct judgement *j, struct packet *packet)
{
	bool inward = packet->direction == DIRECTION_INGRESS;
	int end;

	packet->opener = packet->tuple;
	if (packet->protocol != IPPROTO_TCP || !(packet->flags & PACKET_HAS_PORTS) || is_bare_syn(packet))
		return true;
	if (!inward)
		reverse(&packet->opener, &packet->tuple);
	if (is_management(j->ctx, packet, j->policy))
		return true;
	end = packet->tunnel ? END_UNKNOWN : opener_of_tcp(j->ctx, packet->which);
	if (end == END_UNKNOWN && (packet->tcp_flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK))
		end = inward ? END_LOCAL : END_REMOTE;
	if (end == END_LOCAL) {
		if (inward)
			reverse(&packet->opener, &packet->tuple);
		else
			packet->opener = packet->tuple;
	}
	return end != END_UNKNOWN;
}

static __always_inline void ask_rules(struct judgement *j, struct packet *packet)
{
	__u32 reason;

	if (is_management(j->ctx, packet, j->policy)) {
		decide_as(packet, SLOT_FAILSAFE, ACTION_ALLOW, 0);
		return;
	}
	reason = classify(packet->which);
	if (reason)
		decide_undecided(packet, j->policy, reason);
}

/* A connection that detect let through, though it would have been dropped: its replies would not be there. */
static __always_inline bool follow_shadow(struct judgement *j, struct packet *packet)
{
	struct shadow *shadow = bpf_map_lookup_elem(&shadows, &j->key);

	packet->opener = packet->tuple;
	if (!shadow || shadow->generation != packet->generation)
		return false;
	if (shadow->opener_is_low == j->source_low) {
		ask_rules(j, packet);
		j->opens = can_open(packet);
	} else {
		reverse(&packet->opener, &packet->tuple);
		decide_as(packet, shadow->slot, ACTION_BLOCK, 0);
	}
	return true;
}

/* A packet without a decision of this generation. */
static __noinline void judge_first(struct judgement *j, struct packet *packet)
{
	struct policy *policy = j->policy;
	bool found;

	if (!packet || !policy)
		return;
	packet->opener = packet->tuple;
	if (j->flow)
		opener_of_flow(packet, j->flow, j->by_opener);
	else if (j->related)
		opener_of_key(&packet->opener, &packet->related, j->related);
	if (is_trusted(packet, policy)) {
		found = j->flow || j->related || packet->outcome.reason || find_opener(j, packet);
		j->opens = found && !j->flow && !j->apart && !packet->outcome.reason && can_open(packet);
		decide_as(packet, SLOT_FAILSAFE, ACTION_ALLOW, 0);
	} else if (packet->outcome.reason) {
		decide_undecided(packet, policy, packet->outcome.reason);
	} else if (j->flow || j->related || j->apart) {
		ask_rules(j, packet);
	} else if (!is_bare_syn(packet) && packet->flags & PACKET_HAS_PORTS && follow_shadow(j, packet)) {
		return;
	} else if (!find_opener(j, packet)) {
		packet->opener = packet->tuple;
		decide_undecided(packet, policy, REASON_OPENER_UNKNOWN);
	} else {
		ask_rules(j, packet);
		j->opens = can_open(packet);
	}
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

static __always_inline bool is_blocked(const struct packet *packet)
{
	return packet->outcome.verdict == VERDICT_DROPPED || packet->outcome.verdict == VERDICT_WOULD_DROP;
}

static __always_inline void remember_shadow(const struct packet *packet, const struct judgement *j)
{
	struct shadow shadow = {
		.generation = packet->generation,
		.slot = packet->outcome.slot,
		.opener_is_low = j->source_low,
	};

	if (bpf_map_update_elem(&shadows, &j->key, &shadow, BPF_ANY))
		count_fault(FAULT_SHADOW_INSERT);
}

/* What is told of a packet that met its connection for the first time, or after a change of the rules. */
static __always_inline void tell(struct judgement *j, struct packet *packet, __u64 cookie)
{
	struct outcome *outcome = &packet->outcome;

	if (outcome->slot == SLOT_ON_ERROR)
		emit_verdict(packet, j->policy, &packet->opener, cookie, EVENT_UNDECIDED, SLOT_ON_ERROR, false);
	else if (outcome->verdict == VERDICT_DROPPED)
		emit_verdict(packet, j->policy, &packet->opener, cookie, EVENT_BLOCKED, outcome->slot, false);
	else if (outcome->verdict == VERDICT_WOULD_DROP)
		emit_verdict(packet, j->policy, &packet->opener, cookie, EVENT_DETECTED, outcome->slot, false);
	else if (outcome->staged != SLOT_NONE)
		emit_verdict(packet, j->policy, &packet->opener, cookie, EVENT_DETECTED, outcome->staged, true);
	else if (j->opens || j->flow)
		emit_verdict(packet, j->policy, &packet->opener, cookie, EVENT_ALLOWED, outcome->slot, false);
}

/* After the verdict: what is told of the packet, and what is kept of its connection. */
static __noinline void settle_first(struct judgement *j, struct packet *packet)
{
	bool opener_is_low;
	__u64 cookie = 0;

	if (!packet || !j->policy)
		return;
	if (j->flow) {
		struct decision *before = &j->flow->decision;
		bool changed = before->slot != packet->decision.slot || before->staged != packet->decision.staged;

		cookie = j->flow->cookie;
		store_decision(j->flow, &packet->decision, packet->generation);
		if (changed || is_blocked(packet))
			tell(j, packet, cookie);
		return;
	}
	if (is_blocked(packet)) {
		bool by_sender = packet->opener.direction == packet->direction;

		if (j->opens && by_sender && packet->outcome.verdict == VERDICT_WOULD_DROP)
			remember_shadow(packet, j);
		j->opens = false;
	}
	if (packet->outcome.slot == SLOT_ON_ERROR)
		j->opens = false;
	if (j->opens || is_blocked(packet))
		cookie = local_cookie(j->ctx, packet, j->skb_cookie);
	if (j->opens) {
		opener_is_low = packet->opener.direction == packet->direction ? j->source_low : !j->source_low;
		insert_flow(packet, &j->key, opener_is_low, cookie);
	}
	tell(j, packet, cookie);
}

/* A packet of a flow whose decision stands: told only where a condition made it differ. */
static __always_inline void settle_known(struct judgement *j, struct packet *packet)
{
	if (is_blocked(packet)) {
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

/* The decision that the packet's flow, or that of the packet an ICMP error quotes, keeps; false if it has none. */
static __always_inline bool find_decision(struct judgement *j, struct packet *packet)
{
	bool opens = is_bare_syn(packet);

	j->source_low = make_flow_key(packet, &packet->tuple, &j->key);
	if (packet->flags & PACKET_ICMP_ERROR) {
		j->related = packet->flags & PACKET_RELATED ? find_flow(&packet->related, &j->one_way) : NULL;
		if (!j->related || !load_decision(packet, j->related))
			return false;
		packet->decision.condition_count = 0;	/* an error is no packet of the opener's */
		return true;
	}
	j->flow = find_flow(&j->key, &j->one_way);
	if (!j->flow)
		return false;
	j->by_opener = is_by_opener(j->flow, j->source_low);
	if (opens && has_ended(j->flow)) {
		remove_flow(&j->key);
		j->flow = NULL;
		return false;
	}
	if (opens && !j->by_opener) {
		j->flow = NULL;
		j->apart = true;
		return false;
	}
	return load_decision(packet, j->flow);
}

/* A tunnel in a tunnel: what is inside of it cannot be judged. */
static __always_inline void refuse_depth(struct packet *packet, const struct policy *policy)
{
	packet->outcome.slot = SLOT_ON_ERROR;
	packet->outcome.reason = REASON_TUNNEL_DEPTH;
	packet->outcome.action = policy->on_error[packet->direction & 1];
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
	if (packet->flags & PACKET_FRAGMENT && !packet->outcome.reason)
		packet->outcome.reason = track_fragment(packet->which);
	packet->tuple.protocol = packet->protocol;
	packet->tuple.direction = packet->direction;
	if (!packet->outcome.reason && is_link_upkeep(packet)) {
		decide_as(packet, SLOT_FAILSAFE, ACTION_ALLOW, 0);
		known = true;
	} else if (!packet->outcome.reason && packet->flags & PACKET_HAS_PORTS) {
		known = find_decision(&j, packet);
	}
	if (!known)
		judge_first(&j, packet);
	apply_decision(packet, j.flow ? j.by_opener : !j.related && packet->opener.direction == packet->direction);
	if (packet->tunnel && packet->inner_kind != TUNNEL_NONE && packet->outcome.action == ACTION_ALLOW &&
	    !packet->outcome.reason) {
		refuse_depth(packet, j.policy);
		j.opens = false;
	}
	packet->outcome.verdict = verdict_of(packet);
	if (!known)
		settle_first(&j, packet);
	else if (j.flow)
		settle_known(&j, packet);
	count_outcome(packet, j.opens);
	if (!j.flow || is_blocked(packet))
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
