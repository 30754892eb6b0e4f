/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters of judged packets. Those that each CPU has for itself need no atomics: every packet hook runs with softirqs
 * disabled, so that no other program counts on this CPU meanwhile. Counters that CPUs share are atomic.
 */
#ifndef WEIR_COUNTERS_H
#define WEIR_COUNTERS_H

#include "base/packet.h"

/* interface slot -> packets and bytes by direction, transport and verdict */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LIMIT_INTERFACE_SLOTS);
	__type(key, __u32);
	__type(value, struct traffic);
} traffic SEC(".maps");

/* enum weir_reason -> packets that could not be decided */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, REASON_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} undecided SEC(".maps");

/* slot -> counters of the rule; they stay when the rules change; user space sizes the map */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct rule_counter);
} rule_counters SEC(".maps");

static __always_inline void count_undecided(__u32 reason)
{
	__u64 *count = bpf_map_lookup_elem(&undecided, &reason);

	if (count)
		*count += 1;
}

static __always_inline __u32 transport_of(__u8 protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return TRANSPORT_TCP;
	case IPPROTO_UDP:
		return TRANSPORT_UDP;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return TRANSPORT_ICMP;
	default:
		return TRANSPORT_OTHER;
	}
}

static __always_inline void count_traffic(const struct packet *packet, __u32 verdict)
{
	__u32 slot = packet->frame.interface_slot;
	struct traffic *traffic_here = bpf_map_lookup_elem(&traffic, &slot);
	struct traffic_counter *counter;

	if (!traffic_here || verdict >= VERDICT_COUNT)
		return;
	counter = &traffic_here->by[packet->frame.direction & 1][transport_of(packet->headers.tuple.protocol)][verdict];
	counter->packets += packet->frame.wire_packets;
	counter->bytes += packet->frame.wire_bytes;
}

/*
 * Counts a packet for the rule that decided it, or would drop it. The reserved slots of defaults, failsafes and bans
 * count nothing here: their packets are in the traffic counters. `opens`: the packet opens a connection.
 */
static __always_inline void count_rule(const struct packet *packet, __u32 slot, __u32 verdict, bool opens)
{
	struct rule_counter *counter;
	struct rule_counter_shard *shard;

	if (slot < SLOT_FIRST_RULE)
		return;
	counter = bpf_map_lookup_elem(&rule_counters, &slot);
	if (!counter)
		return;
	shard = &counter->shards[bpf_get_smp_processor_id() & (LIMIT_COUNTER_SHARDS - 1)];
	__sync_fetch_and_add(&shard->packets, packet->frame.wire_packets);
	__sync_fetch_and_add(&shard->bytes, packet->frame.wire_bytes);
	if (opens)
		__sync_fetch_and_add(&shard->flows, 1);
	if (verdict == VERDICT_WOULD_DROP)
		__sync_fetch_and_add(&shard->would_drop, packet->frame.wire_packets);
	else if (verdict == VERDICT_DROPPED)
		__sync_fetch_and_add(&shard->dropped, packet->frame.wire_packets);
	shard->last_hit_jiffies = bpf_jiffies64();
}

#endif
