/* SPDX-License-Identifier: GPL-2.0 */
/* The judgement of one packet: the flow that is found for it, and the decision that it gets. */
#ifndef WEIR_JUDGEMENT_H
#define WEIR_JUDGEMENT_H

#include "flow/segments.h"
#include "decide/failsafe.h"

/* The flow of the packet, and where to find the rest, while the packet is judged. */
struct judgement {
	hook_context *ctx;
	struct policy *policy;
	struct flow *flow;
	struct flow *related; /* the flow that an ICMP error is about */
	struct flow *blocked; /* the blocked connection of the packet, if there is no flow */
};

/* Returns NULL if there is no packet. */
static __always_inline struct policy *policy_of(const struct packet *packet)
{
	__u32 copy = packet ? packet->rule_set.copy : 0;
	struct policy *policy = bpf_map_lookup_elem(&policies, &copy);

	return packet ? policy : NULL;
}

/* The flow of the packet, or the one that an ICMP error is about. */
static __always_inline struct flow *flow_or_related(const struct judgement *j)
{
	if (j->flow)
		return j->flow;
	asm volatile(""); /* keeps clang from comparing both pointers by an OR of them, which the verifier refuses */
	return j->related;
}

static __always_inline bool is_bare_syn(const struct packet *packet)
{
	return packet->headers.tuple.protocol == IPPROTO_TCP && packet->headers.flags & PACKET_HAS_PORTS &&
	       (packet->headers.tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

static __always_inline void decide_as(struct packet *packet, __u32 slot, __u32 action, __u32 reason)
{
	packet->decision.slot = slot;
	packet->decision.staged = SLOT_NONE;
	packet->decision.action = action;
	packet->decision.reason = reason;
	packet->decision.condition_count = 0;
	packet->decision.staged_at = 0;
	packet->decision.once = 0;
	packet->decision.ask_again = 0;
}

static __always_inline void decide_undecided(struct packet *packet, const struct policy *policy, __u32 reason)
{
	decide_as(packet, SLOT_ON_ERROR, policy->on_error[packet->frame.direction & 1], reason);
}

#endif
