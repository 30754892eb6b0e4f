/* SPDX-License-Identifier: GPL-2.0 */
/* UDP ports whose packets are tunnels. */
#ifndef WEIR_TUNNEL_PORTS_H
#define WEIR_TUNNEL_PORTS_H

#include "base/packet.h"

/*
 * where a tunnel device of this host receives packets -> 1, or a UDP port of its own -> enum tunnel_kind; user space
 * fills it
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, LIMIT_TUNNEL_ENDS);
	__type(key, struct tunnel_end);
	__type(value, __u32);
} tunnel_ends SEC(".maps");

/*
 * Notes a tunnel if its UDP port is that of a tunnel device of this host. Only an administrator of the network can make
 * such a device.
 */
static __noinline void look_for_device_port(struct packet *packet)
{
	struct tunnel_end at = { .form = TUNNEL_AT_PORT };
	__u32 *kind;

	if (!packet)
		return;
	at.port = packet->headers.tuple.destination_port;
	kind = bpf_map_lookup_elem(&tunnel_ends, &at);
	if (kind) {
		packet->headers.inner_kind = *kind;
		packet->headers.flags |= PACKET_AT_DEVICE_PORT;
	}
}

/* Notes what kind of tunnel a UDP packet is, by its destination port. */
static __always_inline void note_tunnel_in_udp(struct packet *packet)
{
	switch (packet->headers.tuple.destination_port) {
	case PORT_VXLAN:
	case PORT_VXLAN_GPE:
	case PORT_VXLAN_LINUX:
		packet->headers.inner_kind = TUNNEL_VXLAN;
		break;
	case PORT_GENEVE:
		packet->headers.inner_kind = TUNNEL_GENEVE;
		break;
	default:
		if (packet->rule_set.tunnel_forms >> TUNNEL_AT_PORT & 1)
			look_for_device_port(packet);
	}
}

#endif
