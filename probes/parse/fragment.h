/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fragmented datagrams. Only the first fragment has the ports; weir keeps them in a table for the later ones. The table
 * also knows which bytes were seen: fragments that overlap can make a datagram look different to weir and to its
 * receiver.
 */
#ifndef WEIR_FRAGMENT_H
#define WEIR_FRAGMENT_H

#include "base/faults.h"
#include "base/options.h"
#include "base/packet.h"

struct datagram_key {
	__u64 source_be[2];
	__u64 destination_be[2];
	__u32 id;
	__u32 ifindex;
	__u32 tunnel;
	__u16 vlan[2];
	__u32 protocol; /* 0 for IPv6, because a receiver ignores the next header of later fragments (RFC 8200, 4.5) */
	__u32 tunnel_high;
};

/* Which fragments of a datagram were seen. */
enum datagram_flag {
	DATAGRAM_FIRST = 1,
	DATAGRAM_LAST = 2
};

/* Bytes of a datagram, from `start` up to but not including `end`. */
struct range {
	__u32 start;
	__u32 end;
};

/* After this time a receiver gives up a datagram that is not complete: 60 seconds in RFC 8200, 30 seconds in Linux. */
#define DATAGRAM_SECONDS 30

struct datagram {
	__u64 started_jiffies;
	__u32 count;
	__u32 flags;
	__u16 source_port;
	__u16 destination_port;
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 protocol;
	__u8 tcp_flags;
	__u32 poison; /* enum weir_reason: every later fragment of this datagram is undecided for this reason */
	__u32 shared; /* those of enum packet_flag that later fragments take over from the first one */
	struct range ranges[LIMIT_FRAGMENT_RANGES];
};

/* datagram -> its fragments so far */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct datagram_key);
	__type(value, struct datagram);
} fragments SEC(".maps");

static __always_inline struct range *range_at(struct datagram *datagram, __u64 index)
{
	asm volatile("" : "+r"(index)); /* keeps clang from moving the bound to where the verifier does not see it */
	index &= LIMIT_FRAGMENT_RANGES - 1;
	return &datagram->ranges[index];
}

static __always_inline void drop_range(struct datagram *datagram, __u32 index)
{
	__u32 last = datagram->count - 1;

	*range_at(datagram, index) = *range_at(datagram, last);
	datagram->count = last;
}

/* Adds the bytes of a fragment, and joins ranges that touch each other. Returns 0 or a reason. */
static __always_inline __u32 add_range(struct datagram *datagram, __u32 start, __u32 end)
{
	struct range *added;

	for (__u32 i = 0; i < LIMIT_FRAGMENT_RANGES; i++) {
		if (i >= datagram->count)
			break;
		if (start < datagram->ranges[i].end && datagram->ranges[i].start < end)
			return REASON_FRAGMENT_OVERLAP;
	}
	for (__u32 i = 0; i < LIMIT_FRAGMENT_RANGES; i++) {
		if (i >= datagram->count)
			break;
		if (datagram->ranges[i].end == start) {
			start = datagram->ranges[i].start;
			drop_range(datagram, i);
			break;
		}
	}
	for (__u32 i = 0; i < LIMIT_FRAGMENT_RANGES; i++) {
		if (i >= datagram->count)
			break;
		if (datagram->ranges[i].start == end) {
			end = datagram->ranges[i].end;
			drop_range(datagram, i);
			break;
		}
	}
	if (datagram->count >= LIMIT_FRAGMENT_RANGES)
		return REASON_FRAGMENT_RANGES;
	added = range_at(datagram, datagram->count);
	added->start = start;
	added->end = end;
	datagram->count++;
	return 0;
}

static __always_inline bool is_complete(const struct datagram *datagram)
{
	return datagram->count == 1 && datagram->ranges[0].start == 0 && datagram->flags & DATAGRAM_LAST;
}

static __always_inline bool is_stale(const struct datagram *datagram)
{
	return bpf_jiffies64() - datagram->started_jiffies > DATAGRAM_SECONDS * (__u64)jiffies_per_second;
}

