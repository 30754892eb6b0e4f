/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reserves events in the ring, and fills in their owner. Events, and those that find the ring full, are counted with
 * atomics, because packets interrupt the system calls of the same CPU.
 */
#ifndef WEIR_EVENTS_H
#define WEIR_EVENTS_H

#include "base/tuple.h"
#include "process/owners.h"

#define EVENTS_SIZE (8 * 1024 * 1024)

/* events for user space; all records are struct event */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, EVENTS_SIZE);
} events SEC(".maps");

/* 0 -> counters of the events */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct event_counter);
} event_counters SEC(".maps");

static __always_inline struct event_counter *event_counter_here(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&event_counters, &zero);
}

/* Counts an event that a limit has held back. */
static __always_inline void count_held_back(void)
{
	struct event_counter *counter = event_counter_here();

	if (counter)
		__sync_fetch_and_add(&counter->suppressed, 1);
}

/* Returns NULL if the ring is full. The caller has to fill in every member, and submit the event. */
static __always_inline struct event *reserve_event(void)
{
	struct event_counter *counter = event_counter_here();
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (counter) {
		__sync_fetch_and_add(&counter->emitted, 1);
		if (!event)
			__sync_fetch_and_add(&counter->lost, 1);
	}
	return event;
}

/* Fills in the ends of a connection, from its opener's side. */
static __always_inline void describe_opener(struct event *event, const struct tuple *opener)
{
	event->time_ns = bpf_ktime_get_ns();
	event->source_be[0] = opener->source_be[0];
	event->source_be[1] = opener->source_be[1];
	event->destination_be[0] = opener->destination_be[0];
	event->destination_be[1] = opener->destination_be[1];
	event->source_port = opener->source_port;
	event->destination_port = opener->destination_port;
	event->direction = opener->direction;
	event->icmp_type = opener->icmp_type;
	event->icmp_code = opener->icmp_code;
	event->netns = 0;
	event->error = 0;
	event->bypass = BYPASS_NONE;
	event->call = CALL_NONE;
	event->reserved = 0;
}

static __always_inline void name_owner(struct event *event, const struct owner *owner)
{
	event->pid = owner->pid;
	event->uid = owner->uid;
	event->owner_started_ns = owner->started_ns;
	event->owner_cgroup = owner->cgroup;
	event->thread = owner->thread;
	event->creator_pid = owner->creator_pid;
	event->creator_started_ns = owner->creator_started_ns;
	event->owner_flags = owner->flags;
	event->owner_executions = owner->executions;
	__builtin_memcpy(event->command, owner->command, sizeof(event->command));
}

/* The event is about a call of the running process, whoever else has used the socket meanwhile. */
static __always_inline void describe_caller(struct event *event, __u64 cookie)
{
	const struct owner *known = find_owner(cookie);
	struct owner caller = {};

	describe_process(&caller, bpf_get_current_task_btf());
	if (known) {
		caller.creator_pid = known->creator_pid;
		caller.creator_started_ns = known->creator_started_ns;
	}
	name_owner(event, &caller);
}

static __always_inline void describe_owner(struct event *event, __u64 cookie)
{
	struct owner *owner = find_owner(cookie);

	event->cookie = cookie;
	event->pid = 0;
	event->uid = 0;
	event->thread = 0;
	event->owner_started_ns = 0;
	event->owner_cgroup = 0;
	event->creator_pid = 0;
	event->creator_started_ns = 0;
	event->owner_flags = 0;
	event->owner_executions = 0;
	__builtin_memset(event->command, 0, sizeof(event->command));
	if (owner)
		name_owner(event, owner);
}

#endif
