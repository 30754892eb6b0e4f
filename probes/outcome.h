/* SPDX-License-Identifier: GPL-2.0 */
/* From the decision on a connection to what becomes of this packet. */
#ifndef WEIR_OUTCOME_H
#define WEIR_OUTCOME_H

#include "judgement.h"

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
		index = packet->copy * rule_slots + slot;
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

#endif
