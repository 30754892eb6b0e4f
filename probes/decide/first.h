/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Judges a packet that is the first of its connection, or the first after a change of the rules:
 *
 *   trusted peers -> undecidable -> blocked connection -> opener -> management failsafe -> rules
 */
#ifndef WEIR_FIRST_H
#define WEIR_FIRST_H

#include "decide/blocked.h"
#include "decide/classify.h"
#include "decide/conditions.h"
#include "decide/kinds.h"

/* Can the packet open a connection? Later fragments, ICMP errors and ICMP replies belong to one, and open none. */
static __always_inline bool can_open(const struct packet *packet)
{
	return packet->headers.flags & PACKET_HAS_PORTS &&
	       !(packet->headers.flags & (PACKET_LATER_FRAGMENT | PACKET_ICMP_ERROR | PACKET_ICMP_REPLY));
}

/*
 * Finds out which end opened the connection of a packet without a flow, and sets packet->connection.opener. The sender
 * is the opener, except for TCP without a bare SYN. Then the local sockets show the opener, and for a SYN+ACK also the
 * SYN that passed before: see syns.h. Returns false if the opener is unknown.
 */
static __always_inline bool note_opener(struct judgement *j, struct packet *packet)
{
	bool inward = packet->frame.direction == DIRECTION_INGRESS;
	int end;

	packet->connection.opener = packet->headers.tuple;
	if (packet->headers.tuple.protocol != IPPROTO_TCP || !(packet->headers.flags & PACKET_HAS_PORTS) ||
	    is_bare_syn(packet))
		return true;
	if (!inward)
		reverse(&packet->connection.opener, &packet->headers.tuple);
	if (is_management(j->ctx, packet, j->policy))
		return true;
	end = packet->headers.tunnel ? END_UNKNOWN : opener_of_tcp(j->ctx, packet->which);
	if (end == END_UNKNOWN && (packet->headers.tcp_flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK) &&
	    believe_syn_ack(packet->which))
		end = inward ? END_LOCAL : END_REMOTE;
	if (end == END_LOCAL) {
		if (inward)
			reverse(&packet->connection.opener, &packet->headers.tuple);
		else
			packet->connection.opener = packet->headers.tuple;
	}
	return end != END_UNKNOWN;
}

/* Looks up the kinds of the local process, if the rules ask for processes. */
static __always_inline void ask_for_process(struct judgement *j, struct packet *packet)
{
	struct flow *flow = packet->role.carried ? j->blocked : flow_or_related(j);
	__u64 cookie;

	if (!j->policy->kinds)
		return;
	cookie = flow ? socket_of_flow(flow) : 0;
	if (!cookie && !process_is_supposed && !hides_socket(packet) && !(packet->headers.flags & PACKET_ICMP_ERROR))
		cookie = local_cookie(j->ctx, packet);
	if (cookie && packet->frame.direction == DIRECTION_EGRESS && !find_owner(cookie) && is_sent_by_kernel(j->ctx))
		cookie = 0;
	note_kinds(packet->which, cookie);
}

/*
 * Decides that the packet is undecided, because its process is unknown. Conditions and staged rules before the doubtful
 * rule still count.
 */
static __always_inline void decide_in_doubt(struct packet *packet, const struct policy *policy)
{
	struct decision *decision = &packet->decision;
	__u32 staged = decision->staged;
	__u8 count = decision->condition_count, staged_at = decision->staged_at;

	decide_undecided(packet, policy, REASON_PROCESS_UNKNOWN);
	decision->condition_count = count;
	decision->staged = staged;
	decision->staged_at = staged_at;
	decision->ask_again = bpf_jiffies64() + jiffies_per_second; /* the process may be known by then */
}

/* Decides the packet by the rules. TCP to a management port passes before they are asked. */
static __always_inline void ask_rules(struct judgement *j, struct packet *packet)
{
	__u32 reason;

	if (is_management(j->ctx, packet, j->policy)) {
		decide_as(packet, SLOT_FAILSAFE, ACTION_ALLOW, 0);
		return;
	}
	ask_for_process(j, packet);
	reason = classify(packet->which, j->policy);
	if (reason && reason != REASON_PROCESS_UNKNOWN) {
		decide_undecided(packet, j->policy, reason);
		return;
	}
	if (reason)
		decide_in_doubt(packet, j->policy);
	if (j->flow)
		keep_condition_results(packet, j->flow);
}

/*
 * Decides a TCP packet whose opener is unknown: it is undecided, unless a rule asks for STATE_INVALID. For such a rule
 * the sender counts as the opener.
 */
