/* SPDX-License-Identifier: GPL-2.0 */
/* What always passes, so that nothing an operator writes locks them out. */
#ifndef WEIR_FAILSAFE_H
#define WEIR_FAILSAFE_H

#include "transport.h"

#define FIB_FAMILY_IPV4 2
#define FIB_FAMILY_IPV6 10

static __always_inline bool in_prefix(const __u64 address[2], const struct failsafe_prefix *prefix)
{
	return (address[0] & prefix->mask_be[0]) == prefix->address_be[0] &&
	       (address[1] & prefix->mask_be[1]) == prefix->address_be[1];
}

/* Neighbour discovery is believed only from the link itself: routers lower the hop limit (RFC 4861). */
static __always_inline bool is_neighbour_discovery(const struct packet *packet)
{
	return packet->protocol == IPPROTO_ICMPV6 && packet->flags & PACKET_HAS_PORTS &&
	       !(packet->flags & PACKET_FRAGMENT) && packet->hop_limit == 255 && !packet->tuple.icmp_code &&
	       packet->tuple.icmp_type >= 133 && packet->tuple.icmp_type <= 137;
}

static __always_inline bool is_dhcp(const struct packet *packet)
{
	__u16 low = packet->tuple.source_port, high = packet->tuple.destination_port;

	if (packet->protocol != IPPROTO_UDP || !(packet->flags & PACKET_HAS_PORTS))
		return false;
	return (low == 67 && high == 68) || (low == 68 && high == 67) || (low == 67 && high == 67) ||
	       (low == 546 && high == 547) || (low == 547 && high == 546);
}

static __always_inline bool is_failsafe_peer(const struct packet *packet, const struct policy *policy)
{
	const __u64 *remote = packet->direction == DIRECTION_INGRESS ? packet->tuple.source_be
								     : packet->tuple.destination_be;
	__u16 remote_port, local_port;

	for (__u32 i = 0; i < LIMIT_FAILSAFE_PREFIXES; i++) {
		if (i >= policy->failsafe_prefix_count)
			break;
		if (in_prefix(remote, &policy->failsafe_prefixes[i]))
			return true;
	}
	if (packet->protocol != IPPROTO_TCP || !(packet->flags & PACKET_HAS_PORTS))
		return false;
	remote_port = packet->direction == DIRECTION_INGRESS ? packet->tuple.source_port
							     : packet->tuple.destination_port;
	local_port = packet->direction == DIRECTION_INGRESS ? packet->tuple.destination_port
							    : packet->tuple.source_port;
	for (__u32 i = 0; i < LIMIT_FAILSAFE_SESSIONS; i++) {
		const struct failsafe_session *session = &policy->sessions[i];

		if (session->in_use && session->remote_port == remote_port && session->local_port == local_port &&
		    session->address_be[0] == remote[0] && session->address_be[1] == remote[1])
			return true;
	}
	return false;
}

static __always_inline bool is_absolute_failsafe(const struct packet *packet, const struct policy *policy)
{
	if (packet->interface_flags & INTERFACE_LOOPBACK)
		return true;
	if (packet->tunnel)
		return false;	/* the failsafes speak of this host's own link, not of what a tunnel carries */
	if (!(packet->flags & PACKET_HAS_ADDRESSES))
		return false;
	return is_neighbour_discovery(packet) || is_dhcp(packet) || is_failsafe_peer(packet, policy);
}

static __always_inline bool is_management_port(const struct policy *policy, __u16 port)
{
	for (__u32 i = 0; i < LIMIT_MANAGEMENT_PORTS; i++) {
		if (i >= policy->management_port_count)
			break;
		if (policy->management_ports[i] == port)
			return true;
	}
	return false;
}

/* Would the host forward this packet elsewhere? If it would not, the destination is the host itself. */
static __always_inline bool is_for_this_host(hook_context *ctx, const struct packet *packet)
{
	struct bpf_fib_lookup lookup = {};
	long answer;

	lookup.ifindex = packet->ifindex;
	lookup.l4_protocol = packet->protocol;
	if (packet->tuple.source_be[0] == 0 && (__u32)packet->tuple.source_be[1] == bpf_htonl(0xffff)) {
		lookup.family = FIB_FAMILY_IPV4;
		lookup.ipv4_src = packet->tuple.source_be[1] >> 32;
		lookup.ipv4_dst = packet->tuple.destination_be[1] >> 32;
	} else {
		lookup.family = FIB_FAMILY_IPV6;
		lookup.ipv6_src[0] = packet->tuple.source_be[0];
		lookup.ipv6_src[1] = packet->tuple.source_be[0] >> 32;
		lookup.ipv6_src[2] = packet->tuple.source_be[1];
		lookup.ipv6_src[3] = packet->tuple.source_be[1] >> 32;
		lookup.ipv6_dst[0] = packet->tuple.destination_be[0];
		lookup.ipv6_dst[1] = packet->tuple.destination_be[0] >> 32;
		lookup.ipv6_dst[2] = packet->tuple.destination_be[1];
		lookup.ipv6_dst[3] = packet->tuple.destination_be[1] >> 32;
	}
	answer = bpf_fib_lookup(ctx, &lookup, sizeof(lookup), 0);
	return answer == BPF_FIB_LKUP_RET_NOT_FWDED || answer == BPF_FIB_LKUP_RET_FWD_DISABLED;
}

/* TCP to a local management port, and its replies. */
static __always_inline bool is_management(hook_context *ctx, const struct packet *packet, const struct policy *policy)
{
	if (packet->protocol != IPPROTO_TCP || !(packet->flags & PACKET_HAS_PORTS) || packet->tunnel)
		return false;
	if (packet->direction == DIRECTION_EGRESS)
		return is_management_port(policy, packet->tuple.source_port);
	return is_management_port(policy, packet->tuple.destination_port) && is_for_this_host(ctx, packet);
}

#endif
