/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Classification finds the rules for a connection. All that the rest of the program knows of it is the function
 * `classify`, and its result, struct decision.
 */
#ifndef WEIR_CLASSIFY_H
#define WEIR_CLASSIFY_H

#include "parse/icmp.h"
#include "decide/search.h"
#include "decide/sets.h"

static __always_inline void start_search(struct packet *packet)
{
	struct search *search = &packet->search;
	const struct tuple *opener = &packet->connection.opener;

	search->source[0] = number_of(opener->source_be[0]);
	search->source[1] = number_of(opener->source_be[1]);
	search->destination[0] = number_of(opener->destination_be[0]);
	search->destination[1] = number_of(opener->destination_be[1]);
	search->ports = (__u32)opener->source_port << 16 | opener->destination_port;
	search->protocol = opener->protocol;
	search->order = NO_ORDER;
	search->staged_order = NO_ORDER;
	search->doubtful_allow = NO_ORDER;
	search->doubtful_block = NO_ORDER;
	search->condition_overflow = NO_ORDER;
	packet->decision.condition_count = 0;
	packet->decision.once = 0;
	packet->decision.ask_again = 0;
}

/* Are the protocol, and the ports or the ICMP message, known? */
static __always_inline bool is_known(const struct packet *packet)
{
	return packet->headers.flags & PACKET_HAS_PORTS && !(packet->headers.flags & PACKET_NO_PROTOCOL);
}

/*
 * Does the packet pass whatever `defaults.action` says? IGMP and multicast listener discovery (RFC 2710, RFC 3810) do.
 */
static __always_inline bool passes_default(const struct packet *packet)
{
	__u8 type = packet->connection.opener.icmp_type;

	if (packet->headers.flags & PACKET_NO_PROTOCOL)
		return false;
	if (packet->connection.opener.protocol == IPPROTO_IGMP)
		return true;
	return packet->connection.opener.protocol == IPPROTO_ICMPV6 && packet->headers.flags & PACKET_HAS_PORTS &&
	       ((type >= ICMPV6_LISTENER_QUERY_TYPE && type <= ICMPV6_LISTENER_DONE_TYPE) ||
		type == ICMPV6_LISTENER_REPORT_V2_TYPE);
}

/* What a condition can do to the decision. */
enum weight {
	IS_ASKED,     /* each packet is asked */
	IS_SILENT,    /* it changes nothing */
	IS_UNDECIDED, /* the result is unknown from here on */
};

/*
 * A doubtful rule is one that perhaps matches. If a condition comes after a doubtful rule with the other action, the
 * result is unknown. A staged condition after a doubtful rule is silent. A rule with a condition that itself perhaps
 * matches becomes a doubtful rule.
 */
static __always_inline enum weight weigh_condition(struct packet *packet, __u32 key, __u32 slot)
{
	__u32 index = packet->rule_set.copy * rule_slots + slot, order = key >> 1, *doubtful, *other;
	struct search *search = &packet->search;
	bool unsure = key & 1;
	const struct rule *rule;

	if (!unsure && order < search->doubtful_allow && order < search->doubtful_block)
		return IS_ASKED;
	rule = bpf_map_lookup_elem(&rules, &index);
	if (!rule || (rule->action == ACTION_BLOCK && !(rule->flags & RULE_ENFORCE)))
		return IS_SILENT;
	doubtful = rule->action == ACTION_BLOCK ? &search->doubtful_block : &search->doubtful_allow;
	other = rule->action == ACTION_BLOCK ? &search->doubtful_allow : &search->doubtful_block;
	if (unsure) {
		if (order < *doubtful)
			*doubtful = order;
		return IS_SILENT;
	}
	return *other < order ? IS_UNDECIDED : IS_ASKED;
}

/*
 * Turns the result of the search into a decision. Conditions and staged rules count only if they come before the
 * deciding rule. Returns 0 or a reason.
 */
