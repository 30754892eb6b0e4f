/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Events about packets. The limiter of the rule comes before the ring buffer, so that in a flood an event that is held
 * back costs one read. Events that are held back, and events that find the ring full, are counted.
 */
#ifndef WEIR_EMIT_H
#define WEIR_EMIT_H

#include "base/counters.h"
#include "base/limiter.h"
#include "base/rule_set.h"
#include "process/events.h"
#include "flow/socket.h"

static __always_inline void count_suppressed(struct rule_counter *counter)
{
	__sync_fetch_and_add(
		&counter->shards[bpf_get_smp_processor_id() & (LIMIT_COUNTER_SHARDS - 1)].events_suppressed, 1);
	count_held_back();
}

/*
 * Claims one of the events that the rule of this slot may send in this second. If none is left, counts the event as
 * held back, and returns false.
 */
static __always_inline bool claim_event(const struct packet *packet, const struct policy *policy, __u32 slot)
{
	__u32 index = packet->rule_set.copy * rule_slots + slot;
	struct rule_counter *counter = bpf_map_lookup_elem(&rule_counters, &slot);
	struct rule *rule = bpf_map_lookup_elem(&rules, &index);

	if (!counter || !rule)
		return false;
	if (claim_turn(&counter->shards[0].limiter, rule->events_per_second ?: policy->events_per_second))
		return true;
	count_suppressed(counter);
	return false;
}

/* Fills in the fields of the connection, from its opener's side. */
static __always_inline void describe_connection(struct event *event, const struct packet *packet,
						const struct tuple *opener)
{
	describe_opener(event, opener);
	event->protocol = packet->headers.tuple.protocol;
	event->ifindex = packet->frame.ifindex;
	event->tunnel = packet->headers.tunnel;
	event->vlan[0] = packet->headers.vlan[0];
	event->vlan[1] = packet->headers.vlan[1];
	event->generation = packet->rule_set.generation;
}

/* Fills in the ends on the other side of NAT, for a packet whose connection has no flow yet. */
static __always_inline void describe_nat(struct ends *nat, const struct packet *packet)
{
	if (packet->role.translated)
		turn_to_opener(nat, &packet->connection.untranslated,
			       packet->connection.opener.direction == packet->frame.direction);
	else
		__builtin_memset(nat, 0, sizeof(*nat));
}

/* Sends the event about the packet that packet->report describes. */
static __always_inline void emit_verdict(const struct packet *packet, const struct flow *flow, __u64 cookie)
{
	struct event *event = reserve_event();

	if (!event)
		return;
	describe_connection(event, packet, &packet->connection.opener);
	describe_owner(event, cookie);
	if (flow)
		event->nat = flow->nat;
	else
		describe_nat(&event->nat, packet);
	event->opened_ns = event->time_ns;
	event->packets[0] = packet->frame.wire_packets;
	event->packets[1] = 0;
	event->bytes[0] = packet->frame.wire_bytes;
	event->bytes[1] = 0;
	event->slot = packet->report.slot;
	event->type = packet->report.type;
	event->verdict = packet->outcome.verdict;
	event->reason = packet->outcome.reason;
	event->staged = packet->report.staged;
	event->tcp_flags[0] = packet->headers.tcp_flags;
	event->tcp_flags[1] = 0;
	bpf_ringbuf_submit(event, 0);
}

#endif
