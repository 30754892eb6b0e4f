/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sockets in other network namespaces of this host, such as those of containers, whose packets this namespace forwards.
 * The device at which a packet arrived says in which namespaces to look. The addresses and ports from before NAT say
 * for which socket.
 */
#ifndef WEIR_FORWARDED_H
#define WEIR_FORWARDED_H

#include "process/sender.h"
#include "flow/lookup.h"

/* device, and an address behind it -> the network namespaces of this host that have the address; user space fills it */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, struct namespace_address);
	__type(value, struct address_namespaces);
} address_namespaces SEC(".maps");

/* Can this socket have sent the packet? */
static __always_inline bool can_send(const struct sock_common *socket, const struct packet *packet)
{
	/* A listener sends SYN+ACKs, but no SYNs. */
	if (packet->headers.tuple.protocol == IPPROTO_TCP)
		return socket->skc_state != TCP_LISTEN || (packet->headers.tcp_flags & (TCP_SYN | TCP_ACK)) != TCP_SYN;
	/* If several unconnected sockets share a port, it could be any of them. */
	return socket->skc_dport || !BPF_CORE_READ_BITFIELD(socket, skc_reuseport);
}

/* Returns the cookie of the socket in that namespace that sent this packet; 0 if there is none. */
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
	/*
	 * No owner is known. If a listener has accepted the socket, a look-up with remote port 0 finds the listener,
	 * because no connection has that port.
	 */
	if (size == sizeof(tuple.ipv4))
		tuple.ipv4.sport = 0;
	else
		tuple.ipv6.sport = 0;
	socket = look_up(ctx, packet->headers.tuple.protocol, &tuple, size, namespace, room);
	if (socket && socket->skc_state == TCP_LISTEN && can_send(socket, packet))
		packet->connection.listener = socket->skc_cookie.counter;
	return cookie ?: packet->connection.listener;
}

/* Fills in packet->connection.untranslated for a packet that was not translated. */
static __always_inline void fill_untranslated(struct packet *packet)
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

/*
 * Returns the cookie of the sender in another namespace; 0 if no socket, or more than one, can be the sender. Call
 * note_translation() before.
 */
__noinline __u64 sender_elsewhere(hook_context *ctx, __u32 which)
{
	struct packet *packet = packet_in_scratch(which);
	struct namespace_address key = { .ifindex = arrived_by(ctx) };
	struct address_namespaces *namespaces;
	__u64 cookie = 0;

	if (!packet || !key.ifindex || packet->headers.tunnel || packet->headers.flags & PACKET_FRAGMENT ||
	    (packet->headers.tuple.protocol != IPPROTO_TCP && packet->headers.tuple.protocol != IPPROTO_UDP))
		return 0;
	fill_untranslated(packet);
	packet->connection.listener = 0;
	key.address_be[0] = packet->connection.untranslated.source_be[0];
	key.address_be[1] = packet->connection.untranslated.source_be[1];
	namespaces = bpf_map_lookup_elem(&address_namespaces, &key);
	if (!namespaces)
		return 0;
#pragma clang loop unroll(full)
	for (__u32 i = 0; i < LIMIT_NAMESPACES; i++) {
		int namespace = namespaces->namespaces[i];
		__u64 found = namespace < 0 ? 0 : sender_in_namespace(ctx, which, namespace);

		if (found && cookie)
			return 0;
		cookie = found ?: cookie;
	}
	return cookie;
}

/* The same, or the cookie of the listener as long as the socket has no known owner. `wanted` is as in claim_socket. */
static __always_inline __u64 forwarded_cookie(hook_context *ctx, struct packet *packet, bool wanted)
{
	__u64 cookie = sender_elsewhere(ctx, packet->which);

	if (!cookie || claim_socket(cookie, wanted) || find_owner(cookie))
		return cookie;
	return packet->connection.listener ?: cookie;
}

#endif
