/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Events of sockets: calls of processes, and errors, but no packets. Each is counted, and reported unless the limit of
 * its type is reached. An event has the number of its network namespace, because the same address means another host in
 * another namespace.
 */
#ifndef WEIR_SOCKET_EVENTS_H
#define WEIR_SOCKET_EVENTS_H

#include "base/limiter.h"
#include "base/rule_set.h"
#include "process/events.h"
#include "process/seen_32bit.h"

/* enum weir_event_type -> counters of the events of sockets of this type */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EVENT_COUNT);
	__type(key, __u32);
	__type(value, struct socket_counter);
} socket_counters SEC(".maps");

/* error number -> how often the network reported it to a socket */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, LIMIT_SOCKET_ERRORS);
	__type(key, __u32);
	__type(value, __u64);
} socket_errors SEC(".maps");

/*
 * 0 -> bit n: programs see the end of calls with number n of enum weir_call, bit CALL_NONE: of 32-bit calls; user space
 * fills it
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} traced_calls SEC(".maps");

#define NS_PER_SECOND 1000000000ULL
#define CAPABILITY_NET_BIND_SERVICE 10
#define CAPABILITY_NET_RAW 13
#define ERROR_CONNECT_REFUSED 111

/* Does a program see the end of calls with this number of enum weir_call, or of 32-bit calls (CALL_NONE)? */
static __always_inline bool is_end_traced(__u32 call)
{
	__u32 zero = 0, *traced = bpf_map_lookup_elem(&traced_calls, &zero);

	return traced && *traced >> call & 1;
}

/* Counts an event of this type. Returns whether it may be reported now. */
static __always_inline bool count_event(__u32 type, __u64 now)
{
	struct socket_counter *counter = bpf_map_lookup_elem(&socket_counters, &type);
	__u32 zero = 0, copy;
	struct control *root = bpf_map_lookup_elem(&control, &zero);
	struct policy *policy;

	if (!counter || !root)
		return false;
	copy = root->generation & 1;
	policy = bpf_map_lookup_elem(&policies, &copy);
	if (!policy)
		return false;
	__sync_fetch_and_add(&counter->happened, 1);
	if (claim_turn_in(now / NS_PER_SECOND, &counter->limiter, policy->events_per_second))
		return true;
	__sync_fetch_and_add(&counter->suppressed, 1);
	count_held_back();
	return false;
}

static __always_inline bool is_counted_netns(__u64 cookie)
{
	return !counted_netns || cookie == counted_netns;
}

/* Returns 0 for the namespace of the agent. */
static __always_inline __u32 number_of_netns(const struct net *net)
{
	return BPF_CORE_READ(net, net_cookie) == netns_cookie ? 0 : BPF_CORE_READ(net, ns.inum);
}

static __always_inline const struct net *current_netns(void)
{
	return BPF_CORE_READ(bpf_get_current_task_btf(), nsproxy, net_ns);
}

/*
 * Returns NULL if the event is not to be reported. Otherwise time, type, owner and namespace are filled in, and all
 * other members are 0.
 */
static __always_inline struct event *begin_socket_event(__u8 type, __u64 cookie, __u32 netns)
{
	__u64 now = bpf_ktime_get_ns();
	struct event *event = count_event(type, now) ? reserve_event() : NULL;

	if (!event)
		return NULL;
	__builtin_memset(event, 0, sizeof(*event));
	event->time_ns = now;
	event->type = type;
	event->netns = netns;
	describe_owner(event, cookie);
	return event;
}

/* Reads both ends of an IPv4 or IPv6 socket. */
static __always_inline void read_socket_ends(const struct sock *sk, __u64 local_be[2], __u64 remote_be[2],
					     __u16 *local_port, __u16 *remote_port)
{
	struct in6_addr address;

	if (BPF_CORE_READ(sk, __sk_common.skc_family) == FAMILY_INET6) {
		BPF_CORE_READ_INTO(&address, sk, __sk_common.skc_v6_rcv_saddr);
		copy_ipv6(local_be, &address);
		BPF_CORE_READ_INTO(&address, sk, __sk_common.skc_v6_daddr);
		copy_ipv6(remote_be, &address);
	} else {
		map_ipv4(local_be, BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr));
		map_ipv4(remote_be, BPF_CORE_READ(sk, __sk_common.skc_daddr));
	}
	*local_port = bpf_ntohs(BPF_CORE_READ((const struct inet_sock *)sk, inet_sport));
	*remote_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
}