static __always_inline __u32 conclude(struct packet *packet, const struct policy *policy)
{
	struct decision *decision = &packet->decision;
	struct search *search = &packet->search;
	__u32 count = 0, staged_at = 0, doubtful;
	enum weight weight;
	bool undecided = false; /* the result is unknown after the conditions that are kept */

	decision->reason = 0;
	if (search->order == NO_ORDER) {
		decision->slot = SLOT_DEFAULT;
		decision->action = passes_default(packet) ? ACTION_ALLOW : policy->default_action;
	} else {
		decision->slot = search->slot;
		decision->action = search->blocks ? ACTION_BLOCK : ACTION_ALLOW;
	}
	if (search->condition_overflow < search->order)
		count_fault(FAULT_CONDITIONS_FULL); /* user space refuses rule sets for which this can happen */
	for (__u32 i = 0; i < LIMIT_CONDITIONS; i++) {
		__u32 key = search->condition_keys[i];

		if (i >= decision->condition_count || key >> 1 >= search->order)
			break;
		weight = weigh_condition(packet, key, decision->conditions[i]);
		if (weight == IS_SILENT)
			continue;
		undecided = weight == IS_UNDECIDED;
		if (undecided)
			break;
		decision->conditions[count & (LIMIT_CONDITIONS - 1)] = decision->conditions[i];
		count++;
		if (key >> 1 < search->staged_order)
			staged_at = count;
	}
	decision->condition_count = count;
	doubtful = search->doubtful_allow < search->doubtful_block ? search->doubtful_allow : search->doubtful_block;
	decision->staged = SLOT_NONE;
	decision->staged_at = 0;
	if (search->staged_order < search->order && search->staged_order < doubtful) {
		decision->staged = search->staged_slot;
		decision->staged_at = staged_at;
	}
	doubtful = decision->action == ACTION_BLOCK ? search->doubtful_allow : search->doubtful_block;
	if (doubtful >= search->order && !undecided)
		return 0;
	return is_known(packet) ? REASON_PROCESS_UNKNOWN : REASON_FRAGMENT_WITHOUT_FIRST;
}

/* Searches the part of the rules that begins at this cell of the copy. False if its tables cannot be read. */
static __always_inline bool search_part(struct packet *packet, __u32 first_cell)
{
	struct packet_context context = { .packet = packet };
	bool ipv6 = !is_mapped(packet->connection.opener.source_be);
	__u32 root = ipv6 ? INDEX_IPV6 : INDEX_IPV4;
	const struct matcher_index *index;

	if (!is_known(packet))
		root += INDEX_IPV4_PORTLESS;
	root *= INDEX_CELLS;
	packet->search.first_cell = packet->rule_set.copy * cells_a_copy + first_cell;
	index = cell_at(packet, root);
	if (!index)
		return false;
	if (index->list) {
		packet->search.list = index->list;
		bpf_loop(LIMIT_LIST / MATCHERS_A_STEP, list_step, &context, 0);
	} else if (index->table_count) {
		packet->search.first_table = index->first_table;
		packet->search.first_bucket = index->first_bucket;
		packet->search.bucket_mask = index->bucket_mask;
		packet->search.tables = prune(packet, root, ipv6);
		bpf_loop(LIMIT_TABLES + 1, table_step, &context, 0);
	}
	return true;
}

/*
 * Searches the front, the rules added by command. This is a function of its own, because most rule sets have no front.
 * Not static: see judge_inner.
 */
__noinline int search_front(__u32 which, __u32 first_cell)
{
	struct packet *packet = packet_in_scratch(which);

	if (!packet)
		return 0;
	start_search(packet);
	return search_part(packet, first_cell);
}

/*
 * Searches the rules of the file, unless the front has decided, and concludes. Returns 0 or a reason. Not static: see
 * judge_inner.
 */
__noinline int search_rest(__u32 which)
{
	struct packet *packet = packet_in_scratch(which);
	__u32 copy = packet ? packet->rule_set.copy : 0;
	struct policy *policy = bpf_map_lookup_elem(&policies, &copy);

	if (!packet || !policy)
		return REASON_OPENER_UNKNOWN;
	if (!policy->front)
		start_search(packet);
	/* The front comes before all rules of the file. */
	if (packet->search.order == NO_ORDER && !search_part(packet, 0))
		return REASON_OPENER_UNKNOWN;
	return conclude(packet, policy);
}

/*
 * Fills in packet->decision for packet->connection.opener. Returns 0, or the reason why it cannot be decided. The
 * searches are called one after the other and not from each other, because the stack has no room for a deeper chain of
 * calls.
 */
static __always_inline __u32 classify(__u32 which, const struct policy *policy)
{
	if (policy->asked_sets)
		note_sets(which, policy->asked_sets);
	if (policy->front && !search_front(which, policy->front))
		return REASON_OPENER_UNKNOWN;
	return search_rest(which);
}

#endif
