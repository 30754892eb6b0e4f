/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every hook does with a parsed packet: judge it, then judge the packet in its tunnel, then count. The hook itself
 * fills in the frame of struct packet, and turns the verdict into its return value.
 */
#ifndef WEIR_OBSERVE_H
#define WEIR_OBSERVE_H

#include "base/counters.h"
#include "parse/frame.h"
#include "decide/carried.h"
#include "decide/decide.h"

/* Does the policy ask for the packets inside tunnels? */
static __always_inline bool inspects_tunnels(const struct packet *packet)
{
	__u32 copy = packet->rule_set.copy;
	struct policy *policy = bpf_map_lookup_elem(&policies, &copy);

	return policy && policy->inspect_tunnels;
}

/* Judges a parsed packet and, if it passes, the one in its tunnel. Returns the verdict on the frame. */
static __always_inline __u32 observe(hook_context *ctx, const struct cursor *cursor, struct packet *packet)
{
	__u32 verdict = VERDICT_PASSED;

	if (packet->headers.inner_kind != TUNNEL_NONE && packet->rule_set.tunnel_forms &&
	    carries_failsafe(ctx, cursor, packet))
		packet->role.carries_failsafe = true;
	else if (packet->headers.flags & PACKET_AT_DEVICE_PORT)
		packet->headers.inner_kind =
			TUNNEL_NONE; /* another program may use the port, so that rules do not look into the tunnel */
	if (!(packet->headers.flags & PACKET_NO_IP))
		verdict = judge(ctx, packet);
	if (packet->headers.inner_kind != TUNNEL_NONE && verdict == VERDICT_PASSED &&
	    packet->outcome.slot != SLOT_FAILSAFE && inspects_tunnels(packet)) {
		struct packet *inner = packet_in_scratch(INNER);

		if (inner && enter_tunnel(cursor, packet, inner)) {
			packet->outcome.tunnelled = 1;
			verdict = judge_inner(ctx);
		}
	}
	count_traffic(packet, verdict);
	return verdict;
}

#endif
