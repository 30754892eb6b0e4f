/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Flows of local TCP sockets. Such a connection ends when its socket is closed. The state of the socket says that, and
 * no packet does. So flows are registered at their socket.
 */
#ifndef WEIR_REGISTERED_H
#define WEIR_REGISTERED_H

#include "flow/closing.h"

/*
 * A local TCP socket has a flow at each watched interface that its packets pass: two, if requests and replies take
 * different routes.
 */
#define FLOWS_OF_SOCKET 2

/* One of the flows of a socket. */
struct socket_place {
	__u64 cookie;
	__u32 place; /* below FLOWS_OF_SOCKET */
	__u32 reserved;
};

/* local TCP socket -> the key of its flow */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct socket_place);
	__type(value, struct flow_key);
} socket_flows SEC(".maps");

/* 0 -> 1 once the program has run that watches the states of TCP sockets */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} sockets_watched SEC(".maps");

/* Does a program watch the states of sockets? Without it, packets have to show the ends of connections. */
static __always_inline bool are_sockets_watched(void)
{
	__u32 zero = 0, *watched = bpf_map_lookup_elem(&sockets_watched, &zero);

	return watched && *watched;
}

static __always_inline void note_watching(void)
{
	__u32 zero = 0, *watched = bpf_map_lookup_elem(&sockets_watched, &zero);

	if (watched && !*watched)
		*watched = 1;
}

/* Registers a flow at its socket. */
static __always_inline void register_flow(__u64 cookie, const struct flow_key *key, struct flow *flow)
{
	struct socket_place place = { .cookie = cookie };
	struct flow_key *known = bpf_map_lookup_elem(&socket_flows, &place);

	if (known && known->ifindex != key->ifindex)
		place.place = 1;
	if (bpf_map_update_elem(&socket_flows, &place, key, BPF_ANY)) {
		count_fault(FAULT_SOCKET_FLOW_INSERT);
		return;
	}
	__sync_fetch_and_or(&flow->flags, FLOW_REGISTERED | (are_sockets_watched() ? FLOW_SOCKET_WATCHED : 0));
}

/*
 * Ends the flows of a socket that went from the state `from` to CLOSE. If the other end has not finished by then, it
 * may still send packets, and the kernel may reply. These packets end the flow, as they do for a forwarded connection.
 */
static __always_inline void end_flows_of(__u64 cookie, int from)
{
	struct socket_place place = { .cookie = cookie };

#pragma clang loop unroll(full)
	for (__u32 i = 0; i < FLOWS_OF_SOCKET; i++) {
		struct flow_key key, *found;
		struct tuple opener;
		struct flow *flow;
		bool unconfirmed;

		place.place = i;
		found = bpf_map_lookup_elem(&socket_flows, &place);
		if (!found)
			return;
		key = *found;
		bpf_map_delete_elem(&socket_flows, &place);
		flow = find_flow(&key, &unconfirmed);
		if (!flow || flow->flags & FLOW_CLOSED) /* then a blocked connection of this key is the newer one */
			flow = bpf_map_lookup_elem(&blocked_flows, &key) ?: flow;
		if (!flow)
			continue;
		if (from == TCP_FIN_WAIT2 &&
		    !(flow->flags & (flow->direction == DIRECTION_EGRESS ? FLOW_OTHER_FINISHED : FLOW_OPENER_FINISHED)))
			__sync_fetch_and_and(&flow->flags, ~FLOW_SOCKET_WATCHED);
		else
			change_flow(&key, flow, &opener, CHANGE_END);
	}
}

#endif
