/* SPDX-License-Identifier: GPL-2.0 */
/*
 * After the verdict: reports the packet to user space, and stores the decision in its connection. A packet that is
 * dropped, or would be, advances no state that rules ask about.
 */
#ifndef WEIR_SETTLE_H
#define WEIR_SETTLE_H

#include "base/counters.h"
#include "decide/blocked.h"

/*
 * Sends the event that packet->report describes, if its rule has an event left in this second. `flow` is NULL if the
 * connection has no flow yet. Not static: see judge_inner.
 */
__noinline int report_event(hook_context *ctx, __u32 which, struct flow *flow, __u64 cookie)
{
	struct packet *packet = packet_in_scratch(which);
	struct policy *policy = policy_of(packet);

	if (!packet || !policy || !claim_event(packet, policy, packet->report.slot))
		return 0;
	/* The socket is looked up only now, so that a flood of events that are held back does not pay for it. */
	if (!cookie && is_blocked(packet) && !flow)
		cookie = local_cookie(ctx, packet);
	emit_verdict(packet, flow, cookie);
	return 0;
}

static __always_inline void prepare_report(struct packet *packet, __u8 type, __u32 slot, bool staged)
{
	packet->report = (struct report){ .slot = slot, .type = type, .staged = staged };
}

/* Reports a packet that is the first of its connection, or the first after a change of the rules. */
static __always_inline void report_first(struct judgement *j, struct packet *packet, __u64 cookie)
{
	struct outcome *outcome = &packet->outcome;
	__u32 slot = outcome->slot;
	bool staged = false;
	__u8 type;

	if (slot == SLOT_ON_ERROR && !(packet->role.invalid && outcome->staged != SLOT_NONE && !is_blocked(packet))) {
		type = EVENT_UNDECIDED;
	} else if (outcome->verdict == VERDICT_DROPPED) {
		type = EVENT_BLOCKED;
	} else if (is_blocked(packet)) {
		type = EVENT_DETECTED;
	} else if (outcome->staged != SLOT_NONE) {
		type = EVENT_DETECTED;
		slot = outcome->staged;
		staged = true;
	} else if (packet->role.opens || j->flow) {
		type = EVENT_ALLOWED;
	} else {
		return;
	}
	prepare_report(packet, type, slot, staged);
	report_event(j->ctx, packet->which, j->flow, cookie);
}

/*
 * Was the outcome of this packet reported before? A packet of a known flow is reported only if a condition changes its
 * outcome, and not again as long as the same rule decides.
 */
static __always_inline bool is_reported(const struct packet *packet, const struct flow *flow)
{
	bool staged = !is_blocked(packet);
	__u32 slot = staged ? packet->outcome.staged : packet->outcome.slot;

	return (staged && (slot == packet->decision.staged || slot == SLOT_NONE)) || flow->reported == slot;
}

/* Reports a packet of a known flow. Not static: see judge_inner. */
__noinline int report_known(hook_context *ctx, __u32 which, struct flow *flow)
{
	struct packet *packet = packet_in_scratch(which);
	bool staged;
	__u32 slot;

	if (!packet || !flow)
		return 0;
	staged = !is_blocked(packet);
	slot = staged ? packet->outcome.staged : packet->outcome.slot;
	flow->reported = slot;
	opener_of_flow(packet, flow, packet->role.by_opener);
	prepare_report(packet, packet->outcome.verdict == VERDICT_DROPPED ? EVENT_BLOCKED : EVENT_DETECTED, slot,
		       staged);
	report_event(ctx, which, flow, known_socket_of_flow(flow));
	return 0;
}

static __always_inline void settle_known(hook_context *ctx, struct packet *packet, struct flow *flow)
{
	if (!is_reported(packet, flow))
		report_known(ctx, packet->which, flow);
}

/* Was the rule that decides this packet reported for the blocked connection before? */
static __always_inline bool is_reported_of_blocked(const struct judgement *j, const struct packet *packet)
{
	__u32 slot = packet->outcome.slot;

	return j->blocked->decision.slot == slot || j->blocked->reported == slot;
}

/*
 * Stores the blocked connection of a packet that detect mode lets pass. The connection is reported once, and again when
 * another rule would drop it. Returns whether the packet has opened a connection.
 */
