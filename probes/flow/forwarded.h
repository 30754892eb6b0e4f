/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sockets in other network namespaces of this host, as those of containers, whose packets this one passes on. Where such
 * a packet came in says in which of them to look, and its ends, as they were before any translation, say for what.
 */
#ifndef WEIR_FORWARDED_H
#define WEIR_FORWARDED_H

#include "process/sender.h"
#include "flow/lookup.h"

/* address behind a device -> the network namespaces of this host that have it; user space fills it */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, struct behind_key);
	__type(value, struct behind);
} behind_devices SEC(".maps");

/* Can this socket have sent the packet? */
static __always_inline bool can_send(const struct sock_common *socket, const struct packet *packet)
{
	/* One that listens answers, and asks nobody. */
	if (packet->headers.tuple.protocol == IPPROTO_TCP)
		return socket->skc_state != TCP_LISTEN || (packet->headers.tcp_flags & (TCP_SYN | TCP_ACK)) != TCP_SYN;
	/* Of several that share a port, any. */
	return socket->skc_dport || !BPF_CORE_READ_BITFIELD(socket, skc_reuseport);
}

/* Cookie of the socket in that namespace that sent this packet. */
__noinline __u64 sender_in_namespace(hook_context *ctx, __u32 which, int namespace)
{
	struct packet *packet = packet_in_scratch(which);
	struct bpf_sock_tuple tuple = {};
	const struct sock_common *socket;
	union lookup_room *room;
	__u32 size, zero = 0;
	__u64 cookie;

	room = bpf_map_lookup_elem(&lookup_room, &zero);
	if (!packet || !room || namespace < 0)
		return 0;
	size = fill_tuple(&tuple, packet->connection.untranslated.destination_be,
			  packet->connection.untranslated.destination_port, packet->connection.untranslated.source_be,
			  packet->connection.untranslated.source_port);
	socket = look_up(ctx, packet->headers.tuple.protocol, &tuple, size, namespace, room);
	if (!socket || !can_send(socket, packet))
		return 0;
	cookie = socket->skc_cookie.counter;
	if (packet->headers.tuple.protocol != IPPROTO_TCP || find_owner(cookie))
		return cookie;
	/* Nobody was seen using it: if it came to a listener, that is found where no connection has a port. */
	if (size == sizeof(tuple.ipv4))
		tuple.ipv4.sport = 0;
	else
		tuple.ipv6.sport = 0;
	socket = look_up(ctx, packet->headers.tuple.protocol, &tuple, size, namespace, room);
	if (socket && socket->skc_state == TCP_LISTEN && can_send(socket, packet))
		packet->connection.listener = socket->skc_cookie.counter;
	return cookie ?: packet->connection.listener;
}

/* So that packet->connection.untranslated is right whether the packet was translated or not. */
static __always_inline void complete_sent(struct packet *packet)
{
	const struct tuple *tuple = &packet->headers.tuple;
	struct ends *sent = &packet->connection.untranslated;

	if (packet->role.translated)
		return;
	sent->source_be[0] = tuple->source_be[0];
	sent->source_be[1] = tuple->source_be[1];
	sent->destination_be[0] = tuple->destination_be[0];
	sent->destination_be[1] = tuple->destination_be[1];
	sent->source_port = tuple->source_port;
	sent->destination_port = tuple->destination_port;
}

/* Of a packet whose translation is noted: its sender in another namespace; 0 where none, or more than one, can be it. */
__noinline __u64 sender_elsewhere(hook_context *ctx, __u32 which)
{
	struct packet *packet = packet_in_scratch(which);
	struct behind_key key = { .ifindex = arrived_by(ctx) };
	struct behind *behind;
	__u64 cookie = 0;

	if (!packet || !key.ifindex || packet->headers.tunnel || packet->headers.flags & PACKET_FRAGMENT ||
	    (packet->headers.tuple.protocol != IPPROTO_TCP && packet->headers.tuple.protocol != IPPROTO_UDP))
		return 0;
	complete_sent(packet);
	packet->connection.listener = 0;
	key.address_be[0] = packet->connection.untranslated.source_be[0];
	key.address_be[1] = packet->connection.untranslated.source_be[1];
	behind = bpf_map_lookup_elem(&behind_devices, &key);
	if (!behind)
		return 0;
#pragma clang loop unroll(full)
	for (__u32 i = 0; i < LIMIT_NAMESPACES; i++) {
		int namespace = behind->namespaces[i];
		__u64 found = namespace < 0 ? 0 : sender_in_namespace(ctx, which, namespace);

		if (found && cookie)
			return 0;
		cookie = found ?: cookie;
	}
	return cookie;
}

/* The same, or the listener's as long as nobody was seen using the socket. `wanted`: as claim_socket has it. */
static __always_inline __u64 forwarded_cookie(hook_context *ctx, struct packet *packet, bool wanted)
{
	__u64 cookie = sender_elsewhere(ctx, packet->which);

	if (!cookie || claim_socket(cookie, wanted) || find_owner(cookie))
		return cookie;
	return packet->connection.listener ?: cookie;
}

#endif
