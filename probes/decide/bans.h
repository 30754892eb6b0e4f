/* SPDX-License-Identifier: GPL-2.0 */
/* Bans: addresses and prefixes whose packets are dropped before any rule is asked, in both directions. */
#ifndef WEIR_BANS_H
#define WEIR_BANS_H

#include "base/options.h"
#include "decide/failsafe.h"
#include "decide/networks.h"

/* 0 -> which lengths of prefixes are banned, and the addresses that are never banned */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ban_root);
} ban_root SEC(".maps");

/* hash of an IPv4 /24 -> bans of addresses in it; each ban is a member of set 0; user space sizes it */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct network_line);
} ban_lines SEC(".maps");

/* prefix -> the end of its ban */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1048576);
	__type(key, struct network_key);
	__type(value, struct network_sets);
} ban_prefixes SEC(".maps");

static long ban_step(__u32 step, struct packet_context *context)
{
	return prefix_step(&ban_prefixes, context->packet);
}

static __always_inline bool is_banned_prefix(struct packet *packet, const __u64 address_be[2],
					     const struct ban_root *root)
{
	struct packet_context context = { .packet = packet };

	if (!start_walk(packet, &root->networks, address_be, is_mapped(address_be), true))
		return false;
	bpf_loop(LIMIT_NETWORK_LENGTHS, ban_step, &context, 0);
	return packet->search.walk.sets;
}

static __always_inline bool is_exempt(const struct ban_root *root, const __u64 address_be[2])
{
	for (__u32 i = 0; i < LIMIT_BAN_EXCEPTIONS; i++) {
		if (i >= root->exception_count)
			break;
		if (in_prefix(address_be, &root->exceptions[i]))
			return true;
	}
	return false;
}

/*
 * Is the remote end of the packet banned? Neighbour discovery and DHCP pass all the same. Not static: see judge_inner.
 */
__noinline int is_banned(hook_context *ctx, __u32 which)
{
	struct packet *packet = packet_in_scratch(which);
	__u32 zero = 0;
	struct ban_root *root = bpf_map_lookup_elem(&ban_root, &zero);
	const __u64 *remote_be;
	bool banned = false;

	if (!packet || !root)
		return false;
	remote_be = packet->frame.direction == DIRECTION_INGRESS ? packet->headers.tuple.source_be
								 : packet->headers.tuple.destination_be;
	if (packet->rule_set.bans & BAN_ADDRESSES && is_mapped(remote_be))
		banned =
			sets_in_lines(&ban_lines, ban_line_count, number_of(remote_be[1]), packet->rule_set.copy, true);
	if (!banned && packet->rule_set.bans & BAN_PREFIXES)
		banned = is_banned_prefix(packet, remote_be, root);
	if (!banned || is_exempt(root, remote_be))
		return false;
	return packet->outcome.reason || !is_discovery_or_dhcp(ctx, packet);
}

#endif
