/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the sender of a dropped packet is told where the rule says `reject`: a TCP reset, else the ICMP error
 * "administratively prohibited". The packet is rewritten into the answer and goes back where it came from.
 */
#ifndef WEIR_REJECT_H
#define WEIR_REJECT_H

#include "base/limiter.h"
#include "base/rule_set.h"
#include "answer/answer.h"

/* enum weir_answer -> packets */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, ANSWER_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} answers SEC(".maps");

/* 0 -> second and how many answers were sent in it: see limiter.h */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} answer_limiter SEC(".maps");

#define ANSWERS_PER_SECOND 1000

/* Whether the rule that dropped this packet wants its sender to know. */
static __always_inline bool asks_to_reject(const struct packet *packet)
{
	__u32 slot = packet->outcome.slot, index = packet->rule_set.copy * rule_slots + slot;
	struct rule *rule;

	if (packet->outcome.verdict != VERDICT_DROPPED || slot < SLOT_FIRST_RULE)
		return false;
	rule = bpf_map_lookup_elem(&rules, &index);
	return rule && rule->flags & RULE_REJECT;
}

/* Answers come from one host and go to one host: not from or to a group, a network, or nobody. */
static __always_inline bool is_one_host(const __u64 address[2])
{
	const __u8 *bytes = (const __u8 *)address;
	__u32 first;

	if (!is_mapped(address))
		return bytes[0] != 0xff && (address[0] || address[1] != bpf_cpu_to_be64(1)) &&
		       (address[0] || address[1]);
	first = bpf_ntohl(address[1] >> 32) >> 24;
	return first != 0 && first != 127 && first < 224;
}

/* Nothing is said to a reset or an error, lest two ends go on answering each other; and of a datagram in parts only once. */
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

/* Rewrites the frame. What became of it is one of enum weir_answer. */
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

/* Not static: what is rare must not make the verifier go through the rest again. */
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

/* What a hook returns for a frame that is dropped. */
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
