/* SPDX-License-Identifier: GPL-2.0 */
/* Compares one matcher with the opener of a connection, and notes what it means for the packet if it matches. */
#ifndef WEIR_MATCH_H
#define WEIR_MATCH_H

#include "base/moments.h"
#include "base/options.h"
#include "base/packet.h"
#include "process/kind_tables.h"

static __always_inline bool in_prefix_of(const __u64 address[2], const __u64 prefix[2], __u8 length)
{
	__u64 upper = address[0] ^ prefix[0], lower = address[1] ^ prefix[1];

	if (length > 64)
		return !(upper | lower >> ((128 - length) & 63));
	return !length || !(upper >> ((64 - length) & 63));
}

static __always_inline bool match(const struct matcher *m, const struct packet *packet, const struct search *search)
{
	const struct tuple *t = &packet->connection.opener;

	if (!(m->directions & 1 << (t->direction & 1)))
		return false;
	if (!in_prefix_of(search->source, m->source, m->source_length) ||
	    !in_prefix_of(search->destination, m->destination, m->destination_length))
		return false;
	if (!m->fields)
		return true;
	if (m->fields & MATCH_SOURCE_SET && !(m->source[0] & search->source_sets))
		return false;
	if (m->fields & MATCH_DESTINATION_SET && !(m->destination[0] & search->destination_sets))
		return false;
	if (m->fields & MATCH_INTERFACE && !(m->interface_groups & packet->frame.interface_groups))
		return false;
	if (m->fields & MATCH_PROTOCOL && (t->protocol < m->protocol_low || t->protocol > m->protocol_high) &&
	    !(packet->headers.flags & PACKET_NO_PROTOCOL))
		return false;
	if (m->fields & MATCH_SOURCE_PORT &&
	    (t->source_port < m->source_port_low || t->source_port > m->source_port_high))
		return false;
	if (m->fields & MATCH_DESTINATION_PORT &&
	    (t->destination_port < m->destination_port_low || t->destination_port > m->destination_port_high))
		return false;
	if (m->fields & MATCH_MESSAGE) {
		__u16 message = t->icmp_type << 8 | t->icmp_code;

		return message >= m->message_low && message <= m->message_high;
	}
	return true;
}

/*
 * Keeps the conditional rules with the lowest orders, sorted by order. A rule with several matchers is kept once: a
 * matcher that certainly matches replaces one that perhaps matches, because the process is unknown.
 */
static __always_inline void add_condition(struct packet *packet, __u32 order, __u32 slot, bool unsure)
{
	struct decision *decision = &packet->decision;
	struct search *search = &packet->search;
	__u32 key = order << 1 | unsure;

	for (__u32 i = 0; i < LIMIT_CONDITIONS; i++) {
		__u32 displaced_key = search->condition_keys[i], displaced_slot = decision->conditions[i];

		if (i >= decision->condition_count) {
			search->condition_keys[i] = key;
			decision->conditions[i] = slot;
			decision->condition_count = i + 1;
			return;
		}
		if (displaced_key >> 1 == key >> 1) {
			if (key < displaced_key)
				search->condition_keys[i] = key;
			return;
		}
		if (displaced_key < key)
			continue;
		search->condition_keys[i] = key;
		decision->conditions[i] = slot;
		key = displaced_key;
		slot = displaced_slot;
	}
	if (key >> 1 < search->condition_overflow)
		search->condition_overflow = key >> 1;
}

/* Does the rule of this slot apply at this time? */
static __always_inline bool is_rule_in_time(const struct packet *packet, __u32 slot)
{
	__u32 index = packet->rule_set.copy * rule_slots + slot;
	const struct rule *rule = bpf_map_lookup_elem(&rules, &index);

	return rule && is_in_time(rule);
}

enum fit {
	FIT_NO,
	FIT_UNKNOWN,
	FIT_YES
};

/* Is the local process of the kind that the rule asks for? */
static __always_inline enum fit fits_process(const struct packet *packet, const struct matcher *m)
{
	__u32 index = packet->rule_set.copy * rule_slots + m->slot;
	const struct rule *rule = bpf_map_lookup_elem(&rules, &index);
	const struct known_kinds *kinds = &packet->search.kinds;
	bool certain = true;

	if (!rule)
		return FIT_NO;
	if (m->flags & MATCHER_OF_KIND) {
		if (!has_kind(&kinds->possible, rule->kind))
			return FIT_NO;
		certain = has_kind(&kinds->certain, rule->kind);
	}
	if (m->flags & MATCHER_OF_OTHER_KIND) {
		if (has_kind(&kinds->certain, rule->other_kind))
			return FIT_NO;
		certain = certain && !has_kind(&kinds->possible, rule->other_kind);
	}
	return certain ? FIT_YES : FIT_UNKNOWN;
}

/* Notes a matcher that matches. */
static __noinline void note_match(const struct matcher *m, struct packet *packet)
{
	enum fit fit = FIT_YES;
	struct search *search;
	bool doubtful;
	__u32 order;

	if (!m || !packet)
		return;
	search = &packet->search;
	order = m->order;
	if (m->flags & MATCHER_TIMED) {
		/* The result depends on the time, so that the decision is valid for one second only. */
		packet->decision.ask_again = bpf_jiffies64() + jiffies_per_second;
		if (!is_rule_in_time(packet, m->slot))
			return;
	}
	if (m->flags & (MATCHER_OF_KIND | MATCHER_OF_OTHER_KIND))
		fit = fits_process(packet, m);
	if (fit == FIT_NO)
		return;
	doubtful = m->flags & MATCHER_DOUBTFUL || (fit == FIT_UNKNOWN && !(m->flags & MATCHER_CONDITIONAL)) ||
		   (m->fields & MATCH_PROTOCOL && packet->headers.flags & PACKET_NO_PROTOCOL);
	if (doubtful) {
		__u32 *doubt = m->flags & MATCHER_BLOCKS ? &search->doubtful_block : &search->doubtful_allow;

		/* A staged rule never changes what happens to a packet. */
		if (!(m->flags & MATCHER_STAGED) && order < *doubt)
			*doubt = order;
	} else if (m->flags & MATCHER_CONDITIONAL) {
		add_condition(packet, order, m->slot, fit == FIT_UNKNOWN);
	} else if (m->flags & MATCHER_STAGED) {
		if (order < search->staged_order) {
			search->staged_order = order;
			search->staged_slot = m->slot;
		}
	} else {
		search->order = order;
		search->slot = m->slot;
		search->blocks = !!(m->flags & MATCHER_BLOCKS);
	}
}

#endif
