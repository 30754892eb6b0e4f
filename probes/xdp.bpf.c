// SPDX-License-Identifier: GPL-2.0
/* Ingress on XDP: frames from the wire, before the stack and other programs see them. */
#define HOOK_CONTEXT struct xdp_md
#define HOOK_HAS_SENDERS false
#define PASS XDP_PASS
#define DROP XDP_DROP
#include "base/hook.h"

#include "decide/observe.h"
#include "answer/reject.h"

/* A packet that arrives has no sender on this host. */
static __always_inline __u64 sender_cookie(hook_context *ctx)
{
	return 0;
}

static __always_inline bool is_sent_by_kernel(hook_context *ctx)
{
	return false;
}

/* XDP does not show whether the checksum is complete. */
static __always_inline bool has_partial_checksum(hook_context *ctx)
{
	return false;
}

/* XDP does not show the MAC address of the device. Most devices drop frames for other hosts themselves. */
static __always_inline bool is_for_others(hook_context *ctx)
{
	return false;
}

static __always_inline bool has_connected_sender(hook_context *ctx)
{
	return false;
}

static __always_inline bool is_by_tcp_socket(hook_context *ctx)
{
	return false;
}

/* A packet that arrives is neither forwarded nor translated yet. */
static __always_inline __u32 arrived_by(hook_context *ctx)
{
	return 0;
}

static __always_inline bool note_translation(hook_context *ctx, __u32 which)
{
	return false;
}

static __always_inline long load_bytes(hook_context *ctx, __u32 offset, void *to, __u32 size)
{
	return bpf_xdp_load_bytes(ctx, offset, to, size);
}

/* An Ethernet frame must not be shorter on the wire, and not every network card pads it. */
#define SHORTEST_FRAME ETH_ZLEN

/*
 * If the answer is longer than the packet, the packet grows into the headroom that drivers reserve. The link header is
 * then rewritten.
 */
static __always_inline bool replace_packet(hook_context *ctx, const struct packet *packet, struct answer *answer)
{
	__u64 start = answer->start, length = ANSWER_MESSAGE - start + answer->message_length;
	__u32 frame = packet->headers.l3_offset + length;
	int growth;

	if (frame < SHORTEST_FRAME) {
		__builtin_memset(answer->bytes + ANSWER_MESSAGE + sizeof(struct tcp_header), 0, SHORTEST_FRAME);
		length += SHORTEST_FRAME - frame;
		frame = SHORTEST_FRAME;
	}
	if (!is_within(&start, 0, ANSWER_MESSAGE) || !is_within(&length, sizeof(struct ipv4_header), MOST_OF_ICMPV6))
		return false;
	growth = (int)frame - (int)bpf_xdp_get_buff_len(ctx);
	if (growth > 0 ? bpf_xdp_adjust_head(ctx, -growth) : bpf_xdp_adjust_tail(ctx, growth))
		return false;
	return !bpf_xdp_store_bytes(ctx, packet->headers.l3_offset, answer->bytes + start, length);
}

static __always_inline bool store_link_header(hook_context *ctx, struct answer *answer)
{
	__u64 length = answer->link_length;

	if (!length)
		return true;
	return is_within(&length, ETH_HLEN, MOST_OF_LINK) && !bpf_xdp_store_bytes(ctx, 0, answer->link, length);
}

static __always_inline int send_back(hook_context *ctx, const struct packet *packet)
{
	return XDP_TX;
}

SEC("xdp.frags")
int weir_xdp_ingress(struct xdp_md *ctx)
{
	struct packet *packet = start_packet(ctx->ingress_ifindex, DIRECTION_INGRESS);
	struct cursor cursor = {
		.start = (void *)(long)ctx->data,
		.end = (void *)(long)ctx->data_end,
	};

	if (!packet)
		return PASS;
	packet->headers.end = bpf_xdp_get_buff_len(ctx);
	packet->frame.wire_bytes = packet->headers.end;
	packet->frame.wire_packets = 1;
	parse_frame(&cursor, packet, 0);
	return observe(ctx, &cursor, packet) == VERDICT_DROPPED ? drop(ctx, packet) : PASS;
}

char LICENSE[] SEC("license") = "GPL";
