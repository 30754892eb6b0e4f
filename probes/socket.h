/* SPDX-License-Identifier: GPL-2.0 */
/* The local socket behind a packet: which one it is, who owns it, and who therefore opened the connection. */
#ifndef WEIR_SOCKET_H
#define WEIR_SOCKET_H

#include "counters.h"
#include "options.h"

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

/* Cookie of the TCP socket (a connection's own, else its listener) that this packet will reach. */
__noinline __u64 tcp_cookie(hook_context *ctx, __u32 which)
{
	struct packet *packet = packet_in_scratch(which);
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *socket;
	struct tcp_sock *tcp;
	__u64 cookie = 0;

	if (!packet)
		return 0;
	if (socket_tuple(packet, &tuple) == sizeof(tuple.ipv4))
		socket = bpf_skc_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
	else
		socket = bpf_skc_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv6), BPF_F_CURRENT_NETNS, 0);
	if (!socket)
		return 0;
	tcp = bpf_skc_to_tcp_sock(socket);
	if (tcp)
		bpf_core_read(&cookie, sizeof(cookie), &((struct sock *)tcp)->__sk_common.skc_cookie.counter);
	bpf_sk_release(socket);
	return cookie;
}

static __always_inline __u64 bound_cookie(const struct packet *packet)
{
	struct bound_key key = {};
	__u64 *cookie;

	key.netns_cookie = netns_cookie;
	key.port = packet->direction == DIRECTION_INGRESS ? packet->tuple.destination_port
							  : packet->tuple.source_port;
	key.protocol = packet->protocol;
	cookie = bpf_map_lookup_elem(&bound, &key);
	return cookie ? *cookie : 0;
}

/* 0 when no local socket is known, as for forwarded packets. */
static __always_inline __u64 local_cookie(hook_context *ctx, struct packet *packet)
{
	__u64 sender = packet->direction == DIRECTION_EGRESS && !packet->tunnel ? sender_cookie(ctx) : 0;

	if (sender)
		return sender;
	if (packet->tunnel || packet->flags & PACKET_FRAGMENT)
		return 0;
	if (packet->protocol == IPPROTO_TCP)
		return tcp_cookie(ctx, packet->which);
	if (packet->protocol == IPPROTO_UDP)
		return bound_cookie(packet);
	return 0;
}

#endif
