/* SPDX-License-Identifier: GPL-2.0 */
/* Parses a frame, and the packet inside its tunnel, if it is one. */
#ifndef WEIR_FRAME_H
#define WEIR_FRAME_H

#include "base/faults.h"
#include "base/mode.h"
#include "parse/interfaces.h"
#include "parse/transport.h"
#include "parse/tunnel.h"

/*
 * Clears all that a parser or a hook may leave unset. The other parts of the packet are written before they are read.
 */
static __always_inline void reset_packet(struct packet *packet, __u32 which)
{
	packet->outcome = (struct outcome){};
	packet->headers = (struct headers){};
	packet->role = (struct role){};
	packet->which = which;
}

/*
 * Begins the packet of a frame: notes its interface, and the rule set in force. `generation` is read once, so that the
 * whole packet meets one copy of the tables.
 */
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

/* Decides a packet that is not IP: it passes, and ARP counts as failsafe. */
static __always_inline void note_not_ip(struct packet *packet, __u16 ethertype)
{
	packet->headers.flags |= PACKET_NO_IP;
	packet->outcome.slot = ethertype == ETH_P_ARP ? SLOT_FAILSAFE : SLOT_DEFAULT;
	packet->outcome.staged = SLOT_NONE;
	packet->outcome.verdict = VERDICT_PASSED;
}

/* Parses layer 3. */
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

/* Parses layers 2 to 4. `ethertype` is 0 if the frame begins with an Ethernet header, which has it. */
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

/* The same as a function of its own, for packets that are rare enough to afford a call. */
static __noinline void parse_frame_apart(const struct cursor *cursor, struct packet *packet, __u16 ethertype)
{
	if (cursor && packet)
		parse_frame(cursor, packet, ethertype);
}

/*
 * Parses the packet inside the tunnel packet `outer`. Returns whether there is an IP packet, or a reason why it is
 * undecided.
 */
static __noinline bool enter_tunnel(const struct cursor *cursor, const struct packet *outer, struct packet *inner)
{
	__u16 ethertype = 0;

	if (!cursor || !outer || !inner)
		return false;
	reset_packet(inner, INNER);
	inner->frame = outer->frame;
	inner->rule_set = outer->rule_set;
	inner->rule_set.tunnel_forms = 0; /* weir looks into one tunnel, not into a tunnel inside it */
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
