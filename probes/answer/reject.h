/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Answers the sender of a packet that a rule with `reject` drops: with a TCP reset, or else with the ICMP error
 * "administratively prohibited". The packet is overwritten with the answer, and sent back.
 */
#ifndef WEIR_REJECT_H
#define WEIR_REJECT_H

#include "base/limiter.h"
#include "base/rule_set.h"
#include "answer/answer.h"

/* enum weir_answer -> packets that were dropped by rules with `reject` */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, ANSWER_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} answers SEC(".maps");

/* 0 -> limiter of the answers, as in limiter.h */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} answer_limiter SEC(".maps");

#define ANSWERS_PER_SECOND 1000

/* Has the rule that dropped this packet `reject`? */
static __always_inline bool asks_to_reject(const struct packet *packet)
{
	__u32 slot = packet->outcome.slot, index = packet->rule_set.copy * rule_slots + slot;
	struct rule *rule;

	if (packet->outcome.verdict != VERDICT_DROPPED || slot < SLOT_FIRST_RULE)
		return false;
	rule = bpf_map_lookup_elem(&rules, &index);
	return rule && rule->flags & RULE_REJECT;
}

/*
 * First bytes of IPv4 addresses that no single host has: 0.0.0.0/8 and 127.0.0.0/8 (RFC 1122), 224.0.0.0/4 (multicast,
 * RFC 5771), and all addresses after it, which are reserved (RFC 1112) or the broadcast address.
 */
#define IPV4_THIS_NETWORK 0
#define IPV4_LOOPBACK 127
#define IPV4_FIRST_MULTICAST 224

/*
 * Is this the address of one host, and not of a group, a loopback device or no host? Answers go only from and to such
 * addresses.
 */
static __always_inline bool is_one_host(const __u64 address[2])
{
	__u32 first;

	if (!is_mapped(address))
		return !is_ipv6_multicast(address) && (address[0] || address[1] != bpf_cpu_to_be64(1)) &&
		       (address[0] || address[1]);
	first = bpf_ntohl(address[1] >> 32) >> 24;
	return first != IPV4_THIS_NETWORK && first != IPV4_LOOPBACK && first < IPV4_FIRST_MULTICAST;
}

/*
 * May weir answer this packet? It never answers resets, ICMP errors, ICMP replies and multicast, so that no two ends
 * answer each other for ever. A fragmented datagram is answered once, at its first fragment.
 */
static __always_inline bool may_be_answered(const struct packet *packet, const struct answer *answer)
{
	if (answer->ethernet.h_source[0] & 1 || !(packet->headers.flags & PACKET_HAS_PORTS) ||
	    !is_one_host(packet->headers.tuple.source_be) || !is_one_host(packet->headers.tuple.destination_be))
		return false;
	switch (packet->headers.tuple.protocol) {
	case IPPROTO_TCP:
		return !(packet->headers.tcp_flags & TCP_RST) && !(packet->headers.flags & PACKET_FRAGMENT);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return has_icmp_id(packet->headers.tuple.protocol, packet->headers.tuple.icmp_type);
	default:
		return !(packet->headers.flags & PACKET_LATER_FRAGMENT);
	}
}

/* Overwrites the frame with the answer. Returns enum weir_answer. */
static __always_inline __u32 answer_sender(hook_context *ctx, const struct packet *packet)
{
	struct answer *answer = answer_in_scratch();
	__u32 zero = 0;
	__u64 *limiter = bpf_map_lookup_elem(&answer_limiter, &zero);
	bool written, reset = packet->headers.tuple.protocol == IPPROTO_TCP;

	if (!answer || !limiter || !turn_link_header(ctx, packet, answer))
		return ANSWER_FAILED;
	if (!may_be_answered(packet, answer))
		return ANSWER_UNFIT;
	if (!claim_turn(limiter, ANSWERS_PER_SECOND))
		return ANSWER_SUPPRESSED;
	written = reset ? write_reset(ctx, packet, answer) : write_prohibited(ctx, packet, answer);
	if (!written || !replace_packet(ctx, packet, answer) || !store_link_header(ctx, answer))
		return ANSWER_FAILED;
	return reset ? ANSWER_RESET : ANSWER_PROHIBITED;
}

static __always_inline void count_answer(__u32 what)
{
	__u64 *count = bpf_map_lookup_elem(&answers, &what);

	if (count)
		*count += 1;
}

/* Rejects a packet. Returns the return value of the program. Not static: see judge_inner. */
__noinline int reject(hook_context *ctx, __u32 which)
{
	struct packet *packet = packet_in_scratch(which);

	if (!packet)
		return DROP;
	packet->outcome.answer = which == OUTER ? answer_sender(ctx, packet) : ANSWER_UNFIT;
	count_answer(packet->outcome.answer);
	if (packet->outcome.answer != ANSWER_RESET && packet->outcome.answer != ANSWER_PROHIBITED)
		return DROP;
	return send_back(ctx, packet);
}

/* Drops a frame, and answers its sender if the rule says so. Returns the return value of the program. */
static __always_inline int drop(hook_context *ctx, struct packet *packet)
{
	struct packet *inner = packet->outcome.tunnelled ? packet_in_scratch(INNER) : NULL;

	packet->outcome.answer = ANSWER_NONE;
	if (asks_to_reject(packet))
		return reject(ctx, OUTER);
	if (inner && asks_to_reject(inner))
		return reject(ctx, INNER);
	return DROP;
}

#endif