static __always_inline bool keep_blocked(struct judgement *j, struct packet *packet)
{
	bool opening = is_blocked_opening(packet),
	     conditional = packet->decision.condition_count || packet->decision.ask_again;
	struct flow *blocked;

	if (j->blocked && opening && is_another(j, packet)) {
		remove_blocked(packet->which);
		j->blocked = NULL;
	}
	blocked = j->blocked;
	if (!blocked || !is_reported_of_blocked(j, packet))
		report_first(j, packet, blocked ? known_socket_of_flow(blocked) : 0);
	decide_as(packet, packet->outcome.slot, ACTION_BLOCK, packet->outcome.reason);
	if (!blocked) {
		if (!(packet->headers.flags & PACKET_HAS_PORTS) ||
		    packet->headers.flags & (PACKET_LATER_FRAGMENT | PACKET_ICMP_ERROR))
			return false;
		return insert_blocked(packet, (opening ? 0 : FLOW_MIDSTREAM) | (conditional ? FLOW_ASKS_AGAIN : 0));
	}
	if (conditional)
		__sync_fetch_and_or(&blocked->flags, FLOW_ASKS_AGAIN);
	if (blocked->decision.slot != packet->outcome.slot)
		blocked->reported = blocked->decision.slot;
	if (blocked->decision.slot != packet->outcome.slot || blocked->generation != packet->rule_set.generation)
		store_decision(blocked, packet);
	return false;
}

/*
 * Reports a packet that was judged by the rules, and stores the decision. Returns whether the packet has opened a
 * connection.
 */
static __always_inline bool keep_first(struct judgement *j, struct packet *packet)
{
	bool opener_is_low;
	__u64 cookie = 0;

	if (j->flow && packet->outcome.slot == SLOT_BAN) {
		settle_known(j->ctx, packet, j->flow); /* the flow keeps its decision for the time after the ban */
		return false;
	}
	if (j->flow) {
		struct decision *before = &j->flow->decision;
		bool changed = before->slot != packet->decision.slot || before->staged != packet->decision.staged;
		bool again = j->flow->generation == packet->rule_set.generation;

		cookie = known_socket_of_flow(j->flow);
		store_decision(j->flow, packet);
		if (again && !changed) {
			settle_known(j->ctx, packet, j->flow);
			return false;
		}
		if (changed || packet->outcome.verdict == VERDICT_DROPPED ||
		    (is_blocked(packet) && j->flow->reported != packet->outcome.slot))
			report_first(j, packet, cookie);
		j->flow->reported = is_blocked(packet) ? packet->outcome.slot : packet->outcome.staged;
		return false;
	}
	if (is_blocked(packet) && packet->outcome.verdict != VERDICT_DROPPED)
		return keep_blocked(j, packet);
	if (j->blocked) {
		if (j->blocked->flags & FLOW_MIDSTREAM && packet->outcome.slot == SLOT_ON_ERROR &&
		    is_reported_of_blocked(j, packet))
			return false;
		if (!(j->blocked->flags & FLOW_MIDSTREAM) || packet->role.opens)
			remove_blocked(packet->which);
		j->blocked = NULL;
	}
	if (is_blocked(packet) || packet->outcome.slot == SLOT_ON_ERROR)
		packet->role.opens = false;
	if (packet->role.opens) {
		cookie = local_cookie(j->ctx, packet);
		opener_is_low = packet->connection.opener.direction == packet->frame.direction
					? packet->role.source_is_low
					: !packet->role.source_is_low;
		insert_flow(packet, &packet->connection.key, opener_is_low, cookie,
			    packet->role.trusted ? GENERATION_NONE : packet->rule_set.generation);
	}
	report_first(j, packet, packet->role.receiver_uncertain ? 0 : cookie);
	return packet->role.opens;
}

enum settled {
	SETTLED_OPENED = 1 << 0,   /* the packet has opened a connection */
	SETTLED_FORGOTTEN = 1 << 1 /* the blocked connection was removed */
};

/*
 * Reports a packet that was judged by the rules, and stores the decision: see keep_first. Returns enum settled. Not
 * static: see judge_inner.
 */
__noinline int settle_first(hook_context *ctx, __u32 which, struct flow *flow, struct flow *blocked)
{
	struct packet *packet = packet_in_scratch(which);
	struct judgement j = { .ctx = ctx, .policy = policy_of(packet), .flow = flow, .blocked = blocked };
	__u32 settled;

	if (!packet || !j.policy)
		return 0;
	settled = keep_first(&j, packet) ? SETTLED_OPENED : 0;
	return settled | (blocked && !j.blocked ? SETTLED_FORGOTTEN : 0);
}

static __always_inline void count_outcome(const struct packet *packet, bool opens)
{
	if (packet->outcome.verdict == VERDICT_CARRIED)
		return; /* rules do not count carried packets */
	count_rule(packet, packet->outcome.slot, packet->outcome.verdict, opens);
	if (packet->outcome.staged != SLOT_NONE)
		count_rule(packet, packet->outcome.staged, VERDICT_WOULD_DROP, opens);
	if (packet->outcome.slot == SLOT_ON_ERROR)
		count_undecided(packet->outcome.reason);
}

#endif
