/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one verdict path, for both hooks and both modes:
 *
 *   link upkeep -> trusted peers -> bans -> flow of this generation -> first.h -> outcome.h -> settle.h
 *
 * Only `verdict_of` (outcome.h) looks at the mode, last. A packet that is dropped, or would be, advances no state.
 */
#ifndef WEIR_DECIDE_H
#define WEIR_DECIDE_H

#include "bans.h"
#include "first.h"
#include "fragment.h"
#include "outcome.h"
#include "settle.h"

/*
 * Does another socket send here than the one that the flow was judged for? One whose process is gone may leave its ends, and
 * with them the flow, to another process. Of TCP only a SYN tells: the socket that listens hands over to those it accepts.
 */
static __always_inline bool has_other_sender(struct judgement *j, const struct packet *packet, bool opens)
{
	__u64 cookie;

	if (!HOOK_HAS_SENDERS || packet->direction != DIRECTION_EGRESS || !j->policy->kinds || packet->tunnel ||
	    (packet->protocol == IPPROTO_TCP && !opens))
		return false;
	cookie = sender_cookie(j->ctx);
	if (!cookie || cookie == j->flow->cookie)
		return false;
	j->flow->cookie = cookie;
	return true;
}

/* A flow may be undecided, too: then it is by the packet's own direction what becomes of it. */
static __always_inline bool load_standing(const struct judgement *j, struct packet *packet, const struct flow *flow)
{
	if (!load_decision(packet, flow))
		return false;
	if (packet->decision.slot == SLOT_ON_ERROR)
		packet->decision.action = j->policy->on_error[packet->direction & 1];
	return true;
}

/*
 * The flow of the packet that an ICMP error quotes. The error comes back where that packet went: whoever sends with another's
 * address, and then an error about that, gets nothing past the rules by it.
 */
static __always_inline struct flow *find_related(struct judgement *j, struct packet *packet)
{
	struct flow *flow;
	bool by_opener;

	if (!(packet->flags & PACKET_RELATED))
		return NULL;
	flow = find_flow(&packet->related, &j->one_way);
	if (!flow)
		return NULL;
	by_opener = is_by_opener(flow, packet->flags & PACKET_QUOTED_IS_LOW);
	return by_opener == (flow->direction != packet->direction) ? flow : NULL;
}

/* The decision that the packet's flow, or that of the packet an ICMP error quotes, keeps; false if it has none. */
static __always_inline bool find_decision(struct judgement *j, struct packet *packet)
{
	bool opens = is_bare_syn(packet);

	j->source_low = make_flow_key(packet, &packet->tuple, &packet->key);
	if (packet->flags & PACKET_ICMP_ERROR) {
		j->related = find_related(j, packet);
		return j->related && load_standing(j, packet, j->related);
	}
	j->flow = find_flow(&packet->key, &j->one_way);
	if (!j->flow)
		return false;
	j->by_opener = is_by_opener(j->flow, j->source_low);
	if (opens && has_ended(j->flow)) {
		if (!(j->flow->flags & FLOW_CLOSED) && j->flow->decision.condition_count) {
			opener_of_flow(packet, j->flow, j->by_opener);
			count_connection(packet, &j->flow->decision, -1);
		}
		remove_flow(&packet->key);
		j->flow = NULL;
		return false;
	}
	if (opens && !j->by_opener) {
		j->flow = NULL;
		j->apart = true;
		return false;
	}
	return !has_other_sender(j, packet, opens) && load_standing(j, packet, j->flow);
}

/* A tunnel in a tunnel: what is inside of it cannot be judged. */
static __always_inline void refuse_depth(struct packet *packet, const struct policy *policy)
{
	packet->outcome.slot = SLOT_ON_ERROR;
	packet->outcome.reason = REASON_TUNNEL_DEPTH;
	packet->outcome.action = policy->on_error[packet->direction & 1];
}

/* Nothing more is asked about a packet of a banned address, and its connection does not go on by it. */
static __noinline int refuse_banned(struct judgement *j, struct packet *packet)
{
	if (!j || !packet)
		return VERDICT_PASSED;
	packet->opener = packet->tuple;
	packet->outcome.reason = 0;
	decide_as(packet, SLOT_BAN, ACTION_BLOCK, 0);
	apply_decision(j, packet);
	packet->outcome.verdict = verdict_of(packet);
	if (j->policy)
		tell_first(j, packet, 0);
	return packet->outcome.verdict;
}

/* Judges one packet, the outer or the inner one of a tunnel, and returns its verdict. */
static __always_inline __u32 judge(hook_context *ctx, struct packet *packet)
{
	__u32 copy = packet->copy;
	struct judgement j = { .ctx = ctx, .policy = bpf_map_lookup_elem(&policies, &copy) };
	bool known = false, opened = false;

	if (!j.policy)
		return VERDICT_PASSED;
	packet->tuple.direction = packet->direction;
	j.trusted = is_trusted(packet, j.policy);
	if (packet->bans && !j.trusted && packet->flags & PACKET_HAS_ADDRESSES && is_banned(ctx, packet->which))
		return refuse_banned(&j, packet);
	if (packet->flags & PACKET_FRAGMENT && !packet->outcome.reason)
		packet->outcome.reason = track_fragment(packet->which);
	packet->tuple.protocol = packet->protocol;
	if (!packet->outcome.reason && is_link_upkeep(ctx, packet)) {
		decide_as(packet, SLOT_FAILSAFE, ACTION_ALLOW, 0);
		known = true;
	}
	if (!known && !packet->outcome.reason && packet->flags & PACKET_HAS_PORTS)
		known = find_decision(&j, packet);
	if (j.trusted && (known || j.flow)) {
		decide_as(packet, SLOT_FAILSAFE, ACTION_ALLOW, 0);
		known = true;
	}
	if (!known)
		judge_first(&j, packet);
	apply_decision(&j, packet);
	if (packet->tunnel && packet->inner_kind != TUNNEL_NONE && packet->outcome.action == ACTION_ALLOW &&
	    !packet->outcome.reason) {
		refuse_depth(packet, j.policy);
		j.opens = false;
	}
	packet->outcome.verdict = verdict_of(packet);
	if (!known)
		opened = settle_first(&j, packet);
	else if (j.flow)
		settle_known(&j, packet);
	count_outcome(packet, opened);
	if (!j.flow || is_blocked(packet))
		return packet->outcome.verdict;
	if (j.one_way && is_exchange(packet, j.flow, j.by_opener)) {
		j.flow = promote_flow(&packet->key, j.flow);
		if (!j.flow)
			return packet->outcome.verdict;
	}
	advance_flow(packet, j.flow, j.by_opener);
	if (HOOK_HAS_SENDERS && j.flow->flags & FLOW_UNCLAIMED && packet->direction == DIRECTION_EGRESS)
		claim_flow(ctx, packet->which, j.flow);
	if (j.flow->flags & FLOW_DOUBTED && packet->direction == DIRECTION_INGRESS)
		settle_doubt(packet->which, j.flow);
	if (closes_flow(packet, j.flow))
		finish_closed(&j, packet, j.flow);
	return packet->outcome.verdict;
}

/*
 * A frame's own packet is judged in place, because a call costs; the one in its tunnel here. Not static: the verifier
 * then goes through it once, and not again for every state its callers can be in.
 */
__noinline int judge_inner(hook_context *ctx)
{
	struct packet *packet = packet_in_scratch(INNER);

	return packet ? judge(ctx, packet) : VERDICT_PASSED;
}

#endif
