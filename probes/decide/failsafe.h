/* SPDX-License-Identifier: GPL-2.0 */
/* Failsafes: traffic that always passes, so that no rule can lock you out of the host. */
#ifndef WEIR_FAILSAFE_H
#define WEIR_FAILSAFE_H

#include "base/hook.h"
#include "parse/transport.h"

/* DHCP: RFC 2131, and RFC 8415 for IPv6. */
#define DHCP_SERVER_PORT 67
#define DHCP_CLIENT_PORT 68
#define DHCPV6_CLIENT_PORT 546
#define DHCPV6_SERVER_PORT 547

#define DISCOVERY_HOP_LIMIT 255 /* RFC 4861: a packet from beyond a router has less */

static __always_inline bool in_prefix(const __u64 address[2], const struct failsafe_prefix *prefix)
{
	return (address[0] & prefix->mask_be[0]) == prefix->address_be[0] &&
	       (address[1] & prefix->mask_be[1]) == prefix->address_be[1];
}

static __always_inline bool has_dhcp_ports(const struct packet *packet)
{
	__u16 from = packet->headers.tuple.source_port, to = packet->headers.tuple.destination_port;

	if (packet->headers.tuple.protocol != IPPROTO_UDP || !(packet->headers.flags & PACKET_HAS_PORTS))
		return false;
	return (from == DHCP_SERVER_PORT && to == DHCP_CLIENT_PORT) ||
	       (from == DHCP_CLIENT_PORT && to == DHCP_SERVER_PORT) ||
	       (from == DHCP_SERVER_PORT && to == DHCP_SERVER_PORT) ||
	       (from == DHCPV6_CLIENT_PORT && to == DHCPV6_SERVER_PORT) ||
	       (from == DHCPV6_SERVER_PORT && to == DHCPV6_CLIENT_PORT);
}

/*
 * Does no router forward the packet? It comes from 0.0.0.0, or goes to the broadcast address, or has a link-local
 * address, or goes to an IPv6 multicast address.
 */
static __always_inline bool stays_on_link(const struct tuple *tuple)
{
	if (is_mapped(tuple->destination_be))
		return !(tuple->source_be[1] >> 32) || tuple->destination_be[1] >> 32 == INADDR_BROADCAST;
	return is_link_local(tuple->source_be) || is_link_local(tuple->destination_be) ||
	       is_ipv6_multicast(tuple->destination_be);
}

/* Is the remote end in `failsafe.addresses`, or is this a session of the operator? */
static __always_inline bool is_failsafe_peer(const struct packet *packet, const struct policy *policy)
{
	const __u64 *remote = packet->frame.direction == DIRECTION_INGRESS ? packet->headers.tuple.source_be
									   : packet->headers.tuple.destination_be;
	__u16 remote_port, local_port;

	for (__u32 i = 0; i < LIMIT_FAILSAFE_PREFIXES; i++) {
		if (i >= policy->failsafe_prefix_count)
			break;
		if (in_prefix(remote, &policy->failsafe_prefixes[i]))
			return true;
	}
	if (packet->headers.tuple.protocol != IPPROTO_TCP || !(packet->headers.flags & PACKET_HAS_PORTS))
		return false;
	remote_port = packet->frame.direction == DIRECTION_INGRESS ? packet->headers.tuple.source_port
								   : packet->headers.tuple.destination_port;
	local_port = packet->frame.direction == DIRECTION_INGRESS ? packet->headers.tuple.destination_port
								  : packet->headers.tuple.source_port;
	for (__u32 i = 0; i < LIMIT_FAILSAFE_SESSIONS; i++) {
		const struct failsafe_session *session = &policy->sessions[i];

		if (!session->in_use)
			break; /* the sessions are at the start of the array */
		if (session->remote_port == remote_port && session->local_port == local_port &&
		    session->address_be[0] == remote[0] && session->address_be[1] == remote[1])
			return true;
	}
	return false;
}

