/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who has which sockets open, told one by one as user space reads: where nobody was seen using a socket, and where the
 * kernel lists it without its cookie.
 */
#ifndef WEIR_HOLDERS_H
#define WEIR_HOLDERS_H

#include "process/bypass.h"
#include "process/listening.h"
#include "process/owners.h"

/* Whether, and how, its frames pass the egress hooks unseen. */
static __always_inline __u32 bypass_of(const struct sock *sk, __u16 family)
{
	const struct packet_sock *packet = (const struct packet_sock *)sk;

	if (family == FAMILY_XDP)
		return BYPASS_AF_XDP;
	if (family != FAMILY_PACKET)
		return BYPASS_NONE;
	if (!bpf_core_field_exists(packet->flags) ||
	    !bpf_core_enum_value_exists(enum packet_sock_flags, PACKET_SOCK_QDISC_BYPASS))
		return BYPASS_UNKNOWN;
	return BPF_CORE_READ(packet, flags) >> bpf_core_enum_value(enum packet_sock_flags, PACKET_SOCK_QDISC_BYPASS) & 1
		       ? BYPASS_QDISC
		       : BYPASS_NONE;
}

/* Those that no hook sees being made, or that come without a cookie: packet, AF_XDP, raw and ping sockets. */
static __always_inline bool is_raw(const struct socket *socket, __u16 family)
{
	__u16 protocol = socket->sk->sk_protocol;

	return family == FAMILY_PACKET || family == FAMILY_XDP || socket->type == SOCKET_RAW ||
	       protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

/* Tells that the process of this iteration holds this file, if the file is a socket of the families that weir knows. */
static __always_inline int tell_holding(struct bpf_iter__task_file *ctx, bool only_raw)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct holding holding = {};
	struct socket *socket;
	__u16 family;
	__u8 *told;

	if (!task || !file)
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket || !socket->sk)
		return 0;
	family = socket->sk->__sk_common.skc_family;
	if (family != FAMILY_INET && family != FAMILY_INET6 && family != FAMILY_PACKET && family != FAMILY_XDP)
		return 0;
	/* The others are found in lists of their network namespace. */
	if (family == FAMILY_XDP && BPF_CORE_READ(socket, sk, __sk_common.skc_net.net, net_cookie) != netns_cookie)
		return 0;
	if (only_raw && !is_raw(socket, family))
		return 0;
	holding.cookie = bpf_get_socket_cookie(socket->sk);
	holding.inode = file->f_inode->i_ino;
	holding.ifindex = socket->sk->__sk_common.skc_bound_dev_if;
	holding.listens = socket->sk->sk_protocol == IPPROTO_TCP && socket->sk->__sk_common.skc_state == TCP_LISTEN;
	holding.bypass = bypass_of(socket->sk, family);
	told = holding.bypass == BYPASS_NONE ? NULL : bpf_sk_storage_get(&bypassing, socket->sk, NULL, 0);
	holding.bypass_told = told && *told;
	holding.parent = BPF_CORE_READ(task, real_parent, tgid);
	describe_process(&holding.holder, task);
	if (holding.listens)
		note_listening(socket->sk, holding.cookie);
	bpf_seq_write(ctx->meta->seq, &holding, sizeof(holding));
	return 0;
}

/* The sockets whose holders user space asks for, by cookie. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u64);
	__type(value, __u32);
} asked_sockets SEC(".maps");

/* Tells that the process of this iteration holds this file, if the file is one of the sockets that user space asks for. */
static __always_inline int tell_holder(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct socket_holder answer = { .login = LOGIN_NONE };
	struct socket *socket;

	if (!task || !file)
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket || !socket->sk)
		return 0;
	answer.cookie = bpf_get_socket_cookie(socket->sk);
	if (!bpf_map_lookup_elem(&asked_sockets, &answer.cookie))
		return 0;
	describe_process(&answer.holder, task);
	if (bpf_core_field_exists(task->loginuid))
		answer.login = BPF_CORE_READ(task, loginuid.val);
	bpf_seq_write(ctx->meta->seq, &answer, sizeof(answer));
	return 0;
}

#endif
