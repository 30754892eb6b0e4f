/* SPDX-License-Identifier: GPL-2.0 */
/* One packet before its judge: what is known of its connection, and the decision it gets. */
#ifndef WEIR_JUDGEMENT_H
#define WEIR_JUDGEMENT_H

#include "flow/segments.h"
#include "decide/failsafe.h"

/* What is known about the packet's connection while it is judged. */
struct judgement {
	hook_context *ctx;
	struct policy *policy;
	struct flow *flow;
	struct flow *related; /* of an ICMP error: the connection it is about */
	struct flow *blocked; /* where there is no flow: the connection that detect lets go on */
};

/* NULL where there is no packet. */
static __always_inline struct policy *policy_of(const struct packet *packet)
{
	__u32 copy = packet ? packet->rule_set.copy : 0;
	struct policy *policy = bpf_map_lookup_elem(&policies, &copy);

	return packet ? policy : NULL;
}

/* The flow that tells of the packet's connection. */
static __always_inline struct flow *flow_or_related(const struct judgement *j)
{
	if (j->flow)
		return j->flow;
	asm volatile(
		""); /* keeps the compiler from asking after both by an OR of the pointers, which the verifier refuses */
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