/* Does the packet pass before bans and rules are asked? */
static __always_inline bool is_trusted(const struct packet *packet, const struct policy *policy)
{
	if (packet->frame.interface_flags & INTERFACE_LOOPBACK || packet->role.carries_failsafe)
		return true;
	return !packet->headers.tunnel && packet->headers.flags & PACKET_HAS_ADDRESSES &&
	       is_failsafe_peer(packet, policy);
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

/*
 * Is the packet, or with `of_opener` the packet that opened its connection, for this host, and will not be forwarded?
 * This is also true for an address that the host is about to get from a DHCP server. Not static: see judge_inner.
 */
__noinline int is_for_this_host(hook_context *ctx, __u32 which, bool of_opener)
{
	struct packet *packet = packet_in_scratch(which);
	struct bpf_fib_lookup lookup = {};
	const struct tuple *tuple;
	long result;

	if (!packet)
		return false;
	tuple = of_opener ? &packet->connection.opener : &packet->headers.tuple;
	lookup.ifindex = packet->frame.ifindex;
	lookup.l4_protocol = packet->headers.tuple.protocol;
	if (is_mapped(tuple->source_be)) {
		lookup.family = FAMILY_INET;
		lookup.ipv4_src = tuple->source_be[1] >> 32;
		lookup.ipv4_dst = tuple->destination_be[1] >> 32;
	} else {
		lookup.family = FAMILY_INET6;
		lookup.ipv6_src[0] = tuple->source_be[0];
		lookup.ipv6_src[1] = tuple->source_be[0] >> 32;
		lookup.ipv6_src[2] = tuple->source_be[1];
		lookup.ipv6_src[3] = tuple->source_be[1] >> 32;
		lookup.ipv6_dst[0] = tuple->destination_be[0];
		lookup.ipv6_dst[1] = tuple->destination_be[0] >> 32;
		lookup.ipv6_dst[2] = tuple->destination_be[1];
		lookup.ipv6_dst[3] = tuple->destination_be[1] >> 32;
	}
	result = bpf_fib_lookup(ctx, &lookup, sizeof(lookup), 0);
	return result >= BPF_FIB_LKUP_RET_BLACKHOLE && result <= BPF_FIB_LKUP_RET_FWD_DISABLED;
}

/* Is this host an end of the packet, or does the packet stay on the link? Then the host does not forward it. */
static __always_inline bool is_own(hook_context *ctx, const struct packet *packet)
{
	if (stays_on_link(&packet->headers.tuple))
		return true;
	if (packet->frame.direction == DIRECTION_EGRESS)
		return sender_cookie(ctx);
	return is_for_this_host(ctx, packet->which, false);
}

/*
 * Is this a message of neighbour discovery that a host accepts? It has to come from the link itself, which the hop
 * limit shows, because routers lower it (RFC 4861). It must not be a fragment (RFC 6980).
 */
static __always_inline bool has_form_of_discovery(const struct packet *packet)
{
	return packet->headers.tuple.protocol == IPPROTO_ICMPV6 && packet->headers.flags & PACKET_HAS_PORTS &&
	       packet->headers.flags & PACKET_IPV6 && !(packet->headers.flags & PACKET_FRAGMENT_HEADER) &&
	       packet->headers.hop_limit == DISCOVERY_HOP_LIMIT && !packet->headers.tuple.icmp_code &&
	       packet->headers.tuple.icmp_type >= ICMPV6_ROUTER_SOLICITATION_TYPE &&
	       packet->headers.tuple.icmp_type <= ICMPV6_REDIRECT_TYPE;
}

/* A packet that arrives with that hop limit may still be forwarded. A packet that leaves with it was not forwarded. */
static __always_inline bool is_neighbour_discovery(hook_context *ctx, const struct packet *packet)
{
	return has_form_of_discovery(packet) && (packet->frame.direction == DIRECTION_EGRESS || is_own(ctx, packet));
}

/*
 * Is this neighbour discovery or DHCP? Without them the host has no network, and nobody could manage it. They open no
 * connections.
 */
static __always_inline bool is_discovery_or_dhcp(hook_context *ctx, const struct packet *packet)
{
	/* Failsafes protect the link of this host, and not the packets inside a tunnel. */
	return !packet->headers.tunnel &&
	       (is_neighbour_discovery(ctx, packet) || (has_dhcp_ports(packet) && is_own(ctx, packet)));
}

/* Is this TCP connection one to a management port of this host? Packets of both directions belong to it. */
static __always_inline bool is_management(hook_context *ctx, const struct packet *packet, const struct policy *policy)
{
	const struct tuple *opener = &packet->connection.opener;

	return opener->protocol == IPPROTO_TCP && opener->direction == DIRECTION_INGRESS && !packet->headers.tunnel &&
	       packet->headers.flags & PACKET_HAS_PORTS && is_management_port(policy, opener->destination_port) &&
	       is_for_this_host(ctx, packet->which, true);
}

#endif
