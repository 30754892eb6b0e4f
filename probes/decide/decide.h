/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one verdict path, for both hooks and both modes:
 *
 *   link upkeep -> trusted peers -> bans -> flow of this generation, or blocked.h -> first.h -> outcome.h -> settle.h
 *
 * `verdict_of` (outcome.h) reads the mode last, and nothing else drops. Before it, the mode only says whether to look among the
 * connections that detect lets go on (blocked.h). A packet that is dropped, or would be, advances no state that rules ask about.
 */
#ifndef WEIR_DECIDE_H
#define WEIR_DECIDE_H

#include "decide/bans.h"
#include "decide/first.h"
#include "parse/fragment.h"
#include "decide/outcome.h"
#include "decide/settle.h"

/*
 * Notes that another socket sends here than the one that the flow was judged for; false if none does. One whose process is gone
 * may leave its ends, and with them the flow, to another process. Of TCP only a SYN tells: the socket that listens hands over to
 * those it accepts.
 */
static __always_inline bool note_other_sender(struct judgement *j, const struct packet *packet, bool opens)
{
	__u64 cookie;

	if (!HOOK_HAS_SENDERS || packet->frame.direction != DIRECTION_EGRESS || !j->policy->kinds ||
	    packet->headers.tunnel || (packet->headers.tuple.protocol == IPPROTO_TCP && !opens))
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
		packet->decision.action = j->policy->on_error[packet->frame.direction & 1];
	return true;
}

/*
 * The flow of the packet that an ICMP error quotes. The error comes back where that packet went: whoever sends with another's
 * address, and then an error about that, gets nothing past the rules by it.
 */
static __always_inline struct flow *find_related(struct judgement *j, struct packet *packet)
{
	struct flow *flow;

	if (!(packet->headers.flags & PACKET_QUOTES))
		return NULL;
	flow = find_flow(&packet->quoted, &packet->role.unconfirmed);
	return flow && is_error_of(packet, flow) ? flow : NULL;
}

/*
 * The packet begins another connection between the ends of the flow. A flow that has not ended counts for no rule while they are
 * asked: either both connections are one and the same, or the new one takes its place.
 */
static __always_inline void suspend_flow(struct packet *packet, struct flow *flow)
{
	packet->role.replaces = true;
	if (has_ended(flow))
		return;
	packet->role.suspends = true;
	change_flow(&packet->connection.key, flow, &packet->connection.ended, CHANGE_CLOSE);
}

/*
 * The connection of the packet takes the place of one that has ended, if the packet passes. One that is dropped, or would be,
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

/* Loads the blocked connection that no hint named, and sets its hint. Apart for the verifier's sake: see advance_blocked. */
static __noinline struct flow *load_blocked(struct packet *packet)
{
	struct flow *blocked;

	if (!packet)
		return NULL;
	blocked = find_blocked(packet, &packet->connection.key);
	if (blocked && !(blocked->flags & FLOW_MET))
		set_hint(packet);
	return blocked;
}

/*
 * A flow comes before a blocked connection, unless it has ended before that began. Where nobody has seen it begin (FLOW_MET), it
 * may stand beside a flow whose packets go on.
 */
static __always_inline void load_unhinted(struct judgement *j, struct packet *packet)
{
	struct flow *blocked;

	j->flow = find_flow(&packet->connection.key, &packet->role.unconfirmed);
	if (j->flow && !has_ended(j->flow))
		return;
	blocked = load_blocked(packet);
	if (j->flow && (!blocked || blocked->flags & FLOW_MET))
		return;
	j->flow = NULL;
	j->blocked = blocked;
}

/* Where the hint is that of the connection there is no flow, or one that has ended before. */
static __always_inline void load_connection(struct judgement *j, struct packet *packet)
{
	struct flow *blocked = NULL;

	if (packet->rule_set.in_detect && is_hinted(packet)) {
		blocked = find_blocked(packet, &packet->connection.key);
		if (!blocked || blocked->flags & FLOW_MET) {
			remove_hint(packet);
			blocked = NULL;
		}
	}
	if (blocked)
		j->blocked = blocked;
	else
		load_unhinted(j, packet);
}

