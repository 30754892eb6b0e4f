// SPDX-License-Identifier: GPL-2.0
/* Both directions on TC, through TCX links or clsact filters. */
#include "kernel.h"

typedef struct __sk_buff hook_context;

/* Of the local socket that sends the packet; 0 for what is only forwarded. */
static __always_inline __u64 sender_cookie(hook_context *ctx)
{
	return bpf_get_socket_cookie(ctx);
}

#include "observe.h"

#define PASS (-1)	/* TC_ACT_UNSPEC, TCX_NEXT: whoever comes after decides */
#define DROP 2		/* TC_ACT_SHOT, TCX_DROP */

/* How much of a packet is made linear when a header lies outside the linear part: whatever a parser may look at. */
#define PULL_BYTES (CURSOR_LIMIT + 64)

/* Finds the frame. Returns the ethertype of a device without Ethernet headers, else 0. */
static __always_inline __u16 start_skb(struct __sk_buff *skb, struct cursor *cursor, struct packet *packet)
{
	cursor->start = (void *)(long)skb->data;
	cursor->end = (void *)(long)skb->data_end;
	if (skb->vlan_present) {
		packet->vlan[0] = vlan_value(skb->vlan_tci);
		packet->vlan_count = 1;
	}
	if (skb->gso_size)
		packet->flags |= PACKET_GSO;
	packet->frame_length = skb->len;
	return packet->interface_flags & INTERFACE_NO_ETHERNET ? bpf_ntohs(skb->protocol) : 0;
}

/* The packet inside the tunnel that this one is, as far as it can be read; NULL where there is none. */
static __always_inline const struct packet *packet_inside(const struct cursor *cursor, const struct packet *packet)
{
	struct packet *inner = packet_in_scratch(INNER);

	return packet->inner_kind != TUNNEL_NONE && inner && enter_tunnel(cursor, packet, inner) ? inner : NULL;
}

static __always_inline bool is_not_linear(const struct packet *packet)
{
	return packet && packet->outcome.reason == REASON_NOT_LINEAR;
}

/*
 * What the wire sees of a GSO packet: each segment repeats the headers, those of the packet inside, too, where the
 * kernel made the tunnel. A program that writes tunnels itself hands over several whole ones: the first ends early.
 */
static __always_inline void count_wire(struct __sk_buff *skb, struct packet *packet, const struct packet *inner)
{
	__u32 segments = skb->gso_segs, size = skb->gso_size, length = skb->len, tag = skb->vlan_present ? 4 : 0;
	__u32 headers = packet->header_end;

	if (inner && inner->header_end > headers && inner->frame_length == length)
		headers = inner->header_end;
	if (size && !segments && length > headers)
		segments = (length - headers + size - 1) / size;
	if (!segments)
		segments = 1;
	packet->wire_packets = segments;
	packet->wire_bytes = length + (segments - 1) * headers + segments * tag;
}

static __always_inline int observe_skb(struct __sk_buff *skb, __u8 direction)
{
	struct packet *packet = start_packet(skb->ifindex, direction);
	const struct packet *inner;
	struct cursor cursor;

	if (!packet)
		return PASS;
	parse_frame(&cursor, packet, start_skb(skb, &cursor, packet));
	inner = packet_inside(&cursor, packet);
	if (is_not_linear(packet) || is_not_linear(inner)) {
		if (bpf_skb_pull_data(skb, skb->len < PULL_BYTES ? skb->len : PULL_BYTES))
			count_fault(FAULT_PULL);
		reset_packet(packet, OUTER);
		parse_frame_apart(&cursor, packet, start_skb(skb, &cursor, packet));
		inner = packet_inside(&cursor, packet);
	}
	count_wire(skb, packet, inner);
	return observe(skb, &cursor, packet) == VERDICT_DROPPED ? DROP : PASS;
}

SEC("tc")
int weir_tc_ingress(struct __sk_buff *skb)
{
	return observe_skb(skb, DIRECTION_INGRESS);
}

SEC("tc")
int weir_tc_egress(struct __sk_buff *skb)
{
	return observe_skb(skb, DIRECTION_EGRESS);
}

char LICENSE[] SEC("license") = "GPL";
