/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reports calls of listen(2) that fail because another socket listens already: two sockets may be bound to one port,
 * but only one of them can listen. Such a socket begins to listen and stops within the call. Other failures are
 * mistakes of the program, and are only counted.
 */
#ifndef WEIR_LISTEN_CALLS_H
#define WEIR_LISTEN_CALLS_H

#include "process/socket_events.h"

struct listen_call {
	__u64 cookie; /* 0 until the socket of this call begins to listen */
	__u64 ended;  /* 1: the socket has stopped listening */
};

/* thread -> its current or last call of listen(2) */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, struct listen_call);
} listen_calls SEC(".maps");

/* Notes that the running thread makes a socket listen. */
static __always_inline void note_listen_call(__u64 cookie)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct listen_call call = { .cookie = cookie };

	if (is_end_traced(CALL_LISTEN) && bpf_map_update_elem(&listen_calls, &thread, &call, BPF_ANY))
		count_fault(FAULT_LISTEN_CALL_INSERT);
}

/* Notes that a socket stops listening. If that happens in the call that made it listen, the call has failed. */
static __always_inline void note_listen_failure(__u64 cookie)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct listen_call *call = bpf_map_lookup_elem(&listen_calls, &thread);

	if (call && call->cookie == cookie)
		call->ended = 1;
}

/*
 * The call of the running thread has ended with this error. `sk` is the socket that its descriptor has now, which may
 * be another one.
 */
static __always_inline void end_listen_call(const struct sock *sk, __u16 error)
{
	__u64 thread = bpf_get_current_pid_tgid(), cookie;
	struct listen_call *call = bpf_map_lookup_elem(&listen_calls, &thread);
	struct event *event;
	bool ended;

	if (!call || !call->cookie)
		return;
	cookie = call->cookie;
	ended = call->ended;
	call->cookie = 0;
	if (!error || !ended || cookie_of_socket(sk) != cookie)
		return;
	event = begin_event_of_socket(EVENT_BIND_FAILED, sk, cookie);
	if (!event)
		return;
	describe_caller(event, cookie);
	event->call = CALL_LISTEN;
	event->error = error;
	bpf_ringbuf_submit(event, 0);
}

#endif