static __always_inline void ask_about_invalid(struct judgement *j, struct packet *packet)
{
	__u32 conditions = 0, reason;

	packet->connection.opener = packet->headers.tuple;
	if (j->policy->judges_invalid && packet->headers.tuple.protocol == IPPROTO_TCP) {
		ask_for_process(j, packet);
		reason = classify(packet->which, j->policy);
		if (!reason || reason == REASON_PROCESS_UNKNOWN)
			conditions = packet->decision.condition_count;
	}
	decide_undecided(packet, j->policy, REASON_OPENER_UNKNOWN);
	packet->decision.condition_count = conditions;
	packet->role.invalid = true;
}

/*
 * Asks the conditions about a packet that would open the blocked connection now. Rates and numbers of connections are
 * only read: the packet is not counted. The condition that blocked the connection still holds, because its result was
 * that of the moment when the connection was opened. Not static: see judge_inner.
 */
__noinline int ask_about_opening(__u32 which, const struct flow *blocked)
{
	struct packet *packet = packet_in_scratch(which);
	struct circumstances *known;
	struct decision *decision;

	if (!packet || !blocked)
		return 0;
	known = &packet->circumstances;
	known->age = 0;
	known->state = STATE_NEW;
	known->by_opener = true;
	known->opens = true;
	known->tcp_flags = packet->headers.tuple.protocol == IPPROTO_TCP ? TCP_SYN : 0;
	decision = &packet->decision;
	for (__u32 i = 0; i < LIMIT_CONDITIONS; i++)
		decision->once |= is_same(decision->conditions[i], blocked->decision.slot) << i;
	packet->outcome.slot = decision->slot;
	packet->outcome.action = decision->action;
	packet->outcome.reason = decision->reason;
	apply_conditions(which);
	decide_as(packet, packet->outcome.slot, packet->outcome.action, packet->outcome.reason);
	return 0;
}

/*
 * Judges a blocked connection after a change of the rules. It stays blocked if the new rules would drop the packet that
 * opens it, too, and is removed if they would let that packet pass. Returns whether it stays.
 */
static __always_inline bool judge_blocked(struct judgement *j, struct packet *packet)
{
	opener_of_flow(packet, j->blocked, packet->role.by_opener);
	packet->role.carried = true;
	ask_rules(j, packet);
	packet->decision.staged = SLOT_NONE;
	if (packet->decision.slot == SLOT_ON_ERROR)
		packet->decision.action = j->policy->on_error[packet->connection.opener.direction & 1];
	if (packet->decision.condition_count || packet->decision.ask_again)
		__sync_fetch_and_or(&j->blocked->flags, FLOW_ASKS_AGAIN);
	if (packet->decision.condition_count)
		ask_about_opening(packet->which, j->blocked);
	if (packet->decision.action == ACTION_BLOCK)
		return true;
	packet->role.carried = false;
	packet->connection.opener = packet->headers.tuple;
	remove_blocked(packet->which);
	j->blocked = NULL;
	return false;
}

/* Fills in packet->decision. */
static __always_inline void decide_first(struct judgement *j, struct packet *packet)
{
	struct policy *policy = j->policy;
	bool found;

	packet->connection.opener = packet->headers.tuple;
	if (j->flow)
		opener_of_flow(packet, j->flow, packet->role.by_opener);
	else if (j->related)
		opener_of_key(&packet->connection.opener, &packet->quoted, j->related);
	if (packet->role.trusted) {
		found = flow_or_related(j) || packet->outcome.reason || packet->role.succeeds || note_opener(j, packet);
		packet->role.opens =
			found && !j->flow && !packet->role.separate && !packet->outcome.reason && can_open(packet);
		decide_as(packet, SLOT_FAILSAFE, ACTION_ALLOW, 0);
	} else if (packet->outcome.reason) {
		decide_undecided(packet, policy, packet->outcome.reason);
	} else if (flow_or_related(j) || packet->role.separate) {
		ask_rules(j, packet);
	} else if (j->blocked && is_carried(j->blocked, packet) && judge_blocked(j, packet)) {
		return;
	} else if (!packet->role.succeeds && !note_opener(j, packet)) {
		ask_about_invalid(j, packet);
	} else {
		ask_rules(j, packet);
		packet->role.opens = can_open(packet);
	}
}

/*
 * Judges a packet without a decision of this generation. Returns whether the blocked connection was removed. Not
 * static: see judge_inner.
 */
__noinline int judge_first(hook_context *ctx, __u32 which, struct flow *flow, struct flow *related,
			   struct flow *blocked)
{
	struct packet *packet = packet_in_scratch(which);
	struct judgement j = {
		.ctx = ctx, .policy = policy_of(packet), .flow = flow, .related = related, .blocked = blocked
	};

	if (!packet || !j.policy)
		return false;
	decide_first(&j, packet);
	return blocked && !j.blocked;
}

#endif
