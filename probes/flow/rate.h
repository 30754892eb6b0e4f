/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rates. Of each who is counted one time is kept: when all that came so far is due, if it had come at the rate of the
 * rule. A packet puts it off by what one packet takes; one that finds it further ahead than the burst is over the rate,
 * and puts off nothing. (The generic cell rate algorithm of ITU-T I.371.)
 */
#ifndef WEIR_RATE_H
#define WEIR_RATE_H

#include "base/faults.h"
#include "base/packet.h"
#include "base/rule_set.h"

/* who is counted for a rule -> when all that came so far is due: see rate.h */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct meter_key);
	__type(value, __u64);
} rates SEC(".maps");

/* How often another CPU may be faster. */
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

/* When the packets that this key stands for are due, which begins to count where it `counts`; NULL where there is no room, or nothing counts and none has counted. */
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
 * Counts this packet in the rate of the rule, unless prevent would never have met it. True if the rate has no room for it, so that
 * it does not count. Not static: see judge_inner.
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
	/* Segments that the kernel holds together are as many packets; the first of them decides. */
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
	count_fault(FAULT_RATE_RACE); /* so many come at once that this one is over, too */
	return true;
}

#endif
