/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who is banned. A ban ends by the boot clock, which the kernel asks itself: also when no agent is there to lift it,
 * and whatever becomes of the wall clock.
 */
#ifndef WEIR_BANS_H
#define WEIR_BANS_H

#include "bits.h"
#include "counters.h"
#include "failsafe.h"
#include "options.h"

static __always_inline bool is_over(__u32 until)
{
	return until && bpf_ktime_get_boot_ns() / 1000000000 >= until;
}

static __always_inline bool is_banned_address(__u32 address)
{
	__u32 home = (address >> 8) * 0x9e3779b1 >> 4;

	for (__u32 i = 0; i < LIMIT_BAN_LINES_PROBED; i++) {
		__u32 index = (home + i) & (ban_line_count - 1);
		const struct ban_line *line = bpf_map_lookup_elem(&ban_lines, &index);

		if (!line)
			return false;
#pragma clang loop unroll(full)
		for (int entry = 0; entry < 7; entry++) {
			__u8 length = line->length[entry];

			if (length && !((address ^ line->address[entry]) >> ((32 - length) & 31)) &&
			    !is_over(line->until[entry]))
				return true;
		}
		if (!line->is_full)
			return false;
	}
	return false;
}

static __always_inline bool is_banned_prefix(const __u64 address[2], const struct ban_root *root)
{
	__u64 lengths[2] = { root->lengths[0], root->lengths[1] };

#pragma clang loop unroll(full)
	for (int i = 0; i < LIMIT_BAN_LENGTHS; i++) {
		bool upper = !lengths[0];
		__u64 bits = upper ? lengths[1] : lengths[0];
		struct ban_key key = {};
		__u32 position;
		struct ban *ban;

		if (!bits)
			return false;
		position = lowest_bit(bits);
		if (upper) {
			lengths[1] = bits & (bits - 1);
			key.address[0] = address[0];
			key.address[1] = address[1] & ~0ULL << (63 - position);
			key.length = position + 65;
		} else {
			lengths[0] = bits & (bits - 1);
			key.address[0] = address[0] & ~0ULL << (63 - position);
			key.length = position + 1;
		}
		ban = bpf_map_lookup_elem(&ban_prefixes, &key);
		if (ban && !is_over(ban->until))
			return true;
	}
	return false;
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

/* Is the packet's other end banned? What the link needs to be managed over passes. Not static: see judge_inner. */
__noinline int is_banned(hook_context *ctx, __u32 which)
{
	struct packet *packet = packet_in_scratch(which);
	__u32 zero = 0;
	struct ban_root *root = bpf_map_lookup_elem(&ban_root, &zero);
	const __u64 *remote_be;
	__u64 remote[2];
	bool banned = false;

	if (!packet || !root)
		return false;
	remote_be = packet->direction == DIRECTION_INGRESS ? packet->tuple.source_be : packet->tuple.destination_be;
	if (packet->bans & BAN_ADDRESSES && is_mapped(remote_be))
		banned = is_banned_address(number_of(remote_be[1]));
	if (!banned && packet->bans & BAN_PREFIXES) {
		remote[0] = number_of(remote_be[0]);
		remote[1] = number_of(remote_be[1]);
		banned = is_banned_prefix(remote, root);
	}
	if (!banned || is_exempt(root, remote_be))
		return false;
	packet->tuple.protocol = packet->protocol;
	return packet->outcome.reason || !is_link_upkeep(ctx, packet);
}

#endif
