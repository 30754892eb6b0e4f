/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Blocked connections: in detect mode they go on, although prevent mode would drop them. They are in a table of their
 * own, which is read in detect mode only, and no rate and no count of a rule includes them.
 *
 * Prevent mode would meet only the packets that open such a connection: of TCP each SYN that the opener sends, of other
 * protocols each packet of the opener. weir judges these packets as in prevent mode. All other packets are carried
 * packets, which would never have been sent. A connection that weir has not seen begin (FLOW_MIDSTREAM) has none:
 * prevent mode would meet each of its packets.
 *
 * When the rules change, the new rules are asked about the packet that opens the connection. The connection stays a
 * blocked one if they would drop that packet, too (see judge_blocked).
 */
#ifndef WEIR_BLOCKED_H
#define WEIR_BLOCKED_H

#include "decide/judgement.h"

static __always_inline struct flow *find_blocked(const struct packet *packet, const struct flow_key *key)
{
	return packet->rule_set.in_detect ? bpf_map_lookup_elem(&blocked_flows, key) : NULL;
}

/*
 * Removes the blocked connection of the packet, and reports its end, unless that was reported. Not static: see
 * judge_inner.
 */
__noinline int remove_blocked(__u32 which)
{
	struct packet *packet = packet_in_scratch(which);
	struct flow *blocked;

	if (!packet)
		return 0;
	blocked = bpf_map_lookup_elem(&blocked_flows, &packet->connection.key);
	if (!blocked)
		return 0;
	change_flow(&packet->connection.key, blocked, &packet->connection.ended, CHANGE_REPORT);
	if (!bpf_map_delete_elem(&blocked_flows, &packet->connection.key))
		count_flows_of(COUNT_BLOCKED, 0, 1);
	return 0;
}

/*
 * Is the stored decision of the rule set that this packet meets? The decision of a ban is never reused, because a ban
 * can end at any time.
 */
static __always_inline bool is_of_this_generation(const struct flow *blocked, const struct packet *packet)
{
	return *(volatile __u32 *)&blocked->generation == packet->rule_set.generation &&
	       blocked->decision.slot != SLOT_BAN;
}

/* Is this a carried packet of the blocked connection? */
static __always_inline bool is_carried(const struct flow *blocked, const struct packet *packet)
{
	if (blocked->flags & FLOW_MIDSTREAM)
		return false;
	return packet->headers.tuple.protocol == IPPROTO_TCP ? !is_bare_syn(packet) : !packet->role.by_opener;
}

/* Decides a carried packet as its connection was decided. */
static __always_inline void carry(struct packet *packet, __u32 slot, __u32 reason)
{
	decide_as(packet, slot, ACTION_BLOCK, reason);
	packet->role.carried = true;
}

/* Decides a packet of a blocked connection by the stored decision. False if the packet has to be judged. */
static __always_inline bool follow_blocked(struct judgement *j, struct packet *packet)
{
	struct flow *blocked = j->blocked;

	if (!is_of_this_generation(blocked, packet))
		return false;
	if (is_carried(blocked, packet)) {
		carry(packet, blocked->decision.slot, blocked->decision.reason);
		return true;
	}
	/* The decision of the first packet is reused if nothing can have changed it. */
	if (packet->headers.tuple.protocol == IPPROTO_TCP || packet->headers.flags & PACKET_LATER_FRAGMENT ||
	    j->policy->kinds || blocked->flags & (FLOW_MIDSTREAM | FLOW_ASKS_AGAIN) ||
	    blocked->icmp_type != packet->headers.tuple.icmp_type ||
	    blocked->icmp_code != packet->headers.tuple.icmp_code)
		return false;
	decide_as(packet, blocked->decision.slot, ACTION_BLOCK, blocked->decision.reason);
	return true;
}

/* Does the ICMP error come in the direction opposite to the packet that it quotes? */
static __always_inline bool is_error_of(const struct packet *packet, const struct flow *flow)
{
	bool by_opener = is_by_opener(flow, packet->headers.flags & PACKET_QUOTED_IS_LOW);

	return by_opener == (flow->direction != packet->frame.direction);
}

