/* SPDX-License-Identifier: GPL-2.0 */
/* The sets of rules that contain the addresses of a connection. */
#ifndef WEIR_SETS_H
#define WEIR_SETS_H

#include "base/options.h"
#include "decide/networks.h"

/* The same tables as for bans (bans.h), for the sets that rules name. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct network_root);
} set_root SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct network_line);
} set_lines SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1048576);
	__type(key, struct network_key);
	__type(value, struct network_sets);
} set_prefixes SEC(".maps");

static long set_step(__u32 step, struct packet_context *context)
{
	return prefix_step(&set_prefixes, context->packet);
}

/*
 * Notes the sets that contain the ends of packet->connection.opener. `asked` says which ends: see struct policy. Not
 * static: see judge_inner.
 */
__noinline int note_sets(__u32 which, __u32 asked)
{
	struct packet_context context = { .packet = packet_in_scratch(which) };
	struct packet *packet = context.packet;
	__u32 zero = 0;
	struct network_root *root = bpf_map_lookup_elem(&set_root, &zero);

	if (!packet || !root)
		return 0;
	for (int end = 0; end < 2; end++) {
		const __u64 *address_be =
			end ? packet->connection.opener.destination_be : packet->connection.opener.source_be;
		bool ipv4 = is_mapped(address_be);
		__u64 sets = 0;

		if (!(asked & MATCH_SOURCE_SET << end))
			continue;
		if (ipv4 && root->in_lines)
			sets = sets_in_lines(&set_lines, set_line_count, number_of(address_be[1]),
					     packet->rule_set.copy, false);
		if (start_walk(packet, root, address_be, ipv4, false)) {
			bpf_loop(LIMIT_NETWORK_LENGTHS, set_step, &context, 0);
			sets |= packet->search.walk.sets;
		}
		if (end)
			packet->search.destination_sets = sets;
		else
			packet->search.source_sets = sets;
	}
	return 0;
}

#endif
