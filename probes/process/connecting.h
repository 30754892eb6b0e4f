/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reports calls of connect(2) that fail, if their end is traced. The kernel asks a program of the control group whether
 * the socket may connect, and gives it the address from its own copy. So the process cannot change the address
 * afterwards by writing into its memory. A connection that fails while no call waits for it is reported by
 * inet_sk_error_report: see socket_events.h.
 */
#ifndef WEIR_CONNECTING_H
#define WEIR_CONNECTING_H

#include "process/socket_events.h"

#define ERROR_INTERRUPTED 4    /* EINTR */
#define ERROR_IS_CONNECTED 106 /* EISCONN */
#define ERROR_ALREADY 114      /* EALREADY */
#define ERROR_IN_PROGRESS 115  /* EINPROGRESS */

struct connect_call {
	__u64 began_ns;
	__u64 cookie; /* 0 once the call has ended */
	__u64 remote_be[2];
	__u32 netns; /* as in struct event */
	__u16 port;
	__u8 protocol;
	__u8 reserved;
};

/* thread -> its current or last call to connect */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct connect_call);
} connect_calls SEC(".maps");

/*
 * The kernel asks whether this socket may connect to this address. The entry of the thread is replaced also while the
 * ends of calls are not traced, so that the end of a call is never taken for that of an older one.
 */
static __always_inline void note_connecting(struct bpf_sock_addr *ctx, const __u64 *remote_be)
{
	__u64 thread = bpf_get_current_pid_tgid(), netns = bpf_get_netns_cookie(ctx);
	struct connect_call *known = bpf_map_lookup_elem(&connect_calls, &thread), call = {};

	if (!known && !is_end_traced(CALL_CONNECT))
		return;
	call.began_ns = bpf_ktime_get_ns();
	call.cookie = is_counted_netns(netns) ? bpf_get_socket_cookie(ctx) : 0;
	call.remote_be[0] = remote_be[0];
	call.remote_be[1] = remote_be[1];
	call.netns = netns == netns_cookie ? 0 : number_of_netns(current_netns());
	call.port = bpf_ntohs(ctx->user_port);
	call.protocol = ctx->protocol;
	if (known)
		*known = call;
	else if (bpf_map_update_elem(&connect_calls, &thread, &call, BPF_ANY))
		count_fault(FAULT_CONNECT_CALL_INSERT);
}

static __always_inline void note_connecting_ipv4(struct bpf_sock_addr *ctx)
{
	__u64 remote_be[2];

	map_ipv4(remote_be, ctx->user_ip4);
	note_connecting(ctx, remote_be);
}

static __always_inline void note_connecting_ipv6(struct bpf_sock_addr *ctx)
{
	__u64 remote_be[2];

	read_given_ipv6(remote_be, ctx);
	note_connecting(ctx, remote_be);
}

/* Does a socket go on connecting, or is it connected, although the call returns this error? */
static __always_inline bool is_no_failure(__u16 error)
{
	return !error || error == ERROR_IN_PROGRESS || error == ERROR_ALREADY || error == ERROR_IS_CONNECTED;
}

/*
 * The call of the running thread ends with this error. `sk` is the socket that its descriptor has now. If another
 * thread has exchanged it, nothing is reported here; an error of the network is reported in any case.
 */
static __always_inline void end_connect_call(const struct sock *sk, __u16 error)
{
	__u64 thread = bpf_get_current_pid_tgid(), cookie;
	struct connect_call *call = bpf_map_lookup_elem(&connect_calls, &thread);
	struct event *event;

	if (!call || !call->cookie)
		return;
	cookie = call->cookie;
	call->cookie = 0;
	if (is_no_failure(error) || cookie_of_socket(sk) != cookie)
		return;
	/*
	 * An interrupted call ends, but its socket goes on connecting. The error of the socket may have been reported
	 * already.
	 */
	if (error != ERROR_INTERRUPTED && !end_connecting(cookie))
		return;
	event = begin_socket_event(error == ERROR_CONNECT_REFUSED ? EVENT_CONNECT_REFUSED : EVENT_CONNECT_FAILED,
				   cookie, call->netns);
	if (!event)
		return;
	describe_socket_ends(event, sk);
	event->destination_be[0] = call->remote_be[0];
	event->destination_be[1] = call->remote_be[1];
	event->destination_port = call->port;
	event->protocol = call->protocol;
	event->opened_ns = call->began_ns;
	event->error = error;
	event->call = CALL_CONNECT;
	describe_caller(event, cookie);
	bpf_ringbuf_submit(event, 0);
}

#endif