/* Decides an ICMP error about a blocked connection as a carried packet. False if it is not about one. */
static __always_inline bool carry_error(struct packet *packet)
{
	struct flow *blocked = packet->headers.flags & PACKET_QUOTES ? find_blocked(packet, &packet->quoted) : NULL;

	if (!blocked || blocked->flags & FLOW_MIDSTREAM || !is_of_this_generation(blocked, packet) ||
	    !is_error_of(packet, blocked))
		return false;
	carry(packet, blocked->decision.slot, blocked->decision.reason);
	return true;
}

/* Is this a packet that opens a connection, so that prevent mode would meet it? */
static __always_inline bool is_blocked_opening(const struct packet *packet)
{
	return packet->role.opens && packet->connection.opener.direction == packet->frame.direction &&
	       (packet->headers.tuple.protocol != IPPROTO_TCP || is_bare_syn(packet));
}

/*
 * Does the packet open another connection than the blocked one? A SYN may open the next connection between the same
 * ports, from either end.
 */
static __always_inline bool is_another(const struct judgement *j, const struct packet *packet)
{
	return j->blocked->flags & FLOW_MIDSTREAM || !packet->role.by_opener ||
	       (packet->headers.tuple.protocol == IPPROTO_TCP && has_ended(j->blocked));
}

/* Stores the connection of the packet as a blocked one. False if there is no room. */
static __always_inline bool insert_blocked(struct packet *packet, __u32 flags)
{
	bool by_opener = packet->connection.opener.direction == packet->frame.direction;
	__u64 cookie = packet->role.socket_known ? packet->connection.cookie : 0;
	struct flow *blocked = flow_in_scratch();

	if (!blocked)
		return false;
	describe_flow(packet->which, by_opener ? packet->role.source_is_low : !packet->role.source_is_low, cookie);
	blocked->flags |= flags | FLOW_WOULD_DROP | (packet->frame.direction == DIRECTION_EGRESS ? FLOW_UNCLAIMED : 0);
	blocked->reported = packet->outcome.slot;
	if (bpf_map_update_elem(&blocked_flows, &packet->connection.key, blocked, BPF_NOEXIST)) {
		remove_blocked(packet->which); /* it was not looked up, because there is a flow of the same key */
		if (bpf_map_update_elem(&blocked_flows, &packet->connection.key, blocked, BPF_NOEXIST)) {
			count_fault(FAULT_BLOCKED_INSERT);
			return false;
		}
	}
	if (!(blocked->flags & FLOW_MIDSTREAM))
		set_hint(packet);
	count_flows_of(COUNT_BLOCKED, 1, 0);
	return true;
}

/*
 * In detect mode, a connection that is older than the rule that would drop it goes on. This changes only its counters,
 * and how it is shown and reported. Not static: see judge_inner.
 */
__noinline int let_flow_go_on(__u32 which, struct flow *flow)
{
	struct packet *packet = packet_in_scratch(which);
	__u32 end, index, flags = 0;
	struct rule *rule;

	if (!packet || !flow)
		return 0;
	end = packet->role.by_opener ? 0 : 1;
	asm volatile("" : "+r"(end)); /* keeps clang from moving the bound to where the verifier does not see it */
	end &= 1;
	__sync_fetch_and_add(&flow->packets[end], packet->frame.wire_packets);
	__sync_fetch_and_add(&flow->bytes[end], packet->frame.wire_bytes);
	flow->seen_jiffies = bpf_jiffies64();
	if (packet->headers.tuple.protocol == IPPROTO_TCP && packet->headers.tcp_flags & (TCP_FIN | TCP_RST))
		flags |= FLOW_WOULD_END;
	if (!(flow->flags & FLOW_WOULD_DROP)) {
		index = packet->rule_set.copy * rule_slots + packet->outcome.slot;
		rule = bpf_map_lookup_elem(&rules, &index);
		/* A rule with conditions on packets would drop single packets, and not the connection. */
		if (rule && !rule->tcp_flags_mask && !rule->states && !rule->dscp && !rule->vlans[0].last &&
		    (!rule->rate_interval || rule->rate_per_connection))
			flags |= FLOW_WOULD_DROP;
	}
	if (flags & ~flow->flags)
		__sync_fetch_and_or(&flow->flags, flags);
	return 0;
}

/* The packets of the connection pass again, so that it is shown and reported as one that passes. */
static __always_inline void end_blocking(struct flow *flow)
{
	__sync_fetch_and_and(&flow->flags, ~(FLOW_WOULD_DROP | FLOW_WOULD_END));
	flow->reported = flow->decision.staged;
}

#endif
