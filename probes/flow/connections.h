/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How many connections are open, for rules that ask. A connection counts for each such rule that stands among its
 * conditions, from when it is made, or first meets the rule, until it is closed. What falls out of the table unseen, the
 * agent takes off when it walks over it (see agent/observe/flows/open-connections.ts).
 */
#ifndef WEIR_CONNECTIONS_H
#define WEIR_CONNECTIONS_H

#include "base/options.h"
#include "flow/rate.h"

/* who is counted for a rule -> how many connections are open: see connections.h */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct meter_key);
	__type(value, __s64);
} open_connections SEC(".maps");

/* The connection of this opener counts for the conditions of its decision, by the rules of this copy. Not static: see judge_inner. */
__noinline int count_opener(__u32 copy, const struct tuple *opener, const struct decision *decision, __s64 change)
{
	if (!opener || !decision)
		return 0;
	for (__u32 i = 0; i < LIMIT_CONDITIONS; i++) {
		__u64 nothing = 0, *open;
		struct meter_key key;
		struct rule *rule;
		__u32 index;

		if (i >= decision->condition_count)
			return 0;
		index = copy * rule_slots + decision->conditions[i];
		rule = bpf_map_lookup_elem(&rules, &index);
		if (!rule || !rule->connections_over)
			continue;
		make_meter_key(&key, rule, rule->connections_by, opener);
		open = bpf_map_lookup_elem(&open_connections, &key);
		if (!open) {
			bpf_map_update_elem(&open_connections, &key, &nothing, BPF_NOEXIST);
			open = bpf_map_lookup_elem(&open_connections, &key);
		}
		if (open)
			__sync_fetch_and_add(open, change);
		else
			count_fault(FAULT_CONNECTION_INSERT);
	}
	return 0;
}

/* The same by the packet at hand. */
static __always_inline void count_connection(const struct packet *packet, const struct decision *decision, __s64 change)
{
	count_opener(packet->rule_set.copy, &packet->connection.opener, decision, change);
}

/* Are as many open as the rule names? The packet's own connection is not among them yet. Not static: see judge_inner. */
__noinline int is_over_connections(__u32 which, __u32 rule_index)
{
	struct packet *packet = packet_in_scratch(which);
	struct rule *rule = bpf_map_lookup_elem(&rules, &rule_index);
	struct meter_key key;
	__s64 *open;

	if (!packet || !rule)
		return false;
	make_meter_key(&key, rule, rule->connections_by, &packet->connection.opener);
	open = bpf_map_lookup_elem(&open_connections, &key);
	return open && *open >= (__s64)rule->connections_over;
}

#endif