/* Loads the decision that the packet's flow, or that of the packet an ICMP error quotes, keeps; false if it has none. */
static __always_inline bool load_kept_decision(struct judgement *j, struct packet *packet)
{
	bool opens;

	packet->role.source_is_low = make_flow_key(packet, &packet->headers.tuple, &packet->connection.key);
	if (packet->headers.flags & PACKET_ICMP_ERROR) {
		j->related = find_related(j, packet);
		return j->related ? load_standing(j, packet, j->related) : !packet->role.trusted && carry_error(packet);
	}
	load_connection(j, packet);
	if (!j->flow) {
		if (!j->blocked)
			return false;
		packet->role.by_opener = is_by_opener(j->blocked, packet->role.source_is_low);
		packet->role.replaces = true;
		return !packet->role.trusted && follow_blocked(j, packet);
	}
	packet->role.by_opener = is_by_opener(j->flow, packet->role.source_is_low);
	opens = is_bare_syn(packet);
	if (opens ? has_ended(j->flow) : is_succeeded(packet, j->flow, packet->role.by_opener)) {
		suspend_flow(packet, j->flow);
		j->flow = NULL;
		packet->role.succeeds = !opens;
		return false;
	}
	if (opens && (!packet->role.by_opener || is_offer(packet, j->flow))) {
		packet->role.offers = packet->role.by_opener;
		packet->role.separate = true;
		j->flow = NULL;
		return false;
	}
	return !note_other_sender(j, packet, opens) && load_standing(j, packet, j->flow);
}

/* A tunnel in a tunnel: what is inside of it cannot be judged. */
static __always_inline void refuse_depth(struct packet *packet, const struct policy *policy)
{
	packet->outcome.slot = SLOT_ON_ERROR;
	packet->outcome.reason = REASON_TUNNEL_DEPTH;
	packet->outcome.action = policy->on_error[packet->frame.direction & 1];
}

/*
 * Nothing more is asked about a packet of a banned address, and its connection does not go on by it. Does it have one in
 * detect, where it may? Not static: see judge_inner.
 */
__noinline int refuse_banned(__u32 which)
{
	struct packet *packet = packet_in_scratch(which);

	if (!packet)
		return false;
	packet->connection.opener = packet->headers.tuple;
	decide_as(packet, SLOT_BAN, ACTION_BLOCK, 0);
	if (!packet->rule_set.in_detect || packet->outcome.reason || !(packet->headers.flags & PACKET_HAS_PORTS) ||
	    packet->headers.flags & PACKET_ICMP_ERROR)
		return false;
	packet->role.source_is_low = make_flow_key(packet, &packet->headers.tuple, &packet->connection.key);
	return true;
}

/* How the packet that is banned stands to its connection, which goes on in detect. Not static: see judge_inner. */
__noinline int follow_banned(__u32 which, struct flow *flow, struct flow *blocked)
{
	struct packet *packet = packet_in_scratch(which);

	if (!packet)
		return 0;
	if (flow) {
		packet->role.by_opener = is_by_opener(flow, packet->role.source_is_low);
		opener_of_flow(packet, flow, packet->role.by_opener);
		return 0;
	}
	packet->role.opens = can_open(packet);
	if (!blocked)
		return 0;
	packet->role.by_opener = is_by_opener(blocked, packet->role.source_is_low);
	if (is_carried(blocked, packet)) {
		opener_of_flow(packet, blocked, packet->role.by_opener);
		packet->role.carried = true;
	}
	return 0;
}

static __always_inline void load_banned(struct judgement *j, struct packet *packet)
{
	if (!refuse_banned(packet->which))
		return;
	load_unhinted(j, packet);
	if (j->flow && has_ended(j->flow) && is_bare_syn(packet))
		j->flow = NULL;
	follow_banned(packet->which, j->flow, j->blocked);
}

/*
 * What passes advances its connection: one that stands, or one that only detect lets go on. Such a one stays blocked, also where
 * what the other direction sends is undecided and passes.
 */
static __always_inline void advance(hook_context *ctx, struct packet *packet, struct flow *flow, bool stays_blocked)
{
	advance_flow(ctx, packet, flow, packet->role.by_opener);
	if (flow->flags & (FLOW_UNCLAIMED | FLOW_DOUBTED | FLOW_WOULD_DROP)) {
		if (HOOK_HAS_SENDERS && flow->flags & FLOW_UNCLAIMED && packet->frame.direction == DIRECTION_EGRESS)
			claim_flow(ctx, packet->which, flow);
		if (flow->flags & FLOW_DOUBTED && packet->frame.direction == DIRECTION_INGRESS)
			settle_doubt(packet->which, flow);
		if (flow->flags & FLOW_WOULD_DROP && !is_blocked(packet) && !stays_blocked)
			end_blocking(flow);
	}
}

/* Not static: see judge_inner. */
__noinline int advance_blocked(hook_context *ctx, __u32 which, struct flow *blocked)
{
	struct packet *packet = packet_in_scratch(which);

	if (packet && blocked)
		advance(ctx, packet, blocked, true);
	return 0;
}

/* Judges one packet, the outer or the inner one of a tunnel, and returns its verdict. */
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
	if (!banned && !packet->outcome.reason && is_link_upkeep(ctx, packet)) {
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
 * A frame's own packet is judged in place, because a call costs; the one in its tunnel here. Not static: the verifier
 * then goes through it once, and not again for every state its callers can be in.
 */
__noinline int judge_inner(hook_context *ctx)
{
	struct packet *packet = packet_in_scratch(INNER);

	return packet ? judge(ctx, packet) : VERDICT_PASSED;
}

#endif
