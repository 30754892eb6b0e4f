/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Conditions are parts of rules that are asked for each packet, and not once for a connection. A flow keeps the
 * conditional rules that come before the first matching rule without conditions. Each packet asks them in order, and
 * the first one that holds decides.
 */
#ifndef WEIR_CONDITIONS_H
#define WEIR_CONDITIONS_H

#include "parse/ethernet.h"
#include "flow/connections.h"
#include "decide/judgement.h"

/*
 * Has the other end sent anything? A connection that weir has not seen begin is taken for one with a reply, if its
 * opener sends TCP segments without SYN.
 */
static __always_inline bool has_reply(const struct judgement *j, const struct packet *packet, bool by_opener)
{
	const struct flow *flow = j->flow;
	__u8 flags = packet->headers.tcp_flags;

	if (!by_opener || (flow && flow->flags & FLOW_REPLIED))
		return true;
	if (flow)
		flags |= flow->tcp_flags[0];
	return packet->headers.tuple.protocol == IPPROTO_TCP && !(flags & TCP_SYN);
}

/*
 * Fills in packet->circumstances. For a packet of a known flow it also sets packet->connection.opener, which is not set
 * before.
 */
static __always_inline void note_circumstances(const struct judgement *j, struct packet *packet)
{
	struct circumstances *known = &packet->circumstances;
	const struct flow *flow = flow_or_related(j);

	known->by_opener = j->flow ? packet->role.by_opener
				   : !j->related && packet->connection.opener.direction == packet->frame.direction;
	known->opens = packet->role.opens;
	known->tcp_flags = packet->headers.tcp_flags;
	if (j->flow)
		opener_of_flow(packet, j->flow, packet->role.by_opener);
	known->age = flow ? bpf_jiffies64() - flow->opened_jiffies : 0;
	if (j->related)
		known->state = STATE_RELATED;
	else if (packet->role.invalid)
		known->state = STATE_INVALID;
	else
		known->state = has_reply(j, packet, known->by_opener) ? STATE_ESTABLISHED : STATE_NEW;
}

/* Does the rule apply in this state? To STATE_INVALID only rules apply that ask for it. */
static __always_inline bool has_state(const struct rule *rule, __u32 state)
{
	return rule->states ? rule->states >> (state & 31) & 1 : state != STATE_INVALID;
}

/*
 * Is the condition asked only for the packet that opens a connection? The other packets of the connection share the
 * result.
 */
static __always_inline bool is_asked_once(const struct rule *rule)
{
	return rule->rate_per_connection || rule->connections_over;
}

/* The identifier of the outermost tag that has one, because Linux removes a priority tag in front of another tag. */
static __always_inline __u32 vlan_of(const struct packet *packet)
{
	return (packet->headers.vlan[0] & VLAN_ID_MASK) ?: packet->headers.vlan[1] & VLAN_ID_MASK;
}

/*
 * This has no branches, because the verifier would follow every path through the ranges. A negative difference has its
 * highest bit set.
 */
static __always_inline bool is_in_vlans(const struct rule *rule, const struct packet *packet)
{
	__u64 vlan = vlan_of(packet) + 1, outside = 1;

#pragma clang loop unroll(full)
	for (int i = 0; i < LIMIT_VLANS; i++)
		outside &= ((rule->vlans[i].last - vlan) | (vlan - rule->vlans[i].first)) >> 63;
	return !outside;
}

/* Does the condition of the rule hold for this packet? The packet is counted in the rate of the rule, if it has one. */
static __always_inline bool ask_rule(const struct rule *rule, __u32 rule_index, const struct packet *packet)
{
	const struct circumstances *known = &packet->circumstances;

	if (!has_state(rule, known->state))
		return false;
	if (rule->vlans[0].last && !is_in_vlans(rule, packet))
		return false;
	if (rule->dscp && !(rule->dscp >> (packet->headers.dscp & 63) & 1))
		return false;
	/* A rule on TCP flags judges only packets of the opener. */
	if (rule->tcp_flags_mask &&
	    (!known->by_opener || (known->tcp_flags & rule->tcp_flags_mask) != rule->tcp_flags_value))
		return false;
	if (rule->longer_than && known->age <= (__u64)rule->longer_than * jiffies_per_second)
		return false;
	if (rule->shorter_than && known->age >= (__u64)rule->shorter_than * jiffies_per_second)
		return false;
	if (is_asked_once(rule) ? !known->opens : rule->rate_interval && !known->by_opener)
		return false;
	if (rule->connections_over && !is_over_connections(packet->which, rule_index))
		return false;
	/* The rate comes last, because it counts the packet. */
	return !rule->rate_interval || claim_rate(packet->which, rule_index);
}

/* Asks one condition of the decision. If it is asked only once, the decision keeps that it held. */
static __always_inline bool ask_condition(struct packet *packet, __u32 number, const struct rule *rule,
					  __u32 rule_index)
{
	__u8 bit = 1 << (number & 7);

	if (packet->decision.once & bit)
		return true;
	if (!ask_rule(rule, rule_index, packet))
		return false;
	if (is_asked_once(rule))
		packet->decision.once |= bit;
	return true;
}

/* Asks the conditions of the decision in order, and fills in the outcome. Not static: see judge_inner. */
__noinline int apply_conditions(__u32 which)
{
	struct packet *packet = packet_in_scratch(which);
	struct decision *decision;

	if (!packet)
		return 0;
	decision = &packet->decision;
	for (__u32 i = 0; i < LIMIT_CONDITIONS; i++) {
		__u32 slot, index;
		struct rule *rule;
		bool staged;

		if (i >= decision->condition_count)
			break;
		if (packet->outcome.staged == SLOT_NONE && decision->staged != SLOT_NONE && decision->staged_at == i)
			packet->outcome.staged = decision->staged;
		slot = decision->conditions[i];
		index = packet->rule_set.copy * rule_slots + slot;
		rule = bpf_map_lookup_elem(&rules, &index);
		if (!rule || !ask_condition(packet, i, rule, index))
			continue;
		staged = rule->action == ACTION_BLOCK && !(rule->flags & RULE_ENFORCE);
		if (staged) {
			if (packet->outcome.staged == SLOT_NONE)
				packet->outcome.staged = slot;
			continue;
		}
		packet->outcome.slot = slot;
		packet->outcome.action = rule->action;
		packet->outcome.reason = 0;
		return 0;
	}
	if (packet->outcome.staged == SLOT_NONE)
		packet->outcome.staged = decision->staged;
	return 0;
}

#endif
