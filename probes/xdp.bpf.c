// SPDX-License-Identifier: GPL-2.0
/* Ingress on XDP: frames from the wire, before anything else has seen them. */
#include "kernel.h"

typedef struct xdp_md hook_context;

/* What arrives has no socket yet. */
static __always_inline __u64 sender_cookie(hook_context *ctx)
{
	return 0;
}

#include "observe.h"

SEC("xdp.frags")
int weir_xdp_ingress(struct xdp_md *ctx)
{
	struct packet *packet = start_packet(ctx->ingress_ifindex, DIRECTION_INGRESS);
	struct cursor cursor = {
		.start = (void *)(long)ctx->data,
		.end = (void *)(long)ctx->data_end,
	};

	if (!packet)
		return XDP_PASS;
	packet->frame_length = bpf_xdp_get_buff_len(ctx);
	packet->wire_bytes = packet->frame_length;
	packet->wire_packets = 1;
	parse_frame(&cursor, packet, 0);
	return observe(ctx, &cursor, packet) == VERDICT_DROPPED ? XDP_DROP : XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
