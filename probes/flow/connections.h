/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counts of open connections, for rules that limit them. A connection counts for each such rule among its conditions,
 * from when it opens, or first meets the rule, until it is closed. If the table evicts a connection, the agent corrects
 * the count when it reads the table (see agent/observe/flows/open-connections.ts).
 */
#ifndef WEIR_CONNECTIONS_H
#define WEIR_CONNECTIONS_H

#include "base/options.h"
#include "flow/rate.h"

/* rule, and the address that it counts by -> number of open connections */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct meter_key);
	__type(value, __s64);
} open_connections SEC(".maps");

/*
 * Adds `change` to the counts of the conditions of a decision, by the rules of this copy. Not static: see judge_inner.
 */
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

/* The same for the connection of a packet. */
static __always_inline void count_connection(const struct packet *packet, const struct decision *decision, __s64 change)
{
	count_opener(packet->rule_set.copy, &packet->connection.opener, decision, change);
}

/*
 * Are as many connections open as the rule allows? The connection of this packet is not counted yet. Not static: see
 * judge_inner.
 */
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
