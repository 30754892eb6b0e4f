/* SPDX-License-Identifier: GPL-2.0 */
/* From a frame to its packet, as far as it can be read, and to the one in its tunnel. */
#ifndef WEIR_FRAME_H
#define WEIR_FRAME_H

#include "base/faults.h"
#include "base/mode.h"
#include "parse/interfaces.h"
#include "parse/transport.h"
#include "parse/tunnel.h"

/* Clears all that a parser or a hook may leave unset. The other parts of the packet are written before they are read. */
static __always_inline void reset_packet(struct packet *packet, __u32 which)
{
	packet->outcome = (struct outcome){};
	packet->headers = (struct headers){};
	packet->role = (struct role){};
	packet->which = which;
}

/* Begins the packet of a frame: its interface, and the rule set in force. One root word, read once, chooses the copy of all tables. */
static __always_inline struct packet *start_packet(__u32 ifindex, __u8 direction)
{
	__u32 zero = 0, generation;
	struct interface_entry *entry = find_interface(ifindex);
	struct control *root = bpf_map_lookup_elem(&control, &zero);
	struct packet *packet = packet_in_scratch(OUTER);

	if (!packet || !root)
		return NULL;
	reset_packet(packet, OUTER);
	generation = *(volatile __u32 *)&root->generation;
	packet->rule_set = (struct rule_set){
		.generation = generation,
		.copy = generation & 1,
		.bans = root->bans,
		.tunnel_forms = root->tunnel_forms,
	};
	packet->frame = (struct frame){ .ifindex = ifindex, .direction = direction };
	if (entry) {
		packet->frame.interface_slot = entry->slot;
		packet->frame.interface_flags = entry->flags;
		packet->frame.interface_groups = entry->groups[generation & 1];
	} else {
		packet->frame.interface_flags = INTERFACE_UNKNOWN;
		count_fault(FAULT_INTERFACE_UNKNOWN);
	}
	packet->rule_set.in_detect = !is_preventing(root);
	return packet;
}

static __always_inline void note_not_ip(struct packet *packet, __u16 ethertype)
{
	packet->headers.flags |= PACKET_NO_IP;
	packet->outcome.slot = ethertype == ETH_P_ARP ? SLOT_FAILSAFE : SLOT_DEFAULT;
	packet->outcome.staged = SLOT_NONE;
	packet->outcome.verdict = VERDICT_PASSED;
}

static __always_inline void parse_network(const struct cursor *cursor, struct packet *packet, __u16 ethertype)
{
	__u32 reason;

	if (ethertype == ETH_P_IP)
		reason = parse_ipv4(cursor, packet);
	else if (ethertype == ETH_P_IPV6)
		reason = parse_ipv6(cursor, packet);
	else
		return note_not_ip(packet, ethertype);
	packet->outcome.reason = reason;
}

/* Layers 2 to 4. `ethertype` is 0 where the frame has an Ethernet header to say it. */
static __always_inline void parse_frame(const struct cursor *cursor, struct packet *packet, __u16 ethertype)
{
	if (packet->frame.interface_flags & INTERFACE_UNKNOWN) {
		packet->outcome.reason = REASON_INTERFACE_UNKNOWN;
		return;
	}
	if (!ethertype) {
		packet->outcome.reason = parse_ethernet(cursor, packet, &ethertype);
		if (packet->outcome.reason)
			return;
	}
	parse_network(cursor, packet, ethertype);
	if (packet->outcome.reason || packet->headers.flags & (PACKET_NO_IP | PACKET_LATER_FRAGMENT))
		return;
	packet->outcome.reason = parse_transport(cursor, packet);
}

/* The same where a call does not matter. */
static __noinline void parse_frame_apart(const struct cursor *cursor, struct packet *packet, __u16 ethertype)
{
	if (cursor && packet)
		parse_frame(cursor, packet, ethertype);
}

/* Makes `inner` the packet inside the tunnel that `outer` is. False when there is none to judge. */
static __noinline bool enter_tunnel(const struct cursor *cursor, const struct packet *outer, struct packet *inner)
{
	__u16 ethertype = 0;

	if (!cursor || !outer || !inner)
		return false;
	reset_packet(inner, INNER);
	inner->frame = outer->frame;
	inner->rule_set = outer->rule_set;
	inner->rule_set.tunnel_forms = 0; /* what a device takes out of this one is another packet */
	inner->headers.flags = outer->headers.flags & PACKET_GSO;
	if (outer->headers.flags & PACKET_FIRST_FRAGMENT)
		inner->headers.flags |= PACKET_PARTIAL;
	inner->headers.end = outer->headers.end;
	inner->headers.offset = outer->headers.inner_offset;
	inner->outcome.reason = parse_tunnel(cursor, outer, inner, &ethertype);
	if (inner->outcome.reason)
		return true;
	if (ethertype != ETH_P_IP && ethertype != ETH_P_IPV6) {
		note_not_ip(inner, ethertype);
		return false;
	}
	parse_frame_apart(cursor, inner, ethertype);
	return true;
}

#endif
