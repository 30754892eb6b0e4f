/* SPDX-License-Identifier: GPL-2.0 */
/* Where netfilter redirects the packets that come to an address and port of this host. */
#ifndef WEIR_REDIRECTION_H
#define WEIR_REDIRECTION_H

#include "base/faults.h"
#include "base/packet.h"
#include "base/rule_set.h"

/* local end -> enum weir_led */
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
 * A packet that opens something has not met netfilter yet, which may lead it elsewhere. Where others that came for this
 * address and port were led says so, as soon as one was answered. Notes that it is led elsewhere, or that it may be; true if it
 * surely is.
 */
static __always_inline bool note_diversion(struct packet *packet, bool listens)
{
	struct local_end end;
	__u8 *led;

	name_local_end(&end, packet, packet->headers.tuple.destination_be, packet->headers.tuple.destination_port);
	led = bpf_map_lookup_elem(&local_ends, &end);
	if (!led && listens)
		packet->role.receiver_uncertain = true;
	else if (!led || *led == LED_ELSEWHERE)
		packet->role.redirected = true;
	return led && *led == LED_ELSEWHERE;
}

/* Of the flow's local end; `flags` as of bpf_map_update_elem. */
static __always_inline void note_led(const struct packet *packet, __u8 led, __u64 flags)
{
	struct local_end end;

	name_local_end(&end, packet, packet->headers.tuple.source_be, packet->headers.tuple.source_port);
	if (bpf_map_update_elem(&local_ends, &end, &led, flags) && flags == BPF_ANY)
		count_fault(FAULT_LOCAL_END_INSERT);
}

/* The agent may have heard meanwhile where netfilter leads what nobody answers: see agent/observe/flows/unanswered.ts. */
__noinline int settle_doubt(__u32 which, struct flow *flow)
{
	struct packet *packet = packet_in_scratch(which);
	struct local_end end;
	__u8 *led;

	if (!packet || !flow)
		return 0;
	name_local_end(&end, packet, packet->headers.tuple.destination_be, packet->headers.tuple.destination_port);
	led = bpf_map_lookup_elem(&local_ends, &end);
	if (!led)
		return 0;
	if (*led == LED_ELSEWHERE)
		flow->cookie = 0;
	__sync_fetch_and_and(&flow->flags, ~FLOW_DOUBTED);
	return 0;
}

#endif
