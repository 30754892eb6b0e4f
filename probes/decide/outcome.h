/* SPDX-License-Identifier: GPL-2.0 */
/* Turns the decision about a connection into the outcome and the verdict of this packet. */
#ifndef WEIR_OUTCOME_H
#define WEIR_OUTCOME_H

#include "base/mode.h"
#include "decide/conditions.h"

/*
 * Fills in the outcome of this packet from the decision about its connection, and asks the conditions of the decision.
 */
static __always_inline void apply_decision(const struct judgement *j, struct packet *packet)
{
	packet->outcome.slot = packet->decision.slot;
	packet->outcome.action = packet->decision.action;
	packet->outcome.reason = packet->decision.reason;
	packet->outcome.staged = packet->decision.staged;
	if (packet->decision.condition_count) {
		packet->outcome.staged = SLOT_NONE;
		note_circumstances(j, packet);
		apply_conditions(packet->which);
	}
}

/* The verdict of the packet. The mode is read here, last of all. */
static __always_inline __u32 verdict_of(const struct packet *packet)
{
	__u32 zero = 0;
	struct control *root;

	if (packet->outcome.action != ACTION_BLOCK)
		return packet->outcome.slot == SLOT_ON_ERROR ? VERDICT_UNDECIDED : VERDICT_PASSED;
	root = bpf_map_lookup_elem(&control, &zero);
	if (root && is_preventing(root))
		return VERDICT_DROPPED;
	return packet->role.carried ? VERDICT_CARRIED : VERDICT_WOULD_DROP;
}

#endif
