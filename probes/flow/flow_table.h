/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The flow table. A connection starts in `openings_in` or `openings_out`. When its opener goes on after a reply, it
 * moves to `flows` if it is TCP, else to `unproven_flows`. So a flood of forged openings evicts only openings of its
 * own direction, and a flood of forged exchanges evicts no TCP. ICMP stays in `pings_in` or `pings_out`.
 */
#ifndef WEIR_FLOW_TABLE_H
#define WEIR_FLOW_TABLE_H

#include "base/tuple.h"

/* TCP connections whose opener has acknowledged the reply of the other end */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 98304);
	__type(key, struct flow_key);
	__type(value, struct flow);
} flows SEC(".maps");

/*
 * Connections of other protocols whose opener went on after a reply. A forger can do that without seeing the reply.
 * They have a table of their own, so that a flood of them evicts no TCP connection.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 30720);
	__type(key, struct flow_key);
	__type(value, struct flow);
} unproven_flows SEC(".maps");

/*
 * Connections that nobody has confirmed, so that they may be forged. A flood of them evicts only other openings of the
 * same direction: those that came in are in `openings_in`, and those that went out in `openings_out`.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct flow_key);
	__type(value, struct flow);
} openings_in SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct flow_key);
	__type(value, struct flow);
} openings_out SEC(".maps");

/*
 * ICMP requests and their replies, by the direction of the request. They stay in tables of their own, because anybody
 * can forge requests, and most hosts reply.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct flow_key);
	__type(value, struct flow);
} pings_in SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct flow_key);
	__type(value, struct flow);
} pings_out SEC(".maps");

/* blocked connections: see decide/blocked.h */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct flow_key);
	__type(value, struct flow);
} blocked_flows SEC(".maps");

/* enum weir_flow_count -> flows that programs have inserted and deleted */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNT_FLOW_TABLES);
	__type(key, __u32);
	__type(value, struct flow_counter);
} flow_counters SEC(".maps");

static __always_inline void count_flows_of(__u32 table, __u32 inserted, __u32 deleted)
{
	struct flow_counter *counter = bpf_map_lookup_elem(&flow_counters, &table);

	if (counter) {
		counter->inserted += inserted;
		counter->deleted += deleted;
	}
}

static __always_inline void count_flows(__u32 inserted, __u32 deleted)
{
	count_flows_of(COUNT_FLOWS, inserted, deleted);
}

static __always_inline bool is_icmp(__u16 protocol)
{
	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

/* Finds a flow that is not confirmed: see is_exchange. */
static __always_inline struct flow *find_opening(const struct flow_key *key)
{
	struct flow *flow;

	if (is_icmp(key->what[0])) {
		flow = bpf_map_lookup_elem(&pings_in, key);
		return flow ?: bpf_map_lookup_elem(&pings_out, key);
	}
	flow = bpf_map_lookup_elem(&openings_in, key);
	return flow ?: bpf_map_lookup_elem(&openings_out, key);
}

static __always_inline struct flow *find_confirmed(const struct flow_key *key)
{
	struct flow *flow;

	if (key->what[0] != IPPROTO_TCP)
		return bpf_map_lookup_elem(&unproven_flows, key);
	flow = bpf_map_lookup_elem(&flows, key);
	asm volatile(""
		     : "+r"(flow)); /* keeps two calls: the kernel inlines a look-up only if its call has one table */
	return flow;
}

/* Returns 0, or a negative error. */
static __always_inline long insert_confirmed(const struct flow_key *key, const struct flow *flow)
{
	if (key->what[0] == IPPROTO_TCP)
		return bpf_map_update_elem(&flows, key, flow, BPF_NOEXIST);
	return bpf_map_update_elem(&unproven_flows, key, flow, BPF_NOEXIST);
}

/* Finds a flow, confirmed or not. Sets *unconfirmed unless it is confirmed. */
static __always_inline struct flow *find_flow(const struct flow_key *key, bool *unconfirmed)
{
	struct flow *flow = find_confirmed(key);

	if (flow)
		return flow;
	*unconfirmed = true;
	return find_opening(key);
}

/* Returns 0, or a negative error. */
static __always_inline long insert_opening(const struct flow_key *key, const struct flow *flow)
{
	if (is_icmp(key->what[0])) {
		if (flow->direction == DIRECTION_INGRESS)
			return bpf_map_update_elem(&pings_in, key, flow, BPF_ANY);
		return bpf_map_update_elem(&pings_out, key, flow, BPF_ANY);
	}
	if (flow->direction == DIRECTION_INGRESS)
		return bpf_map_update_elem(&openings_in, key, flow, BPF_ANY);
	return bpf_map_update_elem(&openings_out, key, flow, BPF_ANY);
}

static __always_inline bool delete_opening(const struct flow_key *key)
{
	if (is_icmp(key->what[0]))
		return !bpf_map_delete_elem(&pings_in, key) || !bpf_map_delete_elem(&pings_out, key);
	return !bpf_map_delete_elem(&openings_in, key) || !bpf_map_delete_elem(&openings_out, key);
}

/* Removes the flow of a TCP connection. */
static __always_inline void remove_flow(const struct flow_key *key)
{
	if (!bpf_map_delete_elem(&flows, key))
		count_flows(0, 1);
	if (delete_opening(key))
		count_flows(0, 1);
}

/* Fills in the ends of a flow from its opener's side, from the flow and its key. */
static __always_inline void opener_of_key(struct tuple *opener, const struct flow_key *key, const struct flow *flow)
{
	bool low = flow->flags & FLOW_OPENER_IS_LOW;

	opener->source_be[0] = low ? key->low_be[0] : key->high_be[0];
	opener->source_be[1] = low ? key->low_be[1] : key->high_be[1];
	opener->destination_be[0] = low ? key->high_be[0] : key->low_be[0];
	opener->destination_be[1] = low ? key->high_be[1] : key->low_be[1];
	opener->source_port = key->ports[low ? 0 : 1];
	opener->destination_port = key->ports[low ? 1 : 0];
	opener->protocol = key->what[0];
	opener->direction = flow->direction;
	opener->icmp_type = flow->icmp_type;
	opener->icmp_code = flow->icmp_code;
}

#endif
