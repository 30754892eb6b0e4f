/* SPDX-License-Identifier: GPL-2.0 */
/* The end of a connection: it no longer counts for any rule, and is reported once. */
#ifndef WEIR_CLOSING_H
#define WEIR_CLOSING_H

#include "process/events.h"
#include "flow/connections.h"
#include "flow/flow_table.h"

/*
 * Returns the cookie of the local socket whose process the flow belongs to; 0 if unknown. Until a process accepts the
 * connection, that is the listener.
 */
static __always_inline __u64 socket_of_flow(const struct flow *flow)
{
	return find_owner(flow->awaiting) ? flow->awaiting : flow->cookie;
}

/* The same; 0 also as long as the receiver of the flow is uncertain. */
static __always_inline __u64 known_socket_of_flow(const struct flow *flow)
{
	return flow->flags & FLOW_RECEIVER_UNCERTAIN ? 0 : socket_of_flow(flow);
}

#define FLOW_RESET (FLOW_RESET_BY_OPENER | FLOW_RESET_BY_OTHER)

/* The generation of the rules in force, whose counts of open connections change. */
static __always_inline __u32 generation_now(void)
{
	__u32 zero = 0;
	struct control *root = bpf_map_lookup_elem(&control, &zero);

	return root ? *(volatile __u32 *)&root->generation : 0;
}

/*
 * Counts the flow for the rules among its conditions. `opener` is memory to work in, because nested calls share the
 * stack.
 */
static __always_inline void count_flow(const struct flow_key *key, const struct flow *flow, struct tuple *opener,
				       __s64 change)
{
	if (!flow->decision.condition_count)
		return;
	opener_of_key(opener, key, flow);
	count_opener(generation_now() & 1, opener, &flow->decision, change);
}

/*
 * Reports the end of a connection with its final counters. Every connection has such an event, and an attacker who
 * opens and resets connections in a loop makes many. They may fill half of the ring, so that the other half stays free
 * for verdicts.
 */
static __always_inline void report_closed(const struct flow_key *key, const struct flow *flow, struct tuple *opener)
{
	struct event *event;

	if (bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) > EVENTS_SIZE / 2) {
		count_held_back();
		return;
	}
	event = reserve_event();
	if (!event)
		return;
	opener_of_key(opener, key, flow);
	describe_opener(event, opener);
	describe_owner(event, known_socket_of_flow(flow));
	event->protocol = key->what[0];
	event->ifindex = key->ifindex;
	event->tunnel = key->tunnel;
	event->vlan[0] = key->vlan[0];
	event->vlan[1] = key->vlan[1];
	event->nat = flow->nat;
	event->opened_ns = flow->opened_ns;
	event->packets[0] = flow->packets[0];
	event->packets[1] = flow->packets[1];
	event->bytes[0] = flow->bytes[0];
	event->bytes[1] = flow->bytes[1];
	event->slot = flow->decision.staged != SLOT_NONE ? flow->decision.staged : flow->decision.slot;
	event->generation = flow->generation;
	event->type = EVENT_CLOSED;
	event->verdict = flow->flags & FLOW_WOULD_DROP ? VERDICT_WOULD_DROP : VERDICT_PASSED;
	event->reason = flow->decision.reason;
	event->staged = flow->decision.staged != SLOT_NONE;
	event->tcp_flags[0] = flow->tcp_flags[0];
	event->tcp_flags[1] = flow->tcp_flags[1];
	bpf_ringbuf_submit(event, 0);
}

/* Changes of a flow. */
enum flow_change {
	CHANGE_CLOSE =
		1 << 0, /* it no longer counts for any rule; CHANGE_REOPEN can undo this until its end is reported */
	CHANGE_REPORT = 1 << 1, /* its end is reported, if it was not */
	CHANGE_REOPEN = 1 << 2, /* it goes on after a reset that was taken for its end */
	CHANGE_END = CHANGE_CLOSE | CHANGE_REPORT,
};

/* Changes a flow: `change` has bits of enum flow_change. Not static: see judge_inner. */
__noinline int change_flow(struct flow_key *key, struct flow *flow, struct tuple *opener, __u32 change)
{
	if (!key || !flow || !opener)
		return 0;
	if (change & CHANGE_CLOSE && !(__sync_fetch_and_or(&flow->flags, FLOW_CLOSED) & FLOW_CLOSED))
		count_flow(key, flow, opener, -1);
	if (change & CHANGE_REOPEN && __sync_fetch_and_and(&flow->flags, ~FLOW_CLOSED) & FLOW_CLOSED)
		count_flow(key, flow, opener, 1);
	if (change & CHANGE_REPORT && !(__sync_fetch_and_or(&flow->flags, FLOW_CLOSE_REPORTED) & FLOW_CLOSE_REPORTED))
		report_closed(key, flow, opener);
	return 0;
}

#endif
