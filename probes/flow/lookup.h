/* SPDX-License-Identifier: GPL-2.0 */
/* Looks up the socket of a packet in the kernel, in this network namespace or in another one. */
#ifndef WEIR_LOOKUP_H
#define WEIR_LOOKUP_H

#include "base/hook.h"
#include "base/kernel_net.h"

#define SOCKET_HEAD 136 /* bytes from the start of a socket that are read, which include its struct sock_common */

static __always_inline __u32 fill_tuple(struct bpf_sock_tuple *out, const __u64 *remote, __u16 remote_port,
					const __u64 *local, __u16 local_port)
{
	if (is_mapped(remote)) {
		out->ipv4.saddr = remote[1] >> 32;
		out->ipv4.daddr = local[1] >> 32;
		out->ipv4.sport = bpf_htons(remote_port);
		out->ipv4.dport = bpf_htons(local_port);
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
	out->ipv6.sport = bpf_htons(remote_port);
	out->ipv6.dport = bpf_htons(local_port);
	return sizeof(out->ipv6);
}

/*
 * Fills in the ends of the packet as a local socket has them: remote as source, local as destination. Returns the size
 * for the look-up.
 */
static __always_inline __u32 socket_tuple(const struct packet *packet, struct bpf_sock_tuple *out)
{
	const struct tuple *t = &packet->headers.tuple;

	if (packet->frame.direction == DIRECTION_INGRESS)
		return fill_tuple(out, t->source_be, t->source_port, t->destination_be, t->destination_port);
	return fill_tuple(out, t->destination_be, t->destination_port, t->source_be, t->source_port);
}

/* Memory for one look-up at a time, because the stack has no room for it. */
union lookup_room {
	char head[SOCKET_HEAD]; /* the start of the socket that was found */
	struct bpf_fib_lookup route;
	struct ends ends;
};

/* 0 -> memory for the look-up of this CPU */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, union lookup_room);
} lookup_room SEC(".maps");

/* Did the kernel make the socket for itself? Such a socket holds no reference to its network namespace. */
static __always_inline bool is_kernel_socket(const struct sock_common *socket)
{
	return !BPF_CORE_READ_BITFIELD(socket, skc_net_refcnt);
}

/*
 * Returns the start of the socket with these ends, or else of the listening or unconnected socket for them; NULL if
 * there is none. The namespace is BPF_F_CURRENT_NETNS, or the number that this namespace has for it.
 */
static __always_inline const struct sock_common *look_up(hook_context *ctx, __u8 protocol, struct bpf_sock_tuple *tuple,
							 __u32 size, __s64 namespace, union lookup_room *room)
{
	struct bpf_sock *socket;
	long failed;

	size = size == sizeof(tuple->ipv4) ? sizeof(tuple->ipv4) : sizeof(tuple->ipv6);
	if (protocol == IPPROTO_TCP)
		socket = bpf_skc_lookup_tcp(ctx, tuple, size, namespace, 0);
	else
		socket = bpf_sk_lookup_udp(ctx, tuple, size, namespace, 0);
	if (!socket)
		return NULL;
	/*
	 * The verifier does not allow reading a socket that was looked up by the address of a field, only from its
	 * start.
	 */
	failed = bpf_probe_read_kernel(room->head, SOCKET_HEAD, socket);
	bpf_sk_release(socket);
	return failed ? NULL : (const struct sock_common *)room->head;
}

#endif
