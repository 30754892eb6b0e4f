/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The search for matchers, at a cost that does not follow their number.
 *
 * Matchers whose keys have one form share a table: of a matcher for 192.0.2.0/24, port 443 the key is 24 bits of
 * source, the port and the protocol. All tables lie in one hash of buckets; a key leads to a list of matchers in the
 * order of their rules, each of which is compared whole. Before any table is probed, bitmaps by parts of the addresses,
 * by ports and by protocol tell which tables can hold a key of this packet at all.
 *
 * All of it is one array of 64-byte cells, written by agent/policy/classifier/, which computes the same hashes. Each copy
 * of it has two parts of this shape, which count cells from their own first: the rules of the file, and before them the
 * front, which is small, so that a rule that is added, moved or deleted there is in force at once.
 */
#ifndef WEIR_SEARCH_H
#define WEIR_SEARCH_H

#include "base/bits.h"
#include "base/counters.h"
#include "process/kind_tables.h"
#include "base/moments.h"
#include "base/options.h"

#define NO_ORDER 0xffffffff
#define INDEX_CELLS (sizeof(struct matcher_index) / sizeof(struct cell))

static __always_inline void *cell_at(const struct packet *packet, __u32 index)
{
	index += packet->search.first_cell;
	return bpf_map_lookup_elem(&cells, &index);
}

/* Spreads the bits of a sum of products over the whole word. */
static __always_inline __u32 finish_hash(__u32 hash)
{
	hash ^= hash >> 15;
	hash *= HASH_FINISH_FIRST;
	hash ^= hash >> 12;
	hash *= HASH_FINISH_SECOND;
	hash ^= hash >> 15;
	return hash;
}

static __always_inline __u32 key_tag(const struct search *search, const struct matcher_table *table)
{
	__u64 source[2] = { search->source[0] & table->source_mask[0], search->source[1] & table->source_mask[1] };
	__u64 destination[2] = { search->destination[0] & table->destination_mask[0],
				 search->destination[1] & table->destination_mask[1] };
	__u32 hash = table->seed;

	hash += (__u32)source[0] * HASH_SOURCE_0 + (__u32)(source[0] >> 32) * HASH_SOURCE_1;
	hash += (__u32)source[1] * HASH_SOURCE_2 + (__u32)(source[1] >> 32) * HASH_SOURCE_3;
	hash += (__u32)destination[0] * HASH_DESTINATION_0 + (__u32)(destination[0] >> 32) * HASH_DESTINATION_1;
	hash += (__u32)destination[1] * HASH_DESTINATION_2 + (__u32)(destination[1] >> 32) * HASH_DESTINATION_3;
	hash += (search->ports & table->port_mask) * HASH_PORTS;
	hash += (search->protocol & table->protocol_mask) * HASH_PROTOCOL;
	return finish_hash(hash) ?: 1;
}

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
 * Keeps the conditional rules of the lowest orders, in order; of a rule with several matchers it keeps one, and one that
 * matches for certain before one that perhaps does, by the process.
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

/* Is it time for the rule of this slot? */
static __always_inline bool is_its_time(const struct packet *packet, __u32 slot)
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

/* Is the local process as the rule of this slot wants it? */
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

/* Notes what a matcher that matches means for the packet. */
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
		/* Whether it is time for the rule, or not, the answer is that of a moment. */
		packet->decision.ask_again = bpf_jiffies64() + jiffies_per_second;
		if (!is_its_time(packet, m->slot))
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

/* A step compares several matchers, because a call costs as much as a comparison. */
#define MATCHERS_A_STEP 4

static long list_step(__u32 step, struct packet_context *context)
{
	struct packet *packet = context->packet;
	struct search *search = &packet->search;

#pragma clang loop unroll(full)
	for (__u32 i = 0; i < MATCHERS_A_STEP; i++) {
		const struct matcher *m = cell_at(packet, search->list + step * MATCHERS_A_STEP + i);

		if (!m) {
			count_fault(FAULT_CLASSIFY);
			return 1;
		}
		if (m->order >= search->order)
			return 1; /* those behind it come later still */
		if (match(m, packet, search))
			note_match(m, packet);
		if (m->flags & MATCHER_LAST)
			return 1;
	}
	return 0;
}

