// SPDX-License-Identifier: GPL-2.0
/* Both directions on TC, through TCX links or clsact filters. */
#define HOOK_CONTEXT struct __sk_buff
#define HOOK_HAS_SENDERS true
#define PASS (-1) /* TC_ACT_UNSPEC, TCX_NEXT: the next program decides */
#define DROP 2	  /* TC_ACT_SHOT, TCX_DROP */
#include "base/hook.h"

#include "base/own_drops.h"
#include "flow/lookup.h"
#include "flow/translation.h"
#include "decide/observe.h"
#include "answer/reject.h"

static __always_inline __u64 sender_cookie(hook_context *ctx)
{
	return bpf_get_socket_cookie(ctx);
}

static __always_inline long load_bytes(hook_context *ctx, __u32 offset, void *to, __u32 size)
{
	return bpf_skb_load_bytes(ctx, offset, to, size);
}

static __always_inline bool is_sent_by_kernel(hook_context *ctx)
{
	__u32 zero = 0;
	union lookup_room *room = bpf_map_lookup_elem(&lookup_room, &zero);

	if (!room || !ctx->sk || bpf_probe_read_kernel(room->head, SOCKET_HEAD, ctx->sk))
		return false;
	return is_kernel_socket((const struct sock_common *)room->head);
}

static __always_inline bool has_partial_checksum(hook_context *ctx)
{
	return BPF_CORE_READ_BITFIELD_PROBED((struct sk_buff *)ctx, ip_summed) == CHECKSUM_PARTIAL;
}

/* The stack discards such a frame, unless a bridge forwards it. */
static __always_inline bool is_for_others(hook_context *ctx)
{
	return ctx->pkt_type == PACKET_OTHERHOST;
}

/* A raw socket mostly has no connection. */
static __always_inline bool has_connected_sender(hook_context *ctx)
{
	struct bpf_sock *socket = ctx->sk;

	return socket && socket->state != TCP_CLOSE;
}

static __always_inline bool is_by_tcp_socket(hook_context *ctx)
{
	struct bpf_sock *socket = ctx->sk;

	if (!socket || (socket->family != FAMILY_INET && socket->family != FAMILY_INET6))
		return false;
	socket = bpf_sk_fullsock(socket);
	return socket && socket->type == SOCKET_STREAM && socket->protocol == IPPROTO_TCP;
}

static __always_inline __u32 arrived_by(hook_context *ctx)
{
	return ctx->ingress_ifindex;
}

static __always_inline bool note_translation(hook_context *ctx, __u32 which)
{
	return note_tracked_translation(ctx, which);
}

/*
 * Marks an answer, because weir does not judge the packets that it sends itself. The secret is in the control block of
 * the packet, until another layer of the kernel uses the block. No process can read or write it.
 */
static __always_inline void sign_answer(struct __sk_buff *skb)
{
	skb->cb[0] = answer_secret;
	skb->cb[1] = answer_secret >> 32;
}

static __always_inline bool is_answer(const struct __sk_buff *skb)
{
	return answer_secret && skb->cb[0] == (__u32)answer_secret && skb->cb[1] == (__u32)(answer_secret >> 32);
}

/*
 * Rules of netfilter can recognise an answer by this mark, which is "weir" in ASCII. Any process with CAP_NET_RAW can
 * set it, so that weir itself does not trust it.
 */
#define ANSWER_MARK 0x77656972

/* The offset in layer 4 at which the device writes a checksum that the stack has left to it. */
static __always_inline __u32 checksum_place(const struct packet *packet)
{
	return packet->headers.tuple.protocol == IPPROTO_TCP ? __builtin_offsetof(struct tcp_header, checksum)
							     : __builtin_offsetof(struct udp_header, checksum);
}

/*
 * If the device is to complete the checksum of the packet, it will complete that of the answer: it sums up the bytes
 * from the start of layer 4 of the packet, and writes the checksum to the offset that the packet has it at. The result
 * is right if the sum of the pseudo header is at this offset before. In an ICMP error the offset is in an unused field,
 * which becomes 0xffff and changes no sum. TC does not show whether the device is to complete the checksum. But the
 * kernel does not cut such a packet before that offset, which shows it.
 */
