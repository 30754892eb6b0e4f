/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Connections that detect lets go on although they would be dropped. Prevent would not know them: they live in a table of
 * their own, which is only looked into in detect, and where nothing is that a rule asks about.
 *
 * Prevent would have met what opens such a connection: of TCP the SYN, each time it is sent, of other protocols each packet
 * of the opener. These packets are judged as in prevent. All others are carried: they would never have been sent. Of a
 * connection that was met in the middle (FLOW_MET) prevent would meet each packet.
 *
 * When the rules change, the new ones are asked about the packet that opens the connection. It stays one blocked connection
 * where they would drop that packet, too (see judge_blocked).
 */
#ifndef WEIR_BLOCKED_H
#define WEIR_BLOCKED_H

#include "decide/judgement.h"

static __always_inline struct flow *find_blocked(const struct packet *packet, const struct flow_key *key)
{
	return packet->rule_set.in_detect ? bpf_map_lookup_elem(&blocked_flows, key) : NULL;
}

/* Forgets the blocked connection of the packet, and tells its end, unless that was told. Not static: see judge_inner. */
__noinline int remove_blocked(__u32 which)
{
	struct packet *packet = packet_in_scratch(which);
	struct flow *blocked;

	if (!packet)
		return 0;
	blocked = bpf_map_lookup_elem(&blocked_flows, &packet->connection.key);
	if (!blocked)
		return 0;
	change_flow(&packet->connection.key, blocked, &packet->connection.ended, CHANGE_TELL);
	if (!bpf_map_delete_elem(&blocked_flows, &packet->connection.key))
		count_flows_of(COUNT_BLOCKED, 0, 1);
	return 0;
}

/* Does the rule set of this packet still say what is kept? What a ban said is kept only as long as there is one. */
static __always_inline bool is_of_this_generation(const struct flow *blocked, const struct packet *packet)
{
	return *(volatile __u32 *)&blocked->generation == packet->rule_set.generation &&
	       blocked->decision.slot != SLOT_BAN;
}

/* Would prevent never have met this packet of the blocked connection? */
static __always_inline bool is_carried(const struct flow *blocked, const struct packet *packet)
{
	if (blocked->flags & FLOW_MET)
		return false;
	return packet->headers.tuple.protocol == IPPROTO_TCP ? !is_bare_syn(packet) : !packet->role.by_opener;
}

static __always_inline void carry(struct packet *packet, __u32 slot, __u32 reason)
{
	decide_as(packet, slot, ACTION_BLOCK, reason);
	packet->role.carried = true;
}

/* Decides a packet of a blocked connection by what is kept of it; false if it has to be judged. */
static __always_inline bool follow_blocked(struct judgement *j, struct packet *packet)
{
	struct flow *blocked = j->blocked;

	if (!is_of_this_generation(blocked, packet))
		return false;
	if (is_carried(blocked, packet)) {
		carry(packet, blocked->decision.slot, blocked->decision.reason);
		return true;
	}
	/* The answer is that of its first packet, where it cannot have changed. */
	if (packet->headers.tuple.protocol == IPPROTO_TCP || packet->headers.flags & PACKET_LATER_FRAGMENT ||
	    j->policy->kinds || blocked->flags & (FLOW_MET | FLOW_ASKS_ANEW) ||
	    blocked->icmp_type != packet->headers.tuple.icmp_type ||
	    blocked->icmp_code != packet->headers.tuple.icmp_code)
		return false;
	decide_as(packet, blocked->decision.slot, ACTION_BLOCK, blocked->decision.reason);
	return true;
}

/* Does the ICMP error come back where the packet that it quotes went? */
static __always_inline bool is_error_of(const struct packet *packet, const struct flow *flow)
{
	bool by_opener = is_by_opener(flow, packet->headers.flags & PACKET_QUOTED_IS_LOW);

	return by_opener == (flow->direction != packet->frame.direction);
}

