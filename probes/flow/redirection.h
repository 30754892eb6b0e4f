/* SPDX-License-Identifier: GPL-2.0 */
/* Finds out whether netfilter redirects (DNAT) the packets for an address and port of this host. */
#ifndef WEIR_REDIRECTION_H
#define WEIR_REDIRECTION_H

#include "base/faults.h"
#include "base/packet.h"
#include "base/rule_set.h"

/* interface, address, port and protocol -> enum weir_receiver: where earlier packets for them went */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct local_end);
	__type(value, __u8);
} local_ends SEC(".maps");

static __always_inline void name_local_end(struct local_end *end, const struct packet *packet, const __u64 *address,
					   __u16 port)
{
	end->address_be[0] = address[0];
	end->address_be[1] = address[1];
	end->ifindex = packet->frame.ifindex;
	end->port = port;
	end->protocol = packet->headers.tuple.protocol;
}

static __always_inline bool netfilter_translates(void)
{
	__u32 zero = 0;
	struct control *root = bpf_map_lookup_elem(&control, &zero);

	return root && root->translates;
}

/*
 * Notes whether netfilter redirects a packet that opens a connection, or may redirect it. The packet has not met
 * netfilter yet. But once an earlier connection to the same address and port has a reply, weir knows whether it was
 * redirected. `listens`: a local socket would receive the packet. Returns true if the packet is certainly redirected.
 */
static __always_inline bool note_redirection(struct packet *packet, bool listens)
{
	struct local_end end;
	__u8 *receiver;

	name_local_end(&end, packet, packet->headers.tuple.destination_be, packet->headers.tuple.destination_port);
	receiver = bpf_map_lookup_elem(&local_ends, &end);
	if (!receiver && listens)
		packet->role.receiver_uncertain = true;
	else if (!receiver || *receiver == RECEIVER_REDIRECTED)
		packet->role.redirected = true;
	return receiver && *receiver == RECEIVER_REDIRECTED;
}

/*
 * Stores whether the packets for this address and port were redirected. The packet is a reply. `flags` are those of
 * bpf_map_update_elem.
 */
static __always_inline void store_receiver(const struct packet *packet, __u8 receiver, __u64 flags)
{
	struct local_end end;

	name_local_end(&end, packet, packet->headers.tuple.source_be, packet->headers.tuple.source_port);
	if (bpf_map_update_elem(&local_ends, &end, &receiver, flags) && flags == BPF_ANY)
		count_fault(FAULT_LOCAL_END_INSERT);
}

/*
 * Settles an uncertain receiver of a flow, if the agent has learnt from conntrack whether netfilter redirects its
 * packets: see agent/observe/flows/unanswered.ts. Not static: see judge_inner.
 */
__noinline int settle_receiver(__u32 which, struct flow *flow)
{
	struct packet *packet = packet_in_scratch(which);
	struct local_end end;
	__u8 *receiver;

	if (!packet || !flow)
		return 0;
	name_local_end(&end, packet, packet->headers.tuple.destination_be, packet->headers.tuple.destination_port);
	receiver = bpf_map_lookup_elem(&local_ends, &end);
	if (!receiver)
		return 0;
	if (*receiver == RECEIVER_REDIRECTED)
		flow->cookie = 0;
	__sync_fetch_and_and(&flow->flags, ~FLOW_RECEIVER_UNCERTAIN);
	return 0;
}

#endif
