/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Classification: which rules speak about a connection. Everything behind `classify` may change (a scan of
 * all matchers is the simplest thing that is right); what it answers, struct decision, does not.
 */
#ifndef WEIR_CLASSIFY_H
#define WEIR_CLASSIFY_H

#include "counters.h"

#define ACTION_BIT(action) (1 << ((action) & 1))

struct scan {
	struct packet *packet;
	__u32 first_matcher;
	__u32 first_rule;
	__u32 doubtful;		/* actions of rules that match unless the unknown part speaks against it */
	__u32 decided;
};

enum match { MATCH_NO, MATCH_YES, MATCH_UNKNOWN };

static __always_inline enum match match(const struct matcher *m, const struct packet *packet)
{
	const struct tuple *t = &packet->opener;

	if (!(m->directions & 1 << (t->direction & 1)))
		return MATCH_NO;
	if ((t->source_be[1] & m->source_mask_be[1]) != m->source_be[1] ||
	    (t->source_be[0] & m->source_mask_be[0]) != m->source_be[0] ||
	    (t->destination_be[1] & m->destination_mask_be[1]) != m->destination_be[1] ||
	    (t->destination_be[0] & m->destination_mask_be[0]) != m->destination_be[0])
		return MATCH_NO;
	if (m->fields & MATCH_INTERFACE && !(m->interface_groups & packet->interface_groups))
		return MATCH_NO;
	if (m->fields & MATCH_PROTOCOL && packet->flags & PACKET_NO_PROTOCOL)
		return MATCH_UNKNOWN;
	if (m->fields & MATCH_PROTOCOL && m->protocol != t->protocol)
		return MATCH_NO;
	if (!(m->fields & (MATCH_SOURCE_PORT | MATCH_DESTINATION_PORT | MATCH_ICMP_TYPE | MATCH_ICMP_CODE)))
		return MATCH_YES;
	if (!(packet->flags & PACKET_HAS_PORTS))
		return MATCH_UNKNOWN;
	if (m->fields & MATCH_SOURCE_PORT &&
	    (t->source_port < m->source_port_low || t->source_port > m->source_port_high))
		return MATCH_NO;
	if (m->fields & MATCH_DESTINATION_PORT &&
	    (t->destination_port < m->destination_port_low || t->destination_port > m->destination_port_high))
		return MATCH_NO;
	if (m->fields & MATCH_ICMP_TYPE && m->icmp_type != t->icmp_type)
		return MATCH_NO;
	if (m->fields & MATCH_ICMP_CODE && m->icmp_code != t->icmp_code)
		return MATCH_NO;
	return MATCH_YES;
}

/* A conditional rule joins the list once, though several of its matchers may match. */
static __always_inline void add_condition(struct decision *decision, __u32 slot)
{
	__u32 count = decision->condition_count;

	if (count && decision->conditions[(count - 1) & (LIMIT_CONDITIONS - 1)] == slot)
		return;
	if (count >= LIMIT_CONDITIONS) {
		count_fault(FAULT_CONDITIONS_FULL);	/* the loader refuses rule sets that get here */
		return;
	}
	decision->conditions[count & (LIMIT_CONDITIONS - 1)] = slot;
	decision->condition_count = count + 1;
}

static long scan_step(__u32 position, struct scan *scan)
{
	__u32 index = scan->first_matcher + position;
	struct matcher *m = bpf_map_lookup_elem(&matchers, &index);
	struct packet *packet = scan->packet;
	struct decision *decision = &packet->decision;
	enum match answer;
	struct rule *rule;
	__u32 slot;

	if (!m)
		goto broken;
	answer = match(m, packet);
	if (answer == MATCH_NO)
		return 0;
	slot = m->slot;
	index = scan->first_rule + slot;
	rule = bpf_map_lookup_elem(&rules, &index);
	if (!rule || slot >= LIMIT_RULES)
		goto broken;
	if (rule->flags & RULE_TCP_FLAGS && !(packet->flags & PACKET_HAS_PORTS))
		answer = MATCH_UNKNOWN;
	if (rule->action == ACTION_BLOCK && !(rule->flags & RULE_ENFORCE)) {
		if (answer == MATCH_UNKNOWN || scan->doubtful)
			return 0;	/* a staged rule never changes what happens to a packet */
		if (rule->flags & RULE_TCP_FLAGS) {
			add_condition(decision, slot);
		} else if (decision->staged == SLOT_NONE) {
			decision->staged = slot;
			decision->staged_at = decision->condition_count;
		}
		return 0;
	}
	if (answer == MATCH_UNKNOWN) {
		scan->doubtful |= ACTION_BIT(rule->action);
		return 0;
	}
	if (rule->flags & RULE_TCP_FLAGS) {
		add_condition(decision, slot);
		return 0;
	}
	decision->slot = slot;
	decision->action = rule->action;
	scan->decided = 1;
	return 1;

broken:
	count_fault(FAULT_SCAN);
	return 1;
}

static __always_inline bool passes_default(const struct packet *packet)
{
	__u8 type = packet->opener.icmp_type;

	if (packet->flags & PACKET_NO_PROTOCOL)
		return false;
	if (packet->opener.protocol == IPPROTO_IGMP)
		return true;
	return packet->opener.protocol == IPPROTO_ICMPV6 && packet->flags & PACKET_HAS_PORTS &&
	       ((type >= 130 && type <= 132) || type == 143);
}

/* Fills packet->decision from packet->opener. Returns 0, or why it cannot be decided. */
__noinline int classify(__u32 which)
{
	struct packet *packet = packet_in_scratch(which);
	__u32 copy = packet ? packet->copy : 0, count;
	struct policy *policy = bpf_map_lookup_elem(&policies, &copy);
	struct scan scan = {};

	if (!packet || !policy)
		return REASON_OPENER_UNKNOWN;
	scan.packet = packet;
	scan.first_matcher = packet->copy * LIMIT_MATCHERS;
	scan.first_rule = packet->copy * LIMIT_RULES;
	packet->decision.slot = SLOT_DEFAULT;
	packet->decision.staged = SLOT_NONE;
	packet->decision.action = passes_default(packet) ? ACTION_ALLOW : policy->default_action;
	packet->decision.reason = 0;
	packet->decision.condition_count = 0;
	packet->decision.staged_at = 0;
	count = policy->matcher_count;
	if (count > LIMIT_MATCHERS)
		count = LIMIT_MATCHERS;
	bpf_loop(count, scan_step, &scan, 0);
	if (scan.doubtful & ~ACTION_BIT(packet->decision.action))
		return REASON_FRAGMENT_WITHOUT_FIRST;
	return 0;
}

#endif
