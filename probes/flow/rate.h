/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rates, by the generic cell rate algorithm of ITU-T I.371. For each rule and address the map keeps one time: when all
 * packets so far would have come, if they had come exactly at the rate. Each packet moves this time forward by the
 * interval between two packets at the rate. A packet that finds the time further ahead than the burst is over the rate,
 * and does not move it.
 */
#ifndef WEIR_RATE_H
#define WEIR_RATE_H

#include "base/faults.h"
#include "base/packet.h"
#include "base/rule_set.h"

/* rule, and the address that it counts by -> time in ns, as above */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct meter_key);
	__type(value, __u64);
} rates SEC(".maps");

/* How often a CPU tries again if another one was faster. */
#define RATE_RACES 16

static __always_inline void make_meter_key(struct meter_key *key, const struct rule *rule, __u32 by,
					   const struct tuple *opener)
{
	key->identity = rule->identity;
	key->address_be[0] = key->address_be[1] = 0;
	if (by == METER_SOURCE) {
		key->address_be[0] = opener->source_be[0];
		key->address_be[1] = opener->source_be[1];
	} else if (by == METER_DESTINATION) {
		key->address_be[0] = opener->destination_be[0];
		key->address_be[1] = opener->destination_be[1];
	}
}

/* Finds the time of this key. If there is none and the packet counts, makes one. NULL if there is none after that. */
static __always_inline __u64 *open_rate(const struct meter_key *key, bool counts)
{
	__u64 *due = bpf_map_lookup_elem(&rates, key);
	__u64 nothing = 0;

	if (due || !counts)
		return due;
	bpf_map_update_elem(&rates, key, &nothing, BPF_NOEXIST);
	due = bpf_map_lookup_elem(&rates, key);
	if (!due)
		count_fault(FAULT_RATE_INSERT);
	return due;
}

/*
 * Counts this packet in the rate of the rule, unless it is a carried packet. Returns true if the packet is over the
 * rate, and then does not count it. Not static: see judge_inner.
 */
__noinline int claim_rate(__u32 which, __u32 rule_index)
{
	struct packet *packet = packet_in_scratch(which);
	struct rule *rule = bpf_map_lookup_elem(&rules, &rule_index);
	struct meter_key key;
	__u64 now, *due, cost;
	bool counts;

	if (!packet || !rule)
		return false;
	counts = !packet->role.carried;
	make_meter_key(&key, rule, rule->rate_by, &packet->connection.opener);
	due = open_rate(&key, counts);
	if (!due)
		return false;
	/* A GSO packet counts as many packets as it is on the wire. The first of them decides for all. */
	cost = rule->rate_interval * (rule->rate_per_connection ? 1 : packet->frame.wire_packets);
	now = bpf_ktime_get_ns();
	for (int i = 0; i < RATE_RACES; i++) {
		__u64 seen = *(volatile __u64 *)due, from = seen > now ? seen : now;

		if (from - now > rule->rate_burst)
			return true;
		if (!counts)
			return false;
		if (__sync_val_compare_and_swap(due, seen, from + cost) == seen)
			return false;
	}
	count_fault(FAULT_RATE_RACE); /* so many packets come at once that this one is over the rate, too */
	return true;
}

#endif
