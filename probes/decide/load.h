/* SPDX-License-Identifier: GPL-2.0 */
/* Finds the connection of a packet, and loads the decision that it keeps. */
#ifndef WEIR_LOAD_H
#define WEIR_LOAD_H

#include "decide/blocked.h"
#include "decide/first.h"

/*
 * Notes that another local socket sends packets of the flow than the one for which the flow was judged; false if not.
 * When a process has ended, another one can use the same addresses and ports. A TCP flow is checked only at a SYN,
 * because a listener and the sockets that it accepts share their address and port.
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

/* Loads the decision of the flow. If the flow is undecided, `on_error` of the direction of this packet decides. */
static __always_inline bool load_flow_decision(const struct judgement *j, struct packet *packet,
					       const struct flow *flow)
{
	if (!load_decision(packet, flow))
		return false;
	if (packet->decision.slot == SLOT_ON_ERROR)
		packet->decision.action = j->policy->on_error[packet->frame.direction & 1];
	return true;
}

/*
 * Finds the flow of the packet that an ICMP error quotes. The error has to come in the other direction than that
 * packet. So nobody gets an ICMP error past the rules by sending first a packet with a forged source, and then an error
 * about it.
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
 * The packet begins another connection between the ends of the flow. While the rules are asked, a flow that has not
 * ended is closed, and counts for no rule: if the packet passes, its connection replaces that of the flow, so that only
 * one of them may count.
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
 * Loads a blocked connection that has no hint, and sets its hint. This is a function of its own, so that the verifier
 * goes through it once.
 */
static __noinline struct flow *load_blocked(struct packet *packet)
{
	struct flow *blocked;

	if (!packet)
		return NULL;
	blocked = find_blocked(packet, &packet->connection.key);
	if (blocked && !(blocked->flags & FLOW_MIDSTREAM))
		set_hint(packet);
	return blocked;
}

/*
 * Loads the flow of the packet, or else its blocked connection. A flow that has ended gives way to a blocked
 * connection, but not to one that weir has not seen begin (FLOW_MIDSTREAM): such a one may exist beside a flow that
 * goes on.
 */
static __always_inline void load_unhinted(struct judgement *j, struct packet *packet)
{
	struct flow *blocked;

	j->flow = find_flow(&packet->connection.key, &packet->role.unconfirmed);
	if (j->flow && !has_ended(j->flow))
		return;
	blocked = load_blocked(packet);
	if (j->flow && (!blocked || blocked->flags & FLOW_MIDSTREAM))
		return;
	j->flow = NULL;
	j->blocked = blocked;
}

/*
 * Loads the flow or the blocked connection of the packet. If there is a hint for the connection, it has no flow, or one
 * that has ended.
 */
static __always_inline void load_connection(struct judgement *j, struct packet *packet)
{
	struct flow *blocked = NULL;

	if (packet->rule_set.in_detect && is_hinted(packet)) {
		blocked = find_blocked(packet, &packet->connection.key);
		if (!blocked || blocked->flags & FLOW_MIDSTREAM) {
			remove_hint(packet);
			blocked = NULL;
		}
	}
	if (blocked)
		j->blocked = blocked;
	else
		load_unhinted(j, packet);
}

/*
 * Loads the decision that the connection of the packet keeps, or for an ICMP error the connection that it is about.
 * False if there is none.
 */
static __always_inline bool load_kept_decision(struct judgement *j, struct packet *packet)
{
	bool opens;

	packet->role.source_is_low = make_flow_key(packet, &packet->headers.tuple, &packet->connection.key);
	if (packet->headers.flags & PACKET_ICMP_ERROR) {
		j->related = find_related(j, packet);
		return j->related ? load_flow_decision(j, packet, j->related)
				  : !packet->role.trusted && carry_error(packet);
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
	return !note_other_sender(j, packet, opens) && load_flow_decision(j, packet, j->flow);
}

/*
 * Decides a packet of a banned address, which does not advance its connection. Returns whether its connection has to be
 * looked up, because it goes on in detect mode. Not static: see judge_inner.
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

/* Fills in the role of a banned packet in its connection, which goes on in detect mode. Not static: see judge_inner. */
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

/* Decides a packet of a banned address, and loads its connection. */
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
