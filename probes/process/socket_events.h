/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What processes do with sockets, apart from packets: each is counted, and told as long as its type is not told too often.
 * Addresses of another network namespace than the agent's mean something else there: its number is told with them.
 */
#ifndef WEIR_SOCKET_EVENTS_H
#define WEIR_SOCKET_EVENTS_H

#include "process/events.h"
#include "base/limiter.h"
#include "process/sender.h"

#define NS_PER_SECOND 1000000000ULL
#define CAPABILITY_NET_BIND_SERVICE 10
#define CAPABILITY_NET_RAW 13
#define ERROR_CONNECT_REFUSED 111

/* Counts an event of this type. May it be told now? */
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
	count_untold();
	return false;
}

static __always_inline bool is_counted_netns(__u64 cookie)
{
	return !counted_netns || cookie == counted_netns;
}

/* 0 for that of the agent. */
static __always_inline __u32 number_of_netns(const struct net *net)
{
	return BPF_CORE_READ(net, net_cookie) == netns_cookie ? 0 : BPF_CORE_READ(net, ns.inum);
}

static __always_inline const struct net *current_netns(void)
{
	return BPF_CORE_READ(bpf_get_current_task_btf(), nsproxy, net_ns);
}

/* NULL where it is not to be told. Nothing but the time, the type, the owner and the namespace is filled. */
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

static __always_inline void tell_socket(__u8 type, const struct sock *sk, __u64 cookie)
{
	const struct net *net = BPF_CORE_READ(sk, __sk_common.skc_net.net);
	struct event *event;
	struct in6_addr address;

	if (!is_counted_netns(BPF_CORE_READ(net, net_cookie)))
		return;
	event = begin_socket_event(type, cookie, number_of_netns(net));
	if (!event)
		return;
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == FAMILY_INET6) {
		BPF_CORE_READ_INTO(&address, sk, __sk_common.skc_v6_rcv_saddr);
		copy_ipv6(event->source_be, &address);
		BPF_CORE_READ_INTO(&address, sk, __sk_common.skc_v6_daddr);
		copy_ipv6(event->destination_be, &address);
	} else {
		map_ipv4(event->source_be, BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr));
		map_ipv4(event->destination_be, BPF_CORE_READ(sk, __sk_common.skc_daddr));
	}
	event->source_port = bpf_ntohs(BPF_CORE_READ((const struct inet_sock *)sk, inet_sport));
	event->destination_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	event->protocol = BPF_CORE_READ(sk, sk_protocol);
	event->ifindex = BPF_CORE_READ(sk, __sk_common.skc_bound_dev_if);
	bpf_ringbuf_submit(event, 0);
}

static __always_inline void tell_raw(struct bpf_sock *socket, __u64 cookie)
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
 * The network reports an error to a socket. This happens while a packet is handled, so that the running process is anybody:
 * the owner of the socket was noted before.
 */
static __always_inline void count_socket_error(const struct sock *sk)
{
	__u32 error = BPF_CORE_READ(sk, sk_err), index;
	__u64 *count;

	if (!error || !is_counted_netns(BPF_CORE_READ(sk, __sk_common.skc_net.net, net_cookie)))
		return;
	index = error < LIMIT_SOCKET_ERRORS ? error : LIMIT_SOCKET_ERRORS - 1;
	count = bpf_map_lookup_elem(&socket_errors, &index);
	if (count)
		__sync_fetch_and_add(count, 1);
	if (error == ERROR_CONNECT_REFUSED)
		tell_socket(EVENT_CONNECT_REFUSED, sk, bpf_get_socket_cookie((void *)sk));
}

/* The running process asks for a capability. Many calls do: this has to be quick. */
static __always_inline void tell_packet_socket(int capability, int result)
{
	const struct net *net;
	struct owner owner = {};
	struct event *event;

	if (capability != CAPABILITY_NET_RAW || result || asked_family() != FAMILY_PACKET)
		return;
	net = current_netns();
	if (!is_counted_netns(BPF_CORE_READ(net, net_cookie)))
		return;
	event = begin_socket_event(EVENT_PACKET_SOCKET, 0, number_of_netns(net));
	if (!event)
		return;
	describe_process(&owner, bpf_get_current_task_btf());
	name_owner(event, &owner);
	bpf_ringbuf_submit(event, 0);
}

#endif
