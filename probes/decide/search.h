/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The search for matchers. Its cost does not grow with their number.
 *
 * Matchers whose keys have the same form share a table. For example, the key of a matcher for 192.0.2.0/24 and port 443
 * has 24 bits of the source, the port and the protocol. All tables are in one hash of buckets. A key leads to a list of
 * matchers in the order of their rules, and each of them is compared with the packet. Before a table is probed, bitmaps
 * by parts of the addresses, by ports and by protocol say which tables can have a key of this packet.
 *
 * All of this is in one array of 64-byte cells. agent/policy/classifier/ writes it, and computes the same hashes. Each
 * copy of it has two parts of the same shape, in which cells count from the first cell of the part: the rules of the
 * file, and the front. The front has the rules added by command. It is searched first, and is small, so that a change
 * of it is in force at once.
 */
#ifndef WEIR_SEARCH_H
#define WEIR_SEARCH_H

#include "base/bits.h"
#include "base/faults.h"
#include "base/options.h"
#include "decide/match.h"

/* 64 bytes: a matcher, a table, a bucket, or eight bitmaps. */
struct cell {
	__u64 words[8];
};

/* copy * cells_a_copy + cell -> the cell; user space sizes it */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct cell);
} cells SEC(".maps");

#define NO_ORDER 0xffffffff
#define INDEX_CELLS (sizeof(struct matcher_index) / sizeof(struct cell))

/* A cell of the part of the rules that is searched. */
static __always_inline void *cell_at(const struct packet *packet, __u32 index)
{
	index += packet->search.first_cell;
	return bpf_map_lookup_elem(&cells, &index);
}

/* Finishes a hash: spreads the bits of a sum of products over the whole word. */
static __always_inline __u32 finish_hash(__u32 hash)
{
	hash ^= hash >> 15;
	hash *= HASH_FINISH_FIRST;
	hash ^= hash >> 12;
	hash *= HASH_FINISH_SECOND;
	hash ^= hash >> 15;
	return hash;
}

/* The hash of the key of this packet in a table; never 0. */
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

/* One callback of bpf_loop compares several matchers, because a call costs as much as a comparison. */
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
			return 1; /* all matchers after it have a higher order */
		if (match(m, packet, search))
			note_match(m, packet);
		if (m->flags & MATCHER_LAST)
			return 1;
	}
	return 0;
}

/* Returns the cell of the list that the key with this tag leads to; 0 if there is none. */
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

/* Returns the tables that may have a key with this value, a bit a table. */
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

/* The first 64 bits of an IPv6 address, less the last `but_for` of them, as a number of 32 bits. */
static __always_inline __u32 first_bits(__u64 upper, __u32 but_for)
{
	return (__u32)(upper >> 32) * HASH_IPV6 + ((__u32)upper >> but_for);
}

/* Returns the tables that may have a key of this packet, a bit a table. */
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
