/* SPDX-License-Identifier: GPL-2.0 */
/* The local socket behind a packet: which one it is, who owns it, and who therefore opened the connection. */
#ifndef WEIR_SOCKET_H
#define WEIR_SOCKET_H

#include "sender.h"
#include "options.h"

#define SOCKET_HEAD 136
#define SOCKET_LISTENING 10	/* TCP_LISTEN */

/* The packet's ends as a local socket sees them: remote as source, local as destination. */
static __always_inline __u32 socket_tuple(const struct packet *packet, struct bpf_sock_tuple *out)
{
	const struct tuple *t = &packet->tuple;
	bool in = packet->direction == DIRECTION_INGRESS;
	const __u64 *remote = in ? t->source_be : t->destination_be;
	const __u64 *local = in ? t->destination_be : t->source_be;
	__be16 remote_port = bpf_htons(in ? t->source_port : t->destination_port);
	__be16 local_port = bpf_htons(in ? t->destination_port : t->source_port);

	if (is_mapped(remote)) {
		out->ipv4.saddr = remote[1] >> 32;
		out->ipv4.daddr = local[1] >> 32;
		out->ipv4.sport = remote_port;
		out->ipv4.dport = local_port;
		return sizeof(out->ipv4);
	}
	out->ipv6.saddr[0] = remote[0];
	out->ipv6.saddr[1] = remote[0] >> 32;
	out->ipv6.saddr[2] = remote[1];
	out->ipv6.saddr[3] = remote[1] >> 32;
	out->ipv6.daddr[0] = local[0];
	out->ipv6.daddr[1] = local[0] >> 32;
	out->ipv6.daddr[2] = local[1];
	out->ipv6.daddr[3] = local[1] >> 32;
	out->ipv6.sport = remote_port;
	out->ipv6.dport = local_port;
	return sizeof(out->ipv6);
}

enum end { END_UNKNOWN, END_LOCAL, END_REMOTE };

/* Who opened a TCP connection that was met in the middle. */
__noinline int opener_of_tcp(hook_context *ctx, __u32 which)
{
	struct packet *packet = packet_in_scratch(which);
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *socket;
	__u32 size, state;

	if (!packet)
		return END_UNKNOWN;
	size = socket_tuple(packet, &tuple);

	/* No connection has port 0 at its other end, so this finds a listener or nothing. */
	if (size == sizeof(tuple.ipv4)) {
		__be16 port = tuple.ipv4.sport;

		tuple.ipv4.sport = 0;
		socket = bpf_skc_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
		tuple.ipv4.sport = port;
	} else {
		__be16 port = tuple.ipv6.sport;

		tuple.ipv6.sport = 0;
		socket = bpf_skc_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv6), BPF_F_CURRENT_NETNS, 0);
		tuple.ipv6.sport = port;
	}
	if (socket) {
		state = socket->state;
		bpf_sk_release(socket);
		if (state == SOCKET_LISTENING)
			return END_REMOTE;
	}
	if (size == sizeof(tuple.ipv4))
		socket = bpf_skc_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
	else
		socket = bpf_skc_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv6), BPF_F_CURRENT_NETNS, 0);
	if (!socket)
		return END_UNKNOWN;
	bpf_sk_release(socket);
	return END_LOCAL;
}

/* What a look-up needs beside the stack: first one, then the other. */
union lookup_room {
	char head[SOCKET_HEAD];	/* the start of a socket: long enough for struct sock_common */
	struct bpf_fib_lookup route;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, union lookup_room);
} lookup_room SEC(".maps");

/* Is it bound to no address, so that it has what comes to any of this host's? */
static __always_inline bool is_anywhere(const struct sock_common *socket, bool ipv4)
{
	const __u64 *ipv6 = (const __u64 *)&socket->skc_v6_rcv_saddr;

	return ipv4 ? !socket->skc_rcv_saddr : !(ipv6[0] | ipv6[1]);
}