/* Reads the IPv6 address in the kernel's copy of what a process gave to bind(2) or connect(2). */
static __always_inline void read_given_ipv6(__u64 out[2], const struct bpf_sock_addr *ctx)
{
	out[0] = (__u64)ctx->user_ip6[1] << 32 | ctx->user_ip6[0];
	out[1] = (__u64)ctx->user_ip6[3] << 32 | ctx->user_ip6[2];
}

static __always_inline void describe_socket_ends(struct event *event, const struct sock *sk)
{
	read_socket_ends(sk, event->source_be, event->destination_be, &event->source_port, &event->destination_port);
	event->protocol = BPF_CORE_READ(sk, sk_protocol);
	event->ifindex = BPF_CORE_READ(sk, __sk_common.skc_bound_dev_if);
}

/* The same, with the ends of this socket filled in. The caller has to submit the event. */
static __always_inline struct event *begin_event_of_socket(__u8 type, const struct sock *sk, __u64 cookie)
{
	const struct net *net = BPF_CORE_READ(sk, __sk_common.skc_net.net);
	struct event *event;

	if (!is_counted_netns(BPF_CORE_READ(net, net_cookie)))
		return NULL;
	event = begin_socket_event(type, cookie, number_of_netns(net));
	if (event)
		describe_socket_ends(event, sk);
	return event;
}

static __always_inline void report_socket(__u8 type, const struct sock *sk, __u64 cookie)
{
	struct event *event = begin_event_of_socket(type, sk, cookie);

	if (event)
		bpf_ringbuf_submit(event, 0);
}

static __always_inline void report_raw(struct bpf_sock *socket, __u64 cookie)
{
	struct event *event;

	if (!is_counted_netns(bpf_get_netns_cookie(socket)))
		return;
	event = begin_socket_event(EVENT_RAW_SOCKET, cookie, number_of_netns(current_netns()));
	if (!event)
		return;
	if (socket->family == FAMILY_INET) {
		map_ipv4(event->source_be, 0);
		map_ipv4(event->destination_be, 0);
	}
	event->protocol = socket->protocol;
	bpf_ringbuf_submit(event, 0);
}

/*
 * The network reports an error to a socket. This happens while a packet is handled, and any process may be running
 * then. So the owner of the socket is the one that was noted before.
 */
static __always_inline void count_socket_error(const struct sock *sk)
{
	__u32 error = BPF_CORE_READ(sk, sk_err), index;
	__u64 *count, cookie, began_ns;
	struct event *event;

	if (!error || !is_counted_netns(BPF_CORE_READ(sk, __sk_common.skc_net.net, net_cookie)))
		return;
	index = error < LIMIT_SOCKET_ERRORS ? error : LIMIT_SOCKET_ERRORS - 1;
	count = bpf_map_lookup_elem(&socket_errors, &index);
	if (count)
		__sync_fetch_and_add(count, 1);
	cookie = bpf_get_socket_cookie((void *)sk);
	began_ns = end_connecting(cookie);
	if (error != ERROR_CONNECT_REFUSED && (!began_ns || BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP))
		return;
	event = begin_event_of_socket(error == ERROR_CONNECT_REFUSED ? EVENT_CONNECT_REFUSED : EVENT_CONNECT_FAILED, sk,
				      cookie);
	if (!event)
		return;
	event->error = error;
	if (BPF_CORE_READ(sk, sk_protocol) == IPPROTO_TCP)
		event->opened_ns = began_ns; /* a UDP socket is connected at once, and may fail much later */
	bpf_ringbuf_submit(event, 0);
}

/* Reports that the running process makes a packet socket in this network namespace. */
static __always_inline void report_packet_socket_in(const struct net *net, __u8 call)
{
	struct owner owner = {};
	struct event *event;

	if (!is_counted_netns(BPF_CORE_READ(net, net_cookie)))
		return;
	event = begin_socket_event(EVENT_PACKET_SOCKET, 0, number_of_netns(net));
	if (!event)
		return;
	describe_process(&owner, bpf_get_current_task_btf());
	name_owner(event, &owner);
	event->thread = bpf_get_current_pid_tgid();
	event->call = call;
	bpf_ringbuf_submit(event, 0);
}

/* The running process uses a capability. Many calls do that, so that this has to be quick. */
static __always_inline void report_packet_socket(int capability, int result)
{
	if (capability != CAPABILITY_NET_RAW || result || asked_family() != FAMILY_PACKET)
		return;
	note_32bit_call();
	if (is_end_traced(is_native_call() ? CALL_SOCKET : CALL_NONE))
		return; /* end_socket() reports it, when it is known whether the call succeeds */
	report_packet_socket_in(current_netns(), CALL_NONE);
}

#endif
