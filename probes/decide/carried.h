/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Failsafes inside a tunnel. They hold if a tunnel device of this host receives the tunnel packet, and the packet
 * inside is for an address of this host. Without such a device, anybody could send blocked traffic inside a tunnel.
 */
#ifndef WEIR_CARRIED_H
#define WEIR_CARRIED_H

#include "parse/frame.h"
#include "decide/bans.h"

/* address of this host -> 1; user space fills it */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, LIMIT_OWN_ADDRESSES);
	__type(key, struct own_address);
	__type(value, __u32);
} own_addresses SEC(".maps");

static __always_inline bool is_own_address(const __u64 address_be[2])
{
	struct own_address own = { .address_be = { address_be[0], address_be[1] } };

	return bpf_map_lookup_elem(&own_addresses, &own);
}

/* The tunnel as struct tunnel_end has it. */
static __always_inline __u32 tunnel_of_device(const struct packet *outer, const struct packet *inner)
{
	return outer->headers.inner_kind == TUNNEL_IPIP ? inner->headers.tunnel | outer->headers.inner_protocol
							: inner->headers.tunnel;
}

/* Is there a tunnel device of this host that receives, or that has sent, the tunnel packet? */
static __noinline bool has_tunnel_device(const struct packet *outer, const struct packet *inner)
{
	bool inward;
	const __u64 *local, *remote;
	__u32 tunnel;

	if (!outer || !inner)
		return false;
	tunnel = tunnel_of_device(outer, inner);
	inward = outer->frame.direction == DIRECTION_INGRESS;
	local = inward ? outer->headers.tuple.destination_be : outer->headers.tuple.source_be;
	remote = inward ? outer->headers.tuple.source_be : outer->headers.tuple.destination_be;
	for (__u32 form = 0; form < TUNNEL_FORMS; form++) {
		struct tunnel_end end = {
			.local_be = { form & TUNNEL_ANY_LOCAL ? 0 : local[0], form & TUNNEL_ANY_LOCAL ? 0 : local[1] },
			.remote_be = { form & TUNNEL_ANY_REMOTE ? 0 : remote[0],
				       form & TUNNEL_ANY_REMOTE ? 0 : remote[1] },
			.tunnel = form & TUNNEL_ANY_IDENTIFIER ? tunnel & ~TUNNEL_IDENTIFIER_MASK : tunnel,
			.tunnel_high = form & TUNNEL_ANY_IDENTIFIER ? 0 : inner->headers.tunnel_high,
			.port = outer->headers.tuple.protocol == IPPROTO_UDP ? outer->headers.tuple.destination_port
									     : 0,
			.form = form,
		};

		if (outer->rule_set.tunnel_forms >> form & 1 && bpf_map_lookup_elem(&tunnel_ends, &end) &&
		    (!(form & TUNNEL_ANY_LOCAL) || is_own_address(local)))
			return true;
	}
	return false;
}

/*
 * Is this TCP to a management port, or from it? A SYN that leaves from such a port opens another connection, which is
 * no management.
 */
static __always_inline bool is_of_management_port(const struct packet *packet, const struct policy *policy)
{
	bool inward = packet->frame.direction == DIRECTION_INGRESS;

	return packet->headers.tuple.protocol == IPPROTO_TCP && packet->headers.flags & PACKET_HAS_PORTS &&
	       (inward || (packet->headers.tcp_flags & (TCP_SYN | TCP_ACK)) != TCP_SYN) &&
	       is_management_port(policy,
				  inward ? packet->headers.tuple.destination_port : packet->headers.tuple.source_port);
}

/*
 * Does a failsafe let the packet inside this tunnel packet pass? Bans come before management ports, as outside of
 * tunnels.
 */
static __noinline bool carries_failsafe(hook_context *ctx, const struct cursor *cursor, struct packet *outer)
{
	struct packet *inner = packet_in_scratch(INNER);
	__u32 copy = outer ? outer->rule_set.copy : 0;
	const struct policy *policy = bpf_map_lookup_elem(&policies, &copy);
	bool is_ip, is_peer, is_group;
	const __u64 *own;

	if (!outer || !inner || !policy || outer->outcome.reason)
		return false;
	is_ip = enter_tunnel(cursor, outer, inner);
	if (!inner->headers.tunnel || !has_tunnel_device(outer, inner))
		return false;
	if (!is_ip) {
		is_peer = false;
		if (!(inner->headers.flags & PACKET_NO_IP) || inner->outcome.slot != SLOT_FAILSAFE)
			return false; /* it is neither IP nor ARP */
	} else {
		own = inner->frame.direction == DIRECTION_INGRESS ? inner->headers.tuple.destination_be
								  : inner->headers.tuple.source_be;
		is_group = inner->headers.flags & PACKET_IPV6 && is_ipv6_multicast(inner->headers.tuple.destination_be);
		if (!(inner->headers.flags & PACKET_HAS_ADDRESSES) || (!is_own_address(own) && !is_group))
			return false;
		is_peer = !is_group && is_failsafe_peer(inner, policy);
		if (!is_peer && (inner->outcome.reason || !(has_form_of_discovery(inner) ||
							    (!is_group && is_of_management_port(inner, policy)))))
			return false;
	}
	if (is_peer || !outer->rule_set.bans)
		return true;
	return !is_banned(ctx, OUTER) && !(is_ip && is_banned(ctx, INNER));
}

#endif
