/* SPDX-License-Identifier: GPL-2.0 */
/* Finds the connection of a packet, and loads the decision that it keeps. */
#ifndef WEIR_LOAD_H
#define WEIR_LOAD_H

#include "decide/blocked.h"
#include "decide/first.h"

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

#endif
