/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which connections are likely to be in `blocked_flows`, so that their packets look there first: to look for them among the
 * flows, in vain, costs more than all the rest of their way. A hint is the hash of a connection, at a place that the hash
 * names. It is set where there is no flow of the connection, and the packet that opens one takes it away. A hint that is
 * wrong, or missing, costs look-ups and changes no verdict.
 */
#ifndef WEIR_HINTS_H
#define WEIR_HINTS_H

#include "base/packet.h"

#define BLOCKED_HINT_BITS 14

/* place that the hash of a connection's ends names -> more of that hash if it is likely to be in `blocked_flows`: see hints.h */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1 << BLOCKED_HINT_BITS);
	__type(key, __u32);
	__type(value, __u32);
} blocked_hints SEC(".maps");

/* The same whichever end sent the packet, and another on each interface and in each tunnel. */
static __always_inline __u64 hash_of_connection(const struct packet *packet)
{
	const struct tuple *tuple = &packet->headers.tuple;
	__u64 where = (__u64)packet->frame.ifindex << 32 | packet->headers.tunnel;
	__u64 hash =
		tuple->source_be[1] + tuple->destination_be[1] + (__u64)tuple->source_port * tuple->destination_port;

	return (hash + where * 0xd6e8feb86659fd93ULL + packet->headers.tuple.protocol) * 0x9e3779b97f4a7c15ULL;
}

/* The place of the packet's connection. Nothing of it is on the stack, where the verifier would tell apart who has asked. */
static __always_inline __u32 *find_hint(struct packet *packet)
{
	__u64 hash = hash_of_connection(packet);

	packet->connection.hint = hash >> 16 | 1; /* 0 is no hint */
	packet->connection.hint_place = hash >> (64 - BLOCKED_HINT_BITS);
	return bpf_map_lookup_elem(&blocked_hints, &packet->connection.hint_place);
}

static __always_inline bool is_hinted(struct packet *packet)
{
	__u32 *hint = find_hint(packet);

	return hint && *hint == packet->connection.hint;
}

/* Sets it, or takes it away. Not static: see judge_inner. */
__noinline int change_hint(__u32 which, bool is_blocked)
{
	struct packet *packet = packet_in_scratch(which);
	__u32 *hint = packet ? find_hint(packet) : NULL;

	if (hint && (is_blocked || *hint == packet->connection.hint))
		*hint = is_blocked ? packet->connection.hint : 0;
	return 0;
}

static __always_inline void set_hint(const struct packet *packet)
{
	change_hint(packet->which, true);
}

static __always_inline void remove_hint(const struct packet *packet)
{
	change_hint(packet->which, false);
}

#endif
