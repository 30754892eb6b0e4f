/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hints say which connections are probably in `blocked_flows`, so that their packets look there first. Without a hint,
 * a packet of a blocked connection would first look among the flows in vain, which costs more than the rest of its
 * judgement. A hint is the hash of a connection, stored at a place that follows from the hash. It is set if the
 * connection has no flow, and removed by the packet that opens a flow. A wrong or missing hint costs look-ups, but
 * changes no verdict.
 */
#ifndef WEIR_HINTS_H
#define WEIR_HINTS_H

#include "base/packet.h"

#define BLOCKED_HINT_BITS 14

/* Odd multipliers that spread the bits of a number. The first one is 2^64 divided by the golden ratio. */
#define HINT_SCATTER 0x9e3779b97f4a7c15ULL
#define HINT_SCATTER_PLACE 0xd6e8feb86659fd93ULL

/*
 * place from the hash of a connection -> other bits of the hash if the connection is probably in `blocked_flows`; 0: no
 * hint
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1 << BLOCKED_HINT_BITS);
	__type(key, __u32);
	__type(value, __u32);
} blocked_hints SEC(".maps");

/* The hash of a connection: the same for both directions, and another one for each interface and tunnel. */
static __always_inline __u64 hash_of_connection(const struct packet *packet)
{
	const struct tuple *tuple = &packet->headers.tuple;
	__u64 where = (__u64)packet->frame.ifindex << 32 | packet->headers.tunnel;
	__u64 hash =
		tuple->source_be[1] + tuple->destination_be[1] + (__u64)tuple->source_port * tuple->destination_port;

	return (hash + where * HINT_SCATTER_PLACE + packet->headers.tuple.protocol) * HINT_SCATTER;
}

/*
 * Finds the place of the packet's connection. It works in memory, because on the stack the verifier would keep the
 * states of all callers apart.
 */
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

/* Sets or removes the hint. Not static: see judge_inner. */
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
