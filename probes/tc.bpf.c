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

/* What the wire sees of a GSO packet: each segment repeats the headers. */
static __always_inline void count_wire(struct __sk_buff *skb, struct packet *packet)
{
	__u32 segments = skb->gso_segs, size = skb->gso_size, length = skb->len, tag = skb->vlan_present ? 4 : 0;

	if (size && !segments && length > packet->header_end)
		segments = (length - packet->header_end + size - 1) / size;
	if (!segments)
		segments = 1;
	packet->wire_packets = segments;
	packet->wire_bytes = length + (segments - 1) * packet->header_end + segments * tag;
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
	count_wire(skb, packet);
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
