/* SPDX-License-Identifier: GPL-2.0 */
/* One packet before its judge: what is known of its connection, and the decision it gets. */
#ifndef WEIR_JUDGEMENT_H
#define WEIR_JUDGEMENT_H

#include "failsafe.h"
#include "flow.h"

/* What is known about the packet's connection while it is judged. */
struct judgement {
	hook_context *ctx;
	struct policy *policy;
	struct flow *flow;
	struct flow *related;	/* of an ICMP error: the connection it is about */
	bool source_low;
	bool by_opener;
	bool one_way;		/* the flow is not confirmed, and lives in `openings` or `pings` */
	bool apart;		/* a SYN towards the opener: a connection of its own, which leaves the flow alone */
	bool opens;		/* if it passes, it makes a flow */
	bool invalid;		/* TCP of a connection that nobody knows to be one */
	bool trusted;		/* the peer passes whatever the rules say */
};

static __always_inline void decide_as(struct packet *packet, __u32 slot, __u32 action, __u32 reason)
{
	packet->decision.slot = slot;
	packet->decision.staged = SLOT_NONE;
	packet->decision.action = action;
	packet->decision.reason = reason;
	packet->decision.condition_count = 0;
	packet->decision.staged_at = 0;
	packet->decision.once = 0;
	packet->decision.ask_again = 0;
}

static __always_inline void decide_undecided(struct packet *packet, const struct policy *policy, __u32 reason)
{
	decide_as(packet, SLOT_ON_ERROR, policy->on_error[packet->direction & 1], reason);
}

#endif
