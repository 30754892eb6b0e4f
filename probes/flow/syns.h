/* SPDX-License-Identifier: GPL-2.0 */
/*
 * SYNs that passed, and the SYN+ACKs that reply to them. Anybody can send a SYN+ACK, so that its receiver looks like
 * the opener of a connection. So weir believes a SYN+ACK only if it finds the SYN: as a flow of the same interface, by
 * a local socket, or in `syns`, if the SYN left by another interface than the one at which the SYN+ACK arrives.
 */
#ifndef WEIR_SYNS_H
#define WEIR_SYNS_H

#include "base/faults.h"
#include "base/rule_set.h"
#include "flow/lookup.h"

/* ends of a SYN that passed -> its numbers */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct ends);
	__type(value, struct syn);
} syns SEC(".maps");

/* 0 -> SYN+ACKs that were believed only because the agent had just started */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} believed SEC(".maps");

static __always_inline void name_syn(struct ends *ends, const __u64 *source, __u16 source_port,
				     const __u64 *destination, __u16 destination_port)
{
	ends->source_be[0] = source[0];
	ends->source_be[1] = source[1];
	ends->destination_be[0] = destination[0];
	ends->destination_be[1] = destination[1];
	ends->source_port = source_port;
	ends->destination_port = destination_port;
	ends->reserved = 0;
}

/* Notes a SYN that passes. Not static: see judge_inner. */
__noinline int note_syn_passed(__u32 which)
{
	struct packet *packet = packet_in_scratch(which);
	union lookup_room *room;
	struct control *root;
	__u32 zero = 0;
	struct syn syn;

	root = bpf_map_lookup_elem(&control, &zero);
	room = bpf_map_lookup_elem(&lookup_room, &zero);
	if (!packet || !root || !room)
		return 0;
	if (packet->headers.flags & (PACKET_FRAGMENT | PACKET_PARTIAL) || packet->headers.tcp_flags & TCP_RST ||
	    (packet->frame.direction == DIRECTION_INGRESS && !root->notes_arriving))
		return 0;
	name_syn(&room->ends, packet->headers.tuple.source_be, packet->headers.tuple.source_port,
		 packet->headers.tuple.destination_be, packet->headers.tuple.destination_port);
	syn.begin = sequence_of(packet);
	syn.end = packet->headers.sequence_end;
	if (bpf_map_update_elem(&syns, &room->ends, &syn, BPF_ANY))
		count_fault(FAULT_SYN_INSERT);
	return 0;
}

/*
 * Is this SYN+ACK believed, for which there is neither a flow nor a socket? Just after the agent has started it is
 * believed without its SYN, and counted. Not static: see judge_inner.
 */
__noinline int believe_syn_ack(__u32 which)
{
	struct packet *packet = packet_in_scratch(which);
	union lookup_room *room;
	struct control *root;
	__u32 zero = 0;
	struct syn *syn;
	__u64 *count;

	root = bpf_map_lookup_elem(&control, &zero);
	room = bpf_map_lookup_elem(&lookup_room, &zero);
	if (!packet || !root || !room)
		return false;
	name_syn(&room->ends, packet->headers.tuple.destination_be, packet->headers.tuple.destination_port,
		 packet->headers.tuple.source_be, packet->headers.tuple.source_port);
	syn = bpf_map_lookup_elem(&syns, &room->ends);
	if (syn && packet->headers.acknowledgement - syn->begin - 1 < syn->end - syn->begin)
		return true;
	if (bpf_jiffies64() >= root->grace_jiffies)
		return false;
	count = bpf_map_lookup_elem(&believed, &zero);
	if (count)
		*count += 1;
	return true;
}

#endif
