/* SPDX-License-Identifier: GPL-2.0 */
/* The local socket of a packet: its cookie, its owner, and which end opened the connection. */
#ifndef WEIR_SOCKET_H
#define WEIR_SOCKET_H

#include "flow/forwarded.h"
#include "flow/redirection.h"

/* Which end of a connection is meant. */
enum end {
	END_UNKNOWN,
	END_LOCAL,
	END_REMOTE
};

/*
 * Returns which end opened a TCP connection that weir has not seen begin: the remote end if a local socket listens for
 * it. Not static: see judge_inner.
 */
__noinline int opener_of_tcp(hook_context *ctx, __u32 which)
{
	struct packet *packet = packet_in_scratch(which);
	struct bpf_sock_tuple tuple = {};
	struct bpf_sock *socket;
	__u32 size, state;

	if (!packet)
		return END_UNKNOWN;
	size = socket_tuple(packet, &tuple);

	/* No connection has port 0 at its remote end, so that this finds a listener or nothing. */
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
		if (state == TCP_LISTEN)
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

/* Is the socket bound to no address, so that it receives packets for any address of this host? */
static __always_inline bool is_anywhere(const struct sock_common *socket, bool ipv4)
{
	const __u64 *ipv6 = (const __u64 *)&socket->skc_v6_rcv_saddr;

	return ipv4 ? !socket->skc_rcv_saddr : !(ipv6[0] | ipv6[1]);
}

/*
 * Would this host forward the packet? Then a socket that is bound to no address does not receive it. `route` is memory
 * to work in.
 */
static __always_inline bool would_forward(hook_context *ctx, const struct packet *packet,
					  const struct bpf_sock_tuple *tuple, __u32 size, struct bpf_fib_lookup *route)
{
	long result;

	__builtin_memset(route, 0, sizeof(*route));
	route->ifindex = packet->frame.ifindex;
	if (size == sizeof(tuple->ipv4)) {
		route->family = FAMILY_INET;
		route->ipv4_src = tuple->ipv4.saddr;
		route->ipv4_dst = tuple->ipv4.daddr;
	} else {
		route->family = FAMILY_INET6;
		__builtin_memcpy(route->ipv6_src, tuple->ipv6.saddr, sizeof(route->ipv6_src));
		__builtin_memcpy(route->ipv6_dst, tuple->ipv6.daddr, sizeof(route->ipv6_dst));
	}
	result = bpf_fib_lookup(ctx, route, sizeof(*route), 0);
	return result >= 0 && result != BPF_FIB_LKUP_RET_NOT_FWDED && result != BPF_FIB_LKUP_RET_FWD_DISABLED;
}

/*
 * Returns the cookie of the local socket that will receive this packet: a connected one, or else one that is bound or
 * listens. 0 if there is none, or if netfilter redirects the packet. Not static: see judge_inner.
 */
__noinline __u64 receiver_cookie(hook_context *ctx, __u32 which)
{
	struct packet *packet = packet_in_scratch(which);
	struct bpf_sock_tuple tuple = {};
	const struct sock_common *socket;
	union lookup_room *room;
	__u32 size, zero = 0;
	bool translated;
	__u64 cookie;

	room = bpf_map_lookup_elem(&lookup_room, &zero);
	if (!packet || !room)
		return 0;
	size = socket_tuple(packet, &tuple);
	socket = look_up(ctx, packet->headers.tuple.protocol, &tuple, size, BPF_F_CURRENT_NETNS, room);
	if (socket && is_kernel_socket(socket))
		return 0;
	cookie = socket ? socket->skc_cookie.counter : 0;
	translated = (!socket || !socket->skc_dport) && netfilter_translates();
	/* From here on `room` holds the route, and no longer the start of the socket. */
	if ((socket ? is_anywhere(socket, size == sizeof(tuple.ipv4)) : translated) &&
	    would_forward(ctx, packet, &tuple, size, &room->route))
		return 0;
	return translated && note_redirection(packet, cookie) ? 0 : cookie;
}

/* Finds the local socket of the packet, and claims it for its sender if the packet leaves. */
static __always_inline __u64 claim_local_socket(hook_context *ctx, struct packet *packet)
{
	__u64 sender;

	if (packet->headers.tunnel)
		return 0;
	if (HOOK_HAS_SENDERS && packet->frame.direction == DIRECTION_EGRESS) {
		note_translation(ctx, packet->which);
		sender = sender_cookie(ctx);
		if (!sender)
			return forwarded_cookie(ctx, packet, true);
		claim_socket(sender, true);
		return sender;
	}
	if (packet->headers.flags & PACKET_FRAGMENT)
		return 0;
	if (packet->headers.tuple.protocol == IPPROTO_TCP || packet->headers.tuple.protocol == IPPROTO_UDP)
		return receiver_cookie(ctx, packet->which);
	return 0;
}

/*
 * Returns the cookie of the socket of this host that sends or will receive the packet, also one in another network
 * namespace; 0 if none is known. If the packet leaves, this also notes whether it was translated.
 */
static __always_inline __u64 local_cookie(hook_context *ctx, struct packet *packet)
{
	if (!packet->role.socket_known) {
		packet->role.socket_known = true;
		packet->connection.cookie = claim_local_socket(ctx, packet);
	}
	return packet->connection.cookie;
}

/*
 * weir looks for the local process of a flow in so many packets. A process that has not sent by then hardly ever sends.
 */
#define UNCLAIMED_PACKETS 64

/* Fills in the ends from the opener's side, from those of a packet. */
static __always_inline void turn_to_opener(struct ends *out, const struct ends *sent, bool by_opener)
{
	out->source_be[0] = by_opener ? sent->source_be[0] : sent->destination_be[0];
	out->source_be[1] = by_opener ? sent->source_be[1] : sent->destination_be[1];
	out->destination_be[0] = by_opener ? sent->destination_be[0] : sent->source_be[0];
	out->destination_be[1] = by_opener ? sent->destination_be[1] : sent->source_be[1];
	out->source_port = by_opener ? sent->source_port : sent->destination_port;
	out->destination_port = by_opener ? sent->destination_port : sent->source_port;
	out->reserved = 0;
}

/* Notes the first packet that leaves: it shows whether netfilter has redirected the packets that came. */
static __always_inline void note_first_leaving(hook_context *ctx, struct packet *packet, struct flow *flow)
{
	const struct tuple *tuple = &packet->headers.tuple;
	const struct ends *sent = &packet->connection.untranslated;
	bool translated = note_translation(ctx, packet->which), doubted = flow->flags & FLOW_RECEIVER_UNCERTAIN;

	if (translated)
		turn_to_opener(&flow->nat, sent, flow->direction == packet->frame.direction);
	__sync_fetch_and_or(&flow->flags, FLOW_LEFT);
	__sync_fetch_and_and(&flow->flags, ~FLOW_RECEIVER_UNCERTAIN);
	if (flow->direction != DIRECTION_INGRESS)
		return;
	if (translated && (sent->source_port != tuple->source_port || sent->source_be[1] != tuple->source_be[1] ||
			   sent->source_be[0] != tuple->source_be[0])) {
		flow->cookie = 0;
		store_receiver(packet, RECEIVER_REDIRECTED, BPF_ANY);
	} else if (arrived_by(ctx)) {
		flow->cookie = doubted ? 0 : flow->cookie;
	} else if (doubted || !flow->cookie) {
		store_receiver(packet, RECEIVER_LOCAL, doubted ? BPF_ANY : BPF_EXIST);
	}
}

/*
 * Notes the local socket that sends. A connection that came in belongs to its listener until a process has accepted it,
 * so that its socket is noted apart: see socket_of_flow.
 */
static __always_inline void set_cookie(struct flow *flow, __u64 cookie)
{
	if (flow->cookie == cookie)
		return;
	if (find_owner(cookie)) {
		flow->cookie = cookie;
		flow->awaiting = 0;
	} else if (flow->direction == DIRECTION_INGRESS) {
		flow->awaiting = cookie;
	}
}

/*
 * Can this packet have a new sender? A TCP segment without PSH may be an acknowledgement, or sent again, by the kernel.
 */
static __always_inline bool may_have_new_sender(const struct packet *packet)
{
	return packet->headers.tuple.protocol != IPPROTO_TCP || packet->headers.tcp_flags & TCP_PSH;
}

/*
 * Finds the sender of a forwarded flow. The look-up is slower, so that it waits for a packet that can have a new
 * sender.
 */
static __always_inline void claim_forwarded(hook_context *ctx, struct packet *packet, struct flow *flow)
{
	bool decisive = may_have_new_sender(packet) || flow->packets[0] + flow->packets[1] > UNCLAIMED_PACKETS;
	__u64 cookie = 0;

	if (flow->cookie && (!decisive || !arrived_by(ctx)))
		return;
	if (arrived_by(ctx)) {
		note_translation(ctx, packet->which);
		cookie = forwarded_cookie(ctx, packet, may_have_new_sender(packet));
	}
	if (cookie)
		set_cookie(flow, cookie);
	if (decisive || !cookie)
		__sync_fetch_and_and(&flow->flags, ~FLOW_UNCLAIMED);
}

/*
 * Finds the process of a flow by a packet that leaves. A connection that came in belongs to the process of its
 * listener, until the process that accepted it is known. A process can pass a socket that has connected to another
 * process before that one uses it. Not static: see judge_inner.
 */
__noinline int claim_flow(hook_context *ctx, __u32 which, struct flow *flow)
{
	struct packet *packet = packet_in_scratch(which);
	__u64 cookie;

	if (!packet || !flow || packet->headers.tunnel)
		return 0;
	if (!(flow->flags & FLOW_LEFT))
		note_first_leaving(ctx, packet, flow);
	cookie = sender_cookie(ctx);
	if (!cookie) {
		claim_forwarded(ctx, packet, flow);
		return 0;
	}
	if (claim_socket(cookie, may_have_new_sender(packet)) ||
	    flow->packets[0] + flow->packets[1] > UNCLAIMED_PACKETS)
		__sync_fetch_and_and(&flow->flags, ~FLOW_UNCLAIMED);
	set_cookie(flow, cookie);
	return 0;
}

#endif