/* The cell of the list that a key leads to; 0 if there is none. */
static __always_inline __u32 find_list(const struct packet *packet, __u32 tag)
{
	const struct search *search = &packet->search;
	__u32 home = tag * HASH_SCATTER >> HASH_BUCKET_SHIFT;

	for (__u32 i = 0; i < LIMIT_BUCKETS_PROBED; i++) {
		const struct bucket *bucket =
			cell_at(packet, search->first_bucket + ((home + i) & search->bucket_mask));

		if (!bucket)
			return 0;
#pragma clang loop unroll(full)
		for (int place = 0; place < 8; place++) {
			if (bucket->entries[place].tag == tag)
				return bucket->entries[place].list;
			if (!bucket->entries[place].tag)
				return 0;
		}
	}
	return 0;
}

static long table_step(__u32 position, struct packet_context *context)
{
	struct packet *packet = context->packet;
	struct search *search = &packet->search;
	const struct matcher_table *table;
	__u64 tables = search->tables;

	if (!tables)
		return 1;
	search->tables = tables & (tables - 1);
	table = cell_at(packet, search->first_table + lowest_bit(tables));
	if (!table) {
		count_fault(FAULT_CLASSIFY);
		return 1;
	}
	if (table->best >= search->order)
		return 0;
	search->list = find_list(packet, key_tag(search, table));
	if (search->list)
		bpf_loop(LIMIT_LIST / MATCHERS_A_STEP, list_step, context, 0);
	return 0;
}

/* The tables that may hold a key with this value. */
static __always_inline __u64 tables_for(const struct packet *packet, const struct pruner *pruner, __u32 value)
{
	__u32 number = value * HASH_SCATTER;
	const struct cell *bitmaps;

	if (!pruner->first)
		return pruner->always;
	number >>= pruner->shift & 31;
	bitmaps = cell_at(packet, pruner->first + (number >> 3));
	return bitmaps ? pruner->always | bitmaps->words[number & 7] : ~0ULL;
}

/* Of an IPv6 address 64 bits, but for the last ones, as one number. */
static __always_inline __u32 first_bits(__u64 upper, __u32 but_for)
{
	return (__u32)(upper >> 32) * HASH_IPV6 + ((__u32)upper >> but_for);
}

static __always_inline __u64 prune(const struct packet *packet, __u32 root, bool ipv6)
{
	const struct search *search = &packet->search;
	const struct pruner *first = cell_at(packet, root + 1), *second = cell_at(packet, root + 2);
	__u64 source = search->source[0], destination = search->destination[0], tables;

	if (!first || !second)
		return ~0ULL;
	if (ipv6) {
		tables = tables_for(packet, &first[PRUNER_SOURCE_COARSE], first_bits(source, 16)) &
			 tables_for(packet, &first[PRUNER_SOURCE_FINE], first_bits(source, 0)) &
			 tables_for(packet, &first[PRUNER_DESTINATION_COARSE], first_bits(destination, 16)) &
			 tables_for(packet, &first[PRUNER_DESTINATION_FINE], first_bits(destination, 0));
	} else {
		source = (__u32)search->source[1];
		destination = (__u32)search->destination[1];
		tables = tables_for(packet, &first[PRUNER_SOURCE_COARSE], source >> 16) &
			 tables_for(packet, &first[PRUNER_SOURCE_FINE], source >> 8) &
			 tables_for(packet, &first[PRUNER_DESTINATION_COARSE], destination >> 16) &
			 tables_for(packet, &first[PRUNER_DESTINATION_FINE], destination >> 8);
	}
	return tables & tables_for(packet, &second[PRUNER_SOURCE_PORT - 4], search->ports >> 16) &
	       tables_for(packet, &second[PRUNER_DESTINATION_PORT - 4], search->ports & 0xffff) &
	       tables_for(packet, &second[PRUNER_PROTOCOL - 4], search->protocol);
}

#endif