/* Decides an ICMP error about a blocked connection, which would not be there without it; false if it is none. */
static __always_inline bool carry_error(struct packet *packet)
{
	struct flow *blocked = packet->headers.flags & PACKET_QUOTES ? find_blocked(packet, &packet->quoted) : NULL;

	if (!blocked || blocked->flags & FLOW_MET || !is_of_this_generation(blocked, packet) ||
	    !is_error_of(packet, blocked))
		return false;
	carry(packet, blocked->decision.slot, blocked->decision.reason);
	return true;
}

/* Is it the packet that opens a connection which prevent would not let begin? */
static __always_inline bool is_blocked_opening(const struct packet *packet)
{
	return packet->role.opens && packet->connection.opener.direction == packet->frame.direction &&
	       (packet->headers.tuple.protocol != IPPROTO_TCP || is_bare_syn(packet));
}

/* A SYN may begin the next connection between the same ports, from either end. */
static __always_inline bool is_another(const struct judgement *j, const struct packet *packet)
{
	return j->blocked->flags & FLOW_MET || !packet->role.by_opener ||
	       (packet->headers.tuple.protocol == IPPROTO_TCP && has_ended(j->blocked));
}

static __always_inline bool insert_blocked(struct packet *packet, __u32 flags)
{
	bool by_opener = packet->connection.opener.direction == packet->frame.direction;
	__u64 cookie = packet->role.socket_known ? packet->connection.cookie : 0;
	struct flow *blocked = flow_in_scratch();

	if (!blocked)
		return false;
	describe_flow(packet->which, by_opener ? packet->role.source_is_low : !packet->role.source_is_low, cookie);
	blocked->flags |= flags | FLOW_WOULD_DROP | (packet->frame.direction == DIRECTION_EGRESS ? FLOW_UNCLAIMED : 0);
	blocked->told = packet->outcome.slot;
	if (bpf_map_update_elem(&blocked_flows, &packet->connection.key, blocked, BPF_NOEXIST)) {
		remove_blocked(packet->which); /* one that stands beside a flow was not looked for */
		if (bpf_map_update_elem(&blocked_flows, &packet->connection.key, blocked, BPF_NOEXIST)) {
			count_fault(FAULT_BLOCKED_INSERT);
			return false;
		}
	}
	if (!(blocked->flags & FLOW_MET))
		set_hint(packet);
	count_flows_of(COUNT_BLOCKED, 1, 0);
	return true;
}

/*
 * How a connection that is older than its rule goes on in detect. Only what is shown of it changes, and what is told. Not
 * static: see judge_inner.
 */
__noinline int let_flow_go_on(__u32 which, struct flow *flow)
{
	struct packet *packet = packet_in_scratch(which);
	__u32 end, index, flags = 0;
	struct rule *rule;

	if (!packet || !flow)
		return 0;
	end = packet->role.by_opener ? 0 : 1;
	asm volatile("" : "+r"(end)); /* keeps the bound below where the verifier sees it */
	end &= 1;
	__sync_fetch_and_add(&flow->packets[end], packet->frame.wire_packets);
	__sync_fetch_and_add(&flow->bytes[end], packet->frame.wire_bytes);
	flow->seen_jiffies = bpf_jiffies64();
	if (packet->headers.tuple.protocol == IPPROTO_TCP && packet->headers.tcp_flags & (TCP_FIN | TCP_RST))
		flags |= FLOW_WOULD_END;
	if (!(flow->flags & FLOW_WOULD_DROP)) {
		index = packet->rule_set.copy * rule_slots + packet->outcome.slot;
		rule = bpf_map_lookup_elem(&rules, &index);
		/* A rule that asks each packet drops packets of a connection that stands. */
		if (rule && !rule->tcp_flags_mask && !rule->states && !rule->dscp && !rule->vlans[0].last &&
		    (!rule->rate_interval || rule->rate_per_connection))
			flags |= FLOW_WOULD_DROP;
	}
	if (flags & ~flow->flags)
		__sync_fetch_and_or(&flow->flags, flags);
	return 0;
}

/* Its packets pass again. */
static __always_inline void end_blocking(struct flow *flow)
{
	__sync_fetch_and_and(&flow->flags, ~(FLOW_WOULD_DROP | FLOW_WOULD_END));
	flow->told = flow->decision.staged;
}

#endif
