/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sets that an address is in. A member can expire by the boot clock. The kernel compares the clock itself, so that
 * members expire while no agent runs, and do not depend on the wall clock.
 */
#ifndef WEIR_NETWORKS_H
#define WEIR_NETWORKS_H

#include "base/bits.h"
#include "base/packet.h"

static __always_inline bool has_expired(__u32 until)
{
	return until && bpf_ktime_get_boot_ns() / NS_PER_SECOND >= until;
}

/* The set of a member, as a bit. It is 0 if the member has expired, or belongs to the other copy of the rules only. */
static __always_inline __u64 set_of(__u8 member, __u32 until, __u32 copy)
{
	if (!(member & MEMBER_IN_COPY_0 << (copy & 1)) || has_expired(until))
		return 0;
	return 1ULL << (member & MEMBER_SET);
}

/*
 * Returns the sets that have this IPv4 address, or a prefix of at least 24 bits that contains it. `any`: one set is
 * enough.
 */
static __always_inline __u64 sets_in_lines(void *lines, __u32 count, __u32 address, __u32 copy, bool any)
{
	__u32 home = (address >> 8) * HASH_SCATTER >> HASH_LINE_SHIFT;
	__u64 sets = 0;

	for (__u32 i = 0; i < LIMIT_NETWORK_LINES_PROBED; i++) {
		__u32 index = (home + i) & (count - 1);
		const struct network_line *line = bpf_map_lookup_elem(lines, &index);

		if (!line)
			break;
#pragma clang loop unroll(full)
		for (int entry = 0; entry < 6; entry++) {
			__u8 length = line->length[entry];

			if (length && !((address ^ line->address[entry]) >> ((32 - length) & 31)))
				sets |= set_of(line->member[entry], line->until[entry], copy);
		}
		if (!line->is_full || (any && sets))
			break;
	}
	return sets;
}

/* Looks up the prefix of the next length. Returns 1 when nothing is left to look up. */
static __always_inline long prefix_step(void *prefixes, struct packet *packet)
{
	struct prefix_walk *walk = &packet->search.walk;
	bool upper = !walk->lengths[0];
	__u64 bits = upper ? walk->lengths[1] : walk->lengths[0];
	const struct network_sets *found;
	__u32 position;

	if (!bits)
		return 1;
	position = lowest_bit(bits);
	walk->key.address[0] = walk->address[0];
	if (upper) {
		walk->lengths[1] = bits & (bits - 1);
		walk->key.address[1] = walk->address[1] & ~0ULL << (63 - position);
		walk->key.length = position + 65;
	} else {
		walk->lengths[0] = bits & (bits - 1);
		walk->key.address[0] &= ~0ULL << (63 - position);
		walk->key.address[1] = 0;
		walk->key.length = position + 1;
	}
	found = bpf_map_lookup_elem(prefixes, &walk->key);
	if (!found)
		return 0;
	walk->sets |= found->lasting[packet->rule_set.copy & 1];
#pragma clang loop unroll(full)
	for (int entry = 0; entry < 6; entry++) {
		if (found->member[entry])
			walk->sets |= set_of(found->member[entry], found->until[entry], packet->rule_set.copy);
	}
	return walk->any && walk->sets;
}

/* Prepares the look-up of the prefixes that sets_in_lines does not find; false if there are none. */
static __always_inline bool start_walk(struct packet *packet, const struct network_root *root,
				       const __u64 address_be[2], bool ipv4, bool any)
{
	struct prefix_walk *walk = &packet->search.walk;

	walk->address[0] = number_of(address_be[0]);
	walk->address[1] = number_of(address_be[1]);
	walk->lengths[0] = ipv4 ? 0 : root->lengths[0];
	walk->lengths[1] = ipv4 ? root->ipv4_lengths : root->lengths[1];
	walk->key.reserved = 0;
	walk->sets = 0;
	walk->any = any;
	return walk->lengths[0] | walk->lengths[1];
}

#endif