/*
 * Checks the bytes that a fragment has, and gives a later fragment the ports of the first one. Returns 0 or a reason.
 */
__noinline int track_fragment(__u32 which)
{
	struct packet *packet = packet_in_scratch(which);
	struct datagram_key key = {};
	struct datagram *datagram;
	__u32 start, end, reason;

	if (!packet)
		return REASON_FRAGMENT_LENGTH;
	start = packet->headers.fragment_start;
	end = start + (packet->headers.end - packet->headers.fragment_offset) + packet->headers.missing;
	if (packet->headers.end < packet->headers.fragment_offset || end > 65535 || end == start)
		return REASON_FRAGMENT_LENGTH;
	if (!(packet->headers.flags & PACKET_LAST_FRAGMENT) && end & 7)
		return REASON_FRAGMENT_LENGTH;

	key.source_be[0] = packet->headers.tuple.source_be[0];
	key.source_be[1] = packet->headers.tuple.source_be[1];
	key.destination_be[0] = packet->headers.tuple.destination_be[0];
	key.destination_be[1] = packet->headers.tuple.destination_be[1];
	key.id = packet->headers.fragment_id;
	key.ifindex = packet->frame.ifindex;
	key.vlan[0] = packet->headers.vlan[0];
	key.vlan[1] = packet->headers.vlan[1];
	key.tunnel = packet->headers.tunnel;
	key.tunnel_high = packet->headers.tunnel_high;
	key.protocol = packet->headers.flags & PACKET_IPV6 ? 0 : packet->headers.tuple.protocol;
	datagram = bpf_map_lookup_elem(&fragments, &key);
	if (!datagram || (packet->headers.flags & PACKET_FIRST_FRAGMENT && is_complete(datagram)) ||
	    is_stale(datagram)) {
		struct datagram fresh = { .started_jiffies = bpf_jiffies64() };

		if (bpf_map_update_elem(&fragments, &key, &fresh, BPF_ANY))
			count_fault(FAULT_FRAGMENT_INSERT);
		datagram = bpf_map_lookup_elem(&fragments, &key);
		if (!datagram)
			return packet->headers.flags & PACKET_LATER_FRAGMENT ? REASON_FRAGMENT_WITHOUT_FIRST : 0;
	}
	if (datagram->poison)
		return datagram->poison;
	reason = add_range(datagram, start, end);
	if (reason) {
		datagram->poison = reason;
		return reason;
	}
	if (packet->headers.flags & PACKET_LAST_FRAGMENT)
		datagram->flags |= DATAGRAM_LAST;
	if (packet->headers.flags & PACKET_FIRST_FRAGMENT) {
		datagram->source_port = packet->headers.tuple.source_port;
		datagram->destination_port = packet->headers.tuple.destination_port;
		datagram->icmp_type = packet->headers.tuple.icmp_type;
		datagram->icmp_code = packet->headers.tuple.icmp_code;
		datagram->protocol = packet->headers.tuple.protocol;
		datagram->tcp_flags = packet->headers.tcp_flags;
		datagram->shared = packet->headers.flags & (PACKET_HAS_PORTS | PACKET_ICMP_ERROR | PACKET_ICMP_REPLY);
		datagram->flags |= DATAGRAM_FIRST;
	} else if (datagram->flags & DATAGRAM_FIRST) {
		packet->headers.tuple.source_port = datagram->source_port;
		packet->headers.tuple.destination_port = datagram->destination_port;
		packet->headers.tuple.icmp_type = datagram->icmp_type;
		packet->headers.tuple.icmp_code = datagram->icmp_code;
		packet->headers.tuple.protocol = datagram->protocol;
		packet->headers.tcp_flags = datagram->tcp_flags;
		packet->headers.flags = (packet->headers.flags & ~PACKET_NO_PROTOCOL) | datagram->shared;
	}
	return 0;
}

#endif