/* A socket that is bound to no address would have this packet, if it does not only pass through this host. */
static __always_inline bool goes_through(hook_context *ctx, const struct packet *packet,
					 const struct bpf_sock_tuple *tuple, __u32 size, struct bpf_fib_lookup *route)
{
	long answer;

	__builtin_memset(route, 0, sizeof(*route));
	route->ifindex = packet->ifindex;
	if (size == sizeof(tuple->ipv4)) {
		route->family = FAMILY_INET;
		route->ipv4_src = tuple->ipv4.saddr;
		route->ipv4_dst = tuple->ipv4.daddr;
	} else {
		route->family = FAMILY_INET6;
		__builtin_memcpy(route->ipv6_src, tuple->ipv6.saddr, sizeof(route->ipv6_src));
		__builtin_memcpy(route->ipv6_dst, tuple->ipv6.daddr, sizeof(route->ipv6_dst));
	}
	answer = bpf_fib_lookup(ctx, route, sizeof(*route), 0);
	return answer >= 0 && answer != BPF_FIB_LKUP_RET_NOT_FWDED && answer != BPF_FIB_LKUP_RET_FWD_DISABLED;
}

/* Cookie of the socket (a connection's own, else the one that is bound or listens) that this packet will reach. */
__noinline __u64 receiver_cookie(hook_context *ctx, __u32 which)
{
	struct packet *packet = packet_in_scratch(which);
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *socket;
	const struct sock_common *head;
	union lookup_room *room;
	__u32 size, zero = 0;
	__u64 cookie;
	long failed;

	room = bpf_map_lookup_elem(&lookup_room, &zero);
	if (!packet || !room)
		return 0;
	size = socket_tuple(packet, &tuple) == sizeof(tuple.ipv4) ? sizeof(tuple.ipv4) : sizeof(tuple.ipv6);
	if (packet->protocol == IPPROTO_TCP)
		socket = bpf_skc_lookup_tcp(ctx, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	else
		socket = bpf_sk_lookup_udp(ctx, &tuple, size, BPF_F_CURRENT_NETNS, 0);
	if (!socket)
		return 0;
	/* A socket of a look-up may be read from its start only, and not by a field's address. */
	failed = bpf_probe_read_kernel(room->head, SOCKET_HEAD, socket);
	bpf_sk_release(socket);
	if (failed)
		return 0;
	head = (const struct sock_common *)room->head;
	cookie = head->skc_cookie.counter;
	if (is_anywhere(head, size == sizeof(tuple.ipv4)) && goes_through(ctx, packet, &tuple, size, &room->route))
		return 0;
	return cookie;
}

/* Of the local socket that sends the packet or will get it; 0 when none is known, as for forwarded packets. */
static __always_inline __u64 local_cookie(hook_context *ctx, struct packet *packet)
{
	__u64 sender;

	if (packet->tunnel)
		return 0;
	if (packet->direction == DIRECTION_EGRESS) {
		sender = sender_cookie(ctx);
		if (sender)
			claim_socket(sender, true);
		return sender;
	}
	if (packet->flags & PACKET_FRAGMENT)
		return 0;
	if (packet->protocol == IPPROTO_TCP || packet->protocol == IPPROTO_UDP)
		return receiver_cookie(ctx, packet->which);
	return 0;
}

/* What a flow is watched for its local process: one that was silent for so long hardly speaks at all. */
#define UNCLAIMED_PACKETS 64

/*
 * A connection that came in belongs to its listener's process until the one that accepted it sends, and one that went out
 * may have been handed on before it was used.
 */
__noinline int claim_flow(hook_context *ctx, __u32 which, struct flow *flow)
{
	struct packet *packet = packet_in_scratch(which);
	__u64 cookie;

	if (!packet || !flow)
		return 0;
	cookie = packet->tunnel ? 0 : sender_cookie(ctx);
	if (!cookie)
		return 0;
	if (claim_socket(cookie, packet->protocol != IPPROTO_TCP || packet->tcp_flags & TCP_PSH) ||
	    flow->packets[0] + flow->packets[1] > UNCLAIMED_PACKETS)
		__sync_fetch_and_and(&flow->flags, ~FLOW_UNCLAIMED);
	if (flow->cookie != cookie && bpf_map_lookup_elem(&owners, &cookie))
		flow->cookie = cookie;
	return 0;
}

#endif
