/* SPDX-License-Identifier: GPL-2.0 */
/* Which of the sets that rules name hold the addresses of a connection. */
#ifndef WEIR_SETS_H
#define WEIR_SETS_H

#include "networks.h"
#include "options.h"

static long set_step(__u32 step, struct prefix_walk *walk)
{
	return prefix_step(&set_prefixes, walk);
}

/* For the ends that `asked` names, as struct matcher_index does. Not static: see packet_in_scratch. */
__noinline int find_sets(__u32 which, __u32 asked)
{
	struct packet *packet = packet_in_scratch(which);
	__u32 zero = 0;
	struct network_root *root = bpf_map_lookup_elem(&set_root, &zero);

	if (!packet || !root)
		return 0;
	for (int end = 0; end < 2; end++) {
		struct prefix_walk walk = { .copy = packet->copy };
		const __u64 *address = end ? packet->search.destination : packet->search.source;
		bool ipv4;

		if (!(asked & MATCH_SOURCE_SET << end))
			continue;
		walk.address[0] = address[0];
		walk.address[1] = address[1];
		ipv4 = !address[0] && address[1] >> 32 == 0xffff;
		if (ipv4 && root->in_lines)
			walk.sets = sets_in_lines(&set_lines, set_line_count, address[1], packet->copy, false);
		if (start_walk(&walk, root, ipv4))
			bpf_loop(LIMIT_NETWORK_LENGTHS, set_step, &walk, 0);
		if (end)
			packet->search.destination_sets = walk.sets;
		else
			packet->search.source_sets = walk.sets;
	}
	return 0;
}

#endif
