/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Notes which socket listens at which address. If no process was seen using a connection until its end, for example at
 * an interface that weir does not watch, user space takes the owner of the listener.
 */
#ifndef WEIR_LISTENING_H
#define WEIR_LISTENING_H

#include "base/faults.h"
#include "base/kernel_net.h"
#include "base/tuple.h"

/* namespace, address and port -> the socket that listens there */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct listening_place);
	__type(value, struct listening);
} listening_places SEC(".maps");

static __always_inline void read_local(__u64 local_be[2], const struct sock_common *socket)
{
	struct in6_addr address;

	if (socket->skc_family == FAMILY_INET) {
		map_ipv4(local_be, socket->skc_rcv_saddr);
	} else {
		BPF_CORE_READ_INTO(&address, socket, skc_v6_rcv_saddr);
		__builtin_memcpy(local_be, &address, sizeof(address));
	}
}

static __always_inline bool fill_place(struct listening_place *place, struct sock *socket)
{
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(socket);

	if (!tcp)
		return false;
	place->netns = socket->__sk_common.skc_net.net->net_cookie;
	read_local(place->local_be, &tcp->inet_conn.icsk_inet.sk.__sk_common);
	place->port = bpf_ntohs(tcp->inet_conn.icsk_inet.inet_sport);
	return true;
}

static __always_inline void note_listening(struct sock *socket, __u64 cookie)
{
	struct listening first = { .cookie = cookie, .sockets = 1 }, *known;
	struct listening_place place = {};

	if (!fill_place(&place, socket))
		return;
	known = bpf_map_lookup_elem(&listening_places, &place);
	if (!known) {
		if (bpf_map_update_elem(&listening_places, &place, &first, BPF_ANY))
			count_fault(FAULT_LISTENING_INSERT);
	} else if (known->cookie != cookie) {
		known->cookie = 0;
		__sync_fetch_and_add(&known->sockets, 1);
	}
}

static __always_inline void forget_listening(struct sock *socket)
{
	struct listening_place place = {};
	struct listening *known;

	if (!fill_place(&place, socket))
		return;
	known = bpf_map_lookup_elem(&listening_places, &place);
	if (known && __sync_fetch_and_add(&known->sockets, -1) == 1)
		bpf_map_delete_elem(&listening_places, &place);
}

#endif
