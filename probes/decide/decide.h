/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one verdict path, for both hooks and both modes:
 *
 *   failsafe.h -> bans.h -> load.h: the flow, or the blocked connection -> first.h -> outcome.h -> settle.h
 *
 * `verdict_of` (outcome.h) reads the mode last, and nothing else drops. Before it, the mode only says whether to look
 * for blocked connections (blocked.h). A packet that is dropped, or would be, advances no state that rules ask about.
 */
#ifndef WEIR_DECIDE_H
#define WEIR_DECIDE_H

#include "parse/fragment.h"
#include "decide/bans.h"
#include "decide/first.h"
#include "decide/load.h"
#include "decide/outcome.h"
#include "decide/settle.h"

/*
 * If the packet passes, its connection replaces the flow, which has ended. A packet that is dropped, or would be,
 * leaves the flow as it was. Not static: see judge_inner.
 */
__noinline int settle_replacement(__u32 which)
{
	struct packet *packet = packet_in_scratch(which);
	struct flow *flow;

	if (!packet || (is_blocked(packet) && !packet->role.suspends))
		return 0;
	flow = find_flow(&packet->connection.key, &packet->role.unconfirmed);
	if (!flow || !has_ended(flow))
		return 0;
	if (is_blocked(packet)) {
		change_flow(&packet->connection.key, flow, &packet->connection.ended, CHANGE_REOPEN);
		return 0;
	}
	change_flow(&packet->connection.key, flow, &packet->connection.ended, CHANGE_END);
	remove_flow(&packet->connection.key);
	return 0;
}

/* A tunnel inside a tunnel is undecided, because weir does not look into it. */
static __always_inline void refuse_depth(struct packet *packet, const struct policy *policy)
{
	packet->outcome.slot = SLOT_ON_ERROR;
	packet->outcome.reason = REASON_TUNNEL_DEPTH;
	packet->outcome.action = policy->on_error[packet->frame.direction & 1];
}

/*
 * Advances the connection of a packet that passes. With `stays_blocked` it is a blocked connection, which stays blocked
 * even if packets of the other direction are undecided and pass.
 */
static __always_inline void advance(hook_context *ctx, struct packet *packet, struct flow *flow, bool stays_blocked)
{
	advance_flow(ctx, packet, flow, packet->role.by_opener);
	if (flow->flags & (FLOW_UNCLAIMED | FLOW_RECEIVER_UNCERTAIN | FLOW_WOULD_DROP)) {
		if (HOOK_HAS_SENDERS && flow->flags & FLOW_UNCLAIMED && packet->frame.direction == DIRECTION_EGRESS)
			claim_flow(ctx, packet->which, flow);
		if (flow->flags & FLOW_RECEIVER_UNCERTAIN && packet->frame.direction == DIRECTION_INGRESS)
			settle_receiver(packet->which, flow);
		if (flow->flags & FLOW_WOULD_DROP && !is_blocked(packet) && !stays_blocked)
			end_blocking(flow);
	}
}

/* Advances a blocked connection. Not static: see judge_inner. */
__noinline int advance_blocked(hook_context *ctx, __u32 which, struct flow *blocked)
{
	struct packet *packet = packet_in_scratch(which);

	if (packet && blocked)
		advance(ctx, packet, blocked, true);
	return 0;
}

/* Judges one packet, that of the frame or the one in its tunnel. Returns its verdict. */
static __always_inline __u32 judge(hook_context *ctx, struct packet *packet)
{
	struct judgement j = { .ctx = ctx, .policy = policy_of(packet) };
	bool banned, known = false;
	__u32 settled = 0;

	if (!j.policy)
		return VERDICT_PASSED;
	packet->headers.tuple.direction = packet->frame.direction;
	packet->role.trusted = is_trusted(packet, j.policy);
	banned = packet->rule_set.bans && !packet->role.trusted && packet->headers.flags & PACKET_HAS_ADDRESSES &&
		 is_banned(ctx, packet->which);
	if (!banned && packet->headers.flags & PACKET_FRAGMENT && !packet->outcome.reason)
		packet->outcome.reason = track_fragment(packet->which);
	if (!banned && !packet->outcome.reason && is_discovery_or_dhcp(ctx, packet)) {
		decide_as(packet, SLOT_FAILSAFE, ACTION_ALLOW, 0);
		known = true;
	}
	if (!banned && !known && !packet->outcome.reason && packet->headers.flags & PACKET_HAS_PORTS)
		known = load_kept_decision(&j, packet);
	if (packet->role.trusted && (known || j.flow)) {
		decide_as(packet, SLOT_FAILSAFE, ACTION_ALLOW, 0);
		known = true;
	}
	if (banned)
		load_banned(&j, packet);
	else if (!known && judge_first(ctx, packet->which, j.flow, j.related, j.blocked))
		j.blocked = NULL;
	apply_decision(&j, packet);
	if (packet->headers.tunnel && packet->headers.inner_kind != TUNNEL_NONE &&
	    packet->outcome.action == ACTION_ALLOW && !packet->outcome.reason) {
		refuse_depth(packet, j.policy);
		packet->role.opens = false;
	}
	packet->outcome.verdict = verdict_of(packet);
	if (!known && packet->role.replaces)
		settle_replacement(packet->which);
	if (!known)
		settled = settle_first(ctx, packet->which, j.flow, j.blocked);
	else if (j.flow)
		settle_known(ctx, packet, j.flow);
	if (settled & SETTLED_FORGOTTEN)
		j.blocked = NULL;
	count_outcome(packet, settled & SETTLED_OPENED);
	if (packet->outcome.verdict == VERDICT_DROPPED)
		return VERDICT_DROPPED;
	if (packet->role.offers && !is_blocked(packet))
		note_offer(packet->which);
	if (!j.flow) {
		if (is_bare_syn(packet) && packet->outcome.verdict == VERDICT_PASSED)
			note_syn_passed(packet->which);
		if (j.blocked)
			advance_blocked(ctx, packet->which, j.blocked);
		return packet->outcome.verdict;
	}
	if (is_blocked(packet)) {
		let_flow_go_on(packet->which, j.flow);
		return packet->outcome.verdict;
	}
	if (packet->role.unconfirmed && is_exchange(packet, j.flow, packet->role.by_opener)) {
		j.flow = promote_flow(&packet->connection.key, j.flow);
		if (!j.flow)
			return packet->outcome.verdict;
	}
	advance(ctx, packet, j.flow, false);
	return packet->outcome.verdict;
}

/*
 * Judges the packet in the tunnel. The packet of the frame is judged inline, because a call costs time. This function
 * is not static: the verifier then goes through it once, and not again for every state of its callers.
 */
__noinline int judge_inner(hook_context *ctx)
{
	struct packet *packet = packet_in_scratch(INNER);

	return packet ? judge(ctx, packet) : VERDICT_PASSED;
}

#endif
