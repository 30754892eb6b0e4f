/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The flow table. A connection starts in `openings_in` or `openings_out` and moves when its opener goes on after the other end
 * has answered: to `flows` if it is TCP, else to `unproven_flows`. So a flood of forged openings evicts only openings of its own
 * side, and a flood of forged exchanges only what is not TCP. ICMP stays in `pings_in` or `pings_out`.
 */
#ifndef WEIR_FLOW_TABLE_H
#define WEIR_FLOW_TABLE_H

#include "base/tuple.h"

/* TCP connections whose opener acknowledged the answer of the other end */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 98304);
	__type(key, struct flow_key);
	__type(value, struct flow);
} flows SEC(".maps");

/*
 * Connections of other protocols whose opener went on after the other end had answered. A forger can do that without seeing the
 * answer, so that they have room of their own: a flood of them evicts no TCP connection.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 30720);
	__type(key, struct flow_key);
	__type(value, struct flow);
} unproven_flows SEC(".maps");

/*
 * Connections that may be forged, so that a flood evicts nothing but itself: those opened from outside, and those opened from
 * here, which a flood from outside must not push out either.
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
 * Questions by ICMP and what answers them, by who asks. They have room of their own, and stay there: anyone can forge them, and
 * most hosts answer.
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

/* connections that detect lets go on although they would be dropped: see blocked.h */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct flow_key);
	__type(value, struct flow);
} blocked_flows SEC(".maps");

/* enum weir_flow_count -> flows inserted and deleted by the kernel side */
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

/* What nobody has confirmed: see is_exchange. */
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
	asm volatile("" : "+r"(flow)); /* two calls: the kernel inlines a look-up only where one call has one table */
	return flow;
}

/* 0, or why not. */
static __always_inline long insert_confirmed(const struct flow_key *key, const struct flow *flow)
{
	if (key->what[0] == IPPROTO_TCP)
		return bpf_map_update_elem(&flows, key, flow, BPF_NOEXIST);
	return bpf_map_update_elem(&unproven_flows, key, flow, BPF_NOEXIST);
}

static __always_inline struct flow *find_flow(const struct flow_key *key, bool *one_way)
{
	struct flow *flow = find_confirmed(key);

	if (flow)
		return flow;
	*one_way = true;
	return find_opening(key);
}

/* 0, or why not. */
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

/* A TCP connection. */
static __always_inline void remove_flow(const struct flow_key *key)
{
	if (!bpf_map_delete_elem(&flows, key))
		count_flows(0, 1);
	if (delete_opening(key))
		count_flows(0, 1);
}

/* The opener's tuple of a flow, from the flow's key alone. */
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
