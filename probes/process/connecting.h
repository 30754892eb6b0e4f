/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What connect(2) answers to whom. The call is noted when it begins, where its tracepoint is used. The kernel then asks a program of the
 * control group, which knows the socket and the address from the kernel's own copy: what the process writes into its memory afterwards
 * changes neither. A connection that fails while nobody waits for it is told by inet_sk_error_report: see socket_events.h.
 */
#ifndef WEIR_CONNECTING_H
#define WEIR_CONNECTING_H

#include "process/socket_events.h"

#define ERROR_INTERRUPTED 4    /* EINTR */
#define ERROR_NO_ADDRESS 99    /* EADDRNOTAVAIL */
#define ERROR_NO_NETWORK 101   /* ENETUNREACH */
#define ERROR_IS_CONNECTED 106 /* EISCONN */
#define ERROR_NO_HOST 113      /* EHOSTUNREACH */
#define ERROR_ALREADY 114      /* EALREADY */
#define ERROR_IN_PROGRESS 115  /* EINPROGRESS */

struct connect_call {
	__u64 began_ns;
	__u64 cookie; /* 0 until the kernel has asked for this call */
	__u64 remote_be[2];
	__u32 netns; /* as in struct event */
	__u16 port;
	__u8 protocol;
	__u8 reserved;
};

/* thread -> the connect(2) that it is in, or was in last */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct connect_call);
} connect_calls SEC(".maps");

static __always_inline struct connect_call *find_connect_call(void)
{
	__u64 thread = bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(&connect_calls, &thread);
}

/* The running thread begins to connect. */
static __always_inline void begin_connect_call(void)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct connect_call *known = bpf_map_lookup_elem(&connect_calls, &thread);
	struct connect_call begun = { .began_ns = bpf_ktime_get_ns() };

	if (known) {
		known->began_ns = begun.began_ns;
		known->cookie = 0;
		return;
	}
	if (bpf_map_update_elem(&connect_calls, &thread, &begun, BPF_ANY))
		count_fault(FAULT_CONNECT_CALL_INSERT);
}

/* The kernel asks whether this socket may connect to this address. Sockets of namespaces that are not counted are not noted. */
static __always_inline void note_connecting(struct bpf_sock_addr *ctx, const __u64 *remote_be)
{
	struct connect_call *call = find_connect_call();
	__u64 netns = bpf_get_netns_cookie(ctx);

	if (!call || !is_counted_netns(netns))
		return;
	call->remote_be[0] = remote_be[0];
	call->remote_be[1] = remote_be[1];
	call->port = bpf_ntohs(ctx->user_port);
	call->protocol = ctx->protocol;
	call->netns = netns == netns_cookie ? 0 : number_of_netns(current_netns());
	call->cookie = bpf_get_socket_cookie(ctx);
}

static __always_inline void note_connecting_ipv4(struct bpf_sock_addr *ctx)
{
	__u64 remote_be[2];

	map_ipv4(remote_be, ctx->user_ip4);
	note_connecting(ctx, remote_be);
}

static __always_inline void note_connecting_ipv6(struct bpf_sock_addr *ctx)
{
	__u64 remote_be[2] = {
		(__u64)ctx->user_ip6[1] << 32 | ctx->user_ip6[0],
		(__u64)ctx->user_ip6[3] << 32 | ctx->user_ip6[2],
	};

	note_connecting(ctx, remote_be);
}

/* Does a socket go on connecting, or is it connected, although the call answers this error? */
static __always_inline bool is_no_failure(__u16 error)
{
	return !error || error == ERROR_IN_PROGRESS || error == ERROR_ALREADY || error == ERROR_IS_CONNECTED;
}

/*
 * getaddrinfo(3) connects UDP sockets, which sends nothing, to see for which addresses there is a route (RFC 6724). On a host that lacks
 * IPv6 one of them fails for nearly every name, and nobody misses it.
 */
static __always_inline bool is_test_of_route(__u8 protocol, __u16 error)
{
	return protocol == IPPROTO_UDP &&
	       (error == ERROR_NO_NETWORK || error == ERROR_NO_HOST || error == ERROR_NO_ADDRESS);
}

/* The call of the running thread ends with this error. `sk` is the socket behind its descriptor now, which may be another one. */
static __always_inline void end_connect_call(const struct sock *sk, __u16 error)
{
	struct connect_call *call = find_connect_call();
	struct event *event;
	__u64 cookie;

	if (!call || !call->cookie)
		return;
	cookie = call->cookie;
	call->cookie = 0;
	if (is_no_failure(error))
		return;
	/* An interrupted call ends, but its socket goes on connecting. Another failure may have been told by the socket's error. */
	if (error != ERROR_INTERRUPTED && !end_connecting(cookie))
		return;
	if (is_test_of_route(call->protocol, error))
		return;
	event = begin_socket_event(error == ERROR_CONNECT_REFUSED ? EVENT_CONNECT_REFUSED : EVENT_CONNECT_FAILED,
				   cookie, call->netns);
	if (!event)
		return;
	if (cookie_of_socket(sk) == cookie)
		describe_socket_ends(event, sk);
	event->destination_be[0] = call->remote_be[0];
	event->destination_be[1] = call->remote_be[1];
	event->destination_port = call->port;
	event->protocol = call->protocol;
	event->opened_ns = call->began_ns;
	event->error = error;
	event->call = CALL_CONNECT;
	event->thread = bpf_get_current_pid_tgid();
	bpf_ringbuf_submit(event, 0);
}

#endif