static __always_inline bool replace_packet(hook_context *skb, const struct packet *packet, struct answer *answer)
{
	__u64 start = answer->start, length = ANSWER_MESSAGE - start + answer->message_length;

	if (bpf_skb_change_tail(skb, packet->headers.l4_offset + 4, 0)) {
		if (packet->headers.l4_offset - packet->headers.l3_offset != ANSWER_MESSAGE - start)
			return false;
		*(__u16 *)(answer->bytes + ANSWER_MESSAGE + checksum_place(packet)) = answer->pseudo;
	}
	if (!is_within(&start, 0, ANSWER_MESSAGE) || !is_within(&length, sizeof(struct ipv4_header), MOST_OF_ICMPV6))
		return false;
	return !bpf_skb_change_tail(skb, packet->headers.l3_offset + length, 0) &&
	       !bpf_skb_store_bytes(skb, packet->headers.l3_offset, answer->bytes + start, length,
				    BPF_F_RECOMPUTE_CSUM | BPF_F_INVALIDATE_HASH);
}

static __always_inline bool store_link_header(hook_context *skb, struct answer *answer)
{
	__u64 length = answer->link_length;

	if (!length)
		return true;
	return is_within(&length, ETH_HLEN, MOST_OF_LINK) && !bpf_skb_store_bytes(skb, 0, answer->link, length, 0);
}

static __always_inline int send_back(hook_context *skb, const struct packet *packet)
{
	skb->mark = ANSWER_MARK;
	sign_answer(skb);
	return bpf_redirect(skb->ifindex, packet->frame.direction == DIRECTION_INGRESS ? 0 : BPF_F_INGRESS);
}

/* So many bytes are made linear if a header is outside of the linear part: all that a parser may read. */
#define PULL_BYTES (CURSOR_LIMIT + 64)

/* Points the cursor at the frame. Returns the ethertype for a device without Ethernet headers, else 0. */
static __always_inline __u16 start_skb(struct __sk_buff *skb, struct cursor *cursor, struct packet *packet)
{
	cursor->start = (void *)(long)skb->data;
	cursor->end = (void *)(long)skb->data_end;
	if (skb->vlan_present) {
		packet->headers.vlan[0] = vlan_value(skb->vlan_tci);
		packet->headers.vlan_count = 1;
	}
	if (skb->gso_size)
		packet->headers.flags |= PACKET_GSO;
	packet->headers.end = skb->len;
	return packet->frame.interface_flags & INTERFACE_NO_ETHERNET ? bpf_ntohs(skb->protocol) : 0;
}

/* Parses the packet inside this tunnel packet. Returns NULL if there is none. */
static __always_inline const struct packet *packet_inside(const struct cursor *cursor, const struct packet *packet)
{
	struct packet *inner = packet_in_scratch(INNER);

	return packet->headers.inner_kind != TUNNEL_NONE && inner && enter_tunnel(cursor, packet, inner) ? inner : NULL;
}

static __always_inline bool is_not_linear(const struct packet *packet)
{
	return packet && packet->outcome.reason == REASON_NOT_LINEAR;
}

/*
 * Counts the packets and bytes of a GSO packet on the wire. Each segment repeats the headers. If the kernel made the
 * tunnel, each segment also repeats the headers of the packet inside. A program that writes tunnel packets itself sends
 * several whole ones at once; then the packet inside ends before the GSO packet does.
 */
static __always_inline void count_wire(struct __sk_buff *skb, struct packet *packet, const struct packet *inner)
{
	__u32 segments = skb->gso_segs, size = skb->gso_size, length = skb->len, tag = skb->vlan_present ? 4 : 0;
	__u32 headers = packet->headers.header_end;

	if (inner && inner->headers.header_end > headers && inner->headers.end == length)
		headers = inner->headers.header_end;
	if (size && !segments && length > headers)
		segments = (length - headers + size - 1) / size;
	if (!segments)
		segments = 1;
	packet->frame.wire_packets = segments;
	packet->frame.wire_bytes = length + (segments - 1) * headers + segments * tag;
}

static __always_inline int observe_skb(struct __sk_buff *skb, __u8 direction)
{
	struct packet *packet = start_packet(skb->ifindex, direction);
	const struct packet *inner;
	struct cursor cursor;
	int verdict;

	if (!packet || is_answer(skb))
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
	if (observe(skb, &cursor, packet) != VERDICT_DROPPED)
		return PASS;
	verdict = drop(skb, packet);
	if (verdict == DROP)
		note_own_drop();
	return verdict;
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
