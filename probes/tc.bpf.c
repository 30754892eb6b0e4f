// SPDX-License-Identifier: GPL-2.0
/* Both directions on TC, through TCX links or clsact filters. */
#include "kernel.h"

typedef struct __sk_buff hook_context;

#include "observe.h"

#define PASS (-1)	/* TC_ACT_UNSPEC, TCX_NEXT: whoever comes after decides */
#define DROP 2		/* TC_ACT_SHOT, TCX_DROP */

/* How much of a packet is made linear when a header lies outside the linear part. */
#define PULL_BYTES 512

static __always_inline void parse_skb(struct __sk_buff *skb, struct cursor *cursor, struct packet *packet)
{
	__u16 ethertype = packet->interface_flags & INTERFACE_NO_ETHERNET ? bpf_ntohs(skb->protocol) : 0;

	cursor->start = (void *)(long)skb->data;
	cursor->end = (void *)(long)skb->data_end;
	if (skb->vlan_present) {
		packet->vlan[0] = vlan_value(skb->vlan_tci);
		packet->vlan_count = 1;
	}
	if (skb->gso_size)
		packet->flags |= PACKET_GSO;
	parse_frame(cursor, packet, ethertype);
}

/*
 * Where the headers end that each GSO segment repeats: those of the packet inside, too, where the kernel made the
 * tunnel. A program that writes tunnels itself hands over whole datagrams, of which the first inner one ends early.
 */
static __always_inline __u32 repeated_headers(const struct cursor *cursor, const struct packet *packet, __u32 length)
{
	struct packet *inner = packet_in_scratch(INNER);

	if (packet->inner_kind != TUNNEL_NONE && inner && enter_tunnel(cursor, packet, inner) &&
	    inner->header_end > packet->header_end && inner->frame_length == length)
		return inner->header_end;
	return packet->header_end;
}

static __always_inline void count_wire(struct __sk_buff *skb, const struct cursor *cursor, struct packet *packet)
{
	__u32 segments = skb->gso_segs, size = skb->gso_size, length = skb->len, tag = skb->vlan_present ? 4 : 0;
	__u32 headers = size ? repeated_headers(cursor, packet, length) : 0;

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
	struct cursor cursor;

	if (!packet)
		return PASS;
	packet->frame_length = skb->len;
	parse_skb(skb, &cursor, packet);
	if (packet->outcome.reason == REASON_NOT_LINEAR) {
		if (bpf_skb_pull_data(skb, skb->len < PULL_BYTES ? skb->len : PULL_BYTES))
			count_fault(FAULT_PULL);
		reset_packet(packet, OUTER);
		parse_skb(skb, &cursor, packet);
	}
	count_wire(skb, &cursor, packet);
	return observe(skb, &cursor, packet, direction == DIRECTION_EGRESS ? bpf_get_socket_cookie(skb) : 0) ==
	       VERDICT_DROPPED ? DROP : PASS;
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
