/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sockets whose frames bypass the egress hooks, so that no rule judges them: packet sockets with PACKET_QDISC_BYPASS,
 * and AF_XDP sockets. A process makes such a socket by setsockopt(2). This program sees the call, and refuses it if the
 * configuration says so. The kernel does not run it for calls of 32-bit programs, so that user space looks for such
 * sockets, too. Frames of sockets in another network namespace meet the rules when they enter this namespace.
 */
#ifndef WEIR_BYPASS_H
#define WEIR_BYPASS_H

#include "base/mode.h"
#include "process/socket_events.h"

/* socket -> 1 if it was reported that it bypasses the egress hooks */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u8);
} bypassing SEC(".maps");

#define LEVEL_PACKET 263       /* SOL_PACKET */
#define LEVEL_XDP 283	       /* SOL_XDP */
#define OPTION_QDISC_BYPASS 20 /* PACKET_QDISC_BYPASS */

/* Options of AF_XDP: no socket receives or sends before it has one of them. */
enum {
	OPTION_XDP_RX_RING = 2,
	OPTION_XDP_TX_RING = 3,
	OPTION_XDP_UMEM_REG = 4,
};

/*
 * Does this call make a socket that bypasses the hooks? The option is read from the copy that the kernel itself goes on
 * to use.
 */
static __always_inline __u8 asked_bypass(const struct bpf_sockopt *ctx)
{
	const int *value = ctx->optval;

	if (ctx->level == LEVEL_PACKET && ctx->optname == OPTION_QDISC_BYPASS) {
		if (ctx->sk->family != FAMILY_PACKET || ctx->optlen < (int)sizeof(*value) ||
		    (void *)(value + 1) > ctx->optval_end)
			return BYPASS_NONE;
		return *value ? BYPASS_QDISC : BYPASS_NONE;
	}
	if (ctx->level != LEVEL_XDP || ctx->sk->family != FAMILY_XDP)
		return BYPASS_NONE;
	switch (ctx->optname) {
	case OPTION_XDP_RX_RING:
	case OPTION_XDP_TX_RING:
	case OPTION_XDP_UMEM_REG:
		return BYPASS_AF_XDP;
	default:
		return BYPASS_NONE;
	}
}

/* The verdict about such a call. The mode is read last, as for packets. */
static __always_inline __u8 judge_bypass(void)
{
	__u32 zero = 0, copy;
	const struct control *root = bpf_map_lookup_elem(&control, &zero);
	const struct policy *policy;

	if (!root)
		return VERDICT_PASSED;
	copy = root->generation & 1;
	policy = bpf_map_lookup_elem(&policies, &copy);
	if (!policy || !policy->refuses_bypass)
		return VERDICT_PASSED;
	return is_preventing(root) ? VERDICT_DROPPED : VERDICT_WOULD_DROP;
}

/* Reports that the running process sets such an option. */
static __always_inline void report_bypass(__u8 bypass, __u8 verdict)
{
	struct event *event = begin_socket_event(EVENT_PACKET_BYPASS, 0, 0);
	struct owner owner = {};

	if (!event)
		return;
	event->bypass = bypass;
	event->verdict = verdict;
	describe_process(&owner, bpf_get_current_task_btf());
	name_owner(event, &owner);
	bpf_ringbuf_submit(event, 0);
}

/* Returns whether the call may go on. A socket whose call may go on is reported once. */
static __always_inline bool permit_bypass(struct bpf_sockopt *ctx, __u8 bypass)
{
	__u8 verdict = judge_bypass();
	__u8 *reported;

	if (verdict == VERDICT_DROPPED) {
		report_bypass(bypass, verdict);
		return false;
	}
	reported = bpf_sk_storage_get(&bypassing, ctx->sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (!reported || !*reported)
		report_bypass(bypass, verdict);
	if (reported)
		*reported = 1;
	return true;
}

/* Judges one call of setsockopt(2). Returns 1 to let it go on, 0 to refuse it. */
static __always_inline int judge_option(struct bpf_sockopt *ctx)
{
	__u8 bypass;

	/*
	 * The kernel hands over a page of a longer value. Before Linux 6.5 it refuses the call unless the program says
	 * that the whole value is to be taken from the process.
	 */
	if (ctx->optlen > (long)(ctx->optval_end - ctx->optval))
		ctx->optlen = 0;
	bypass = asked_bypass(ctx);
	if (bypass == BYPASS_NONE || bpf_get_netns_cookie(ctx) != netns_cookie)
		return 1;
	return permit_bypass(ctx, bypass);
}

#endif
