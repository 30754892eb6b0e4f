/* SPDX-License-Identifier: GPL-2.0 */
/* The local socket behind a packet: which one it is, who owns it, and who therefore opened the connection. */
#ifndef WEIR_SOCKET_H
#define WEIR_SOCKET_H

#include "flow/forwarded.h"
#include "flow/redirection.h"

enum end {
	END_UNKNOWN,
	END_LOCAL,
	END_REMOTE
};

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
	answer = bpf_fib_lookup(ctx, route, sizeof(*route), 0);
	return answer >= 0 && answer != BPF_FIB_LKUP_RET_NOT_FWDED && answer != BPF_FIB_LKUP_RET_FWD_DISABLED;
}

/* Cookie of the socket (a connection's own, else the one that is bound or listens) that this packet will reach. */
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
	if (socket && is_kernels(socket))
		return 0;
	cookie = socket ? socket->skc_cookie.counter : 0;
	translated = (!socket || !socket->skc_dport) && netfilter_translates();
	/* The room of the socket's start is that of the route, too. */
	if ((socket ? is_anywhere(socket, size == sizeof(tuple.ipv4)) : translated) &&
	    goes_through(ctx, packet, &tuple, size, &room->route))
		return 0;
	return translated && note_diversion(packet, cookie) ? 0 : cookie;
}

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
 * Of the socket of this host that sends the packet or will get it, be it in another network namespace; 0 when none is
 * known. Notes on the way how a packet that leaves was translated.
 */
static __always_inline __u64 local_cookie(hook_context *ctx, struct packet *packet)
{
	if (!packet->role.socket_known) {
		packet->role.socket_known = true;
		packet->connection.cookie = claim_local_socket(ctx, packet);
	}
	return packet->connection.cookie;
}

/* What a flow is watched for its local process: one that was silent for so long hardly speaks at all. */
#define UNCLAIMED_PACKETS 64

/* From the packet's ends to those of its opener. */
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

/* The first packet that leaves tells where those that came were led. */
static __always_inline void note_first_leaving(hook_context *ctx, struct packet *packet, struct flow *flow)
{
	const struct tuple *tuple = &packet->headers.tuple;
	const struct ends *sent = &packet->connection.untranslated;
	bool translated = note_translation(ctx, packet->which), doubted = flow->flags & FLOW_DOUBTED;

	if (translated)
		turn_to_opener(&flow->beyond, sent, flow->direction == packet->frame.direction);
	__sync_fetch_and_or(&flow->flags, FLOW_LEFT);
	__sync_fetch_and_and(&flow->flags, ~FLOW_DOUBTED);
	if (flow->direction != DIRECTION_INGRESS)
		return;
	if (translated && (sent->source_port != tuple->source_port || sent->source_be[1] != tuple->source_be[1] ||
			   sent->source_be[0] != tuple->source_be[0])) {
		flow->cookie = 0;
		note_led(packet, LED_ELSEWHERE, BPF_ANY);
	} else if (arrived_by(ctx)) {
		flow->cookie = doubted ? 0 : flow->cookie;
	} else if (doubted || !flow->cookie) {
		note_led(packet, LED_HERE, doubted ? BPF_ANY : BPF_EXIST);
	}
}

/* 0 as long as it is in doubt. */
static __always_inline __u64 known_cookie(const struct flow *flow)
{
	return flow->flags & FLOW_DOUBTED ? 0 : flow->cookie;
}

static __always_inline void set_cookie(struct flow *flow, __u64 cookie)
{
	if (flow->cookie != cookie && find_owner(cookie))
		flow->cookie = cookie;
}

/* May whoever sends this packet only now be somebody else than the socket's last known user? */
static __always_inline bool shows_sender(const struct packet *packet)
{
	return packet->headers.tuple.protocol != IPPROTO_TCP || packet->headers.tcp_flags & TCP_PSH;
}

/* Who sends what this host passes on. The look-up costs more, so that it waits for a packet that tells. */
static __always_inline void claim_forwarded(hook_context *ctx, struct packet *packet, struct flow *flow)
{
	bool tells = shows_sender(packet) || flow->packets[0] + flow->packets[1] > UNCLAIMED_PACKETS;
	__u64 cookie = 0;

	if (flow->cookie && (!tells || !arrived_by(ctx)))
		return;
	if (arrived_by(ctx)) {
		note_translation(ctx, packet->which);
		cookie = forwarded_cookie(ctx, packet, shows_sender(packet));
	}
	if (cookie)
		set_cookie(flow, cookie);
	if (tells || !cookie)
		__sync_fetch_and_and(&flow->flags, ~FLOW_UNCLAIMED);
}

/*
 * A connection that came in belongs to its listener's process until the one that accepted it sends, and one that went out
 * may have been handed on before it was used.
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
	if (claim_socket(cookie, shows_sender(packet)) || flow->packets[0] + flow->packets[1] > UNCLAIMED_PACKETS)
		__sync_fetch_and_and(&flow->flags, ~FLOW_UNCLAIMED);
	set_cookie(flow, cookie);
	return 0;
}

#endif
