/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Iterators over the open sockets of all processes. User space reads them for sockets that no process was seen using,
 * and for sockets that the kernel lists without a cookie.
 */
#ifndef WEIR_HOLDERS_H
#define WEIR_HOLDERS_H

#include "process/bypass.h"
#include "process/listening.h"
#include "process/owners.h"

/* How frames of the socket bypass the egress hooks. */
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

/*
 * Is it a packet, AF_XDP, raw or ping socket? No hook sees the first two being made, and the kernel lists the others
 * without cookies.
 */
static __always_inline bool is_raw(const struct socket *socket, __u16 family)
{
	__u16 protocol = socket->sk->sk_protocol;

	return family == FAMILY_PACKET || family == FAMILY_XDP || socket->type == SOCKET_RAW ||
	       protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

/* Writes that the process of this iteration has this file open, if it is a socket of a family that weir knows. */
static __always_inline int report_holding(struct bpf_iter__task_file *ctx, bool only_raw)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct holding holding = {};
	struct socket *socket;
	__u16 family;
	__u8 *reported;

	if (!task || !file)
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket || !socket->sk)
		return 0;
	family = socket->sk->__sk_common.skc_family;
	if (family != FAMILY_INET && family != FAMILY_INET6 && family != FAMILY_PACKET && family != FAMILY_XDP)
		return 0;
	/* Sockets of other families are also in lists of their network namespace. */
	if (family == FAMILY_XDP && BPF_CORE_READ(socket, sk, __sk_common.skc_net.net, net_cookie) != netns_cookie)
		return 0;
	if (only_raw && !is_raw(socket, family))
		return 0;
	holding.cookie = bpf_get_socket_cookie(socket->sk);
	holding.inode = file->f_inode->i_ino;
	holding.ifindex = socket->sk->__sk_common.skc_bound_dev_if;
	holding.listens = socket->sk->sk_protocol == IPPROTO_TCP && socket->sk->__sk_common.skc_state == TCP_LISTEN;
	holding.bypass = bypass_of(socket->sk, family);
	reported = holding.bypass == BYPASS_NONE ? NULL : bpf_sk_storage_get(&bypassing, socket->sk, NULL, 0);
	holding.bypass_reported = reported && *reported;
	holding.parent = BPF_CORE_READ(task, real_parent, tgid);
	describe_process(&holding.holder, task);
	if (holding.listens)
		note_listening(socket->sk, holding.cookie);
	bpf_seq_write(ctx->meta->seq, &holding, sizeof(holding));
	return 0;
}

/* cookie of a socket whose holders user space asks for -> nothing */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u64);
	__type(value, __u32);
} asked_sockets SEC(".maps");

/* Writes that the process of this iteration has this file open, if it is one of the sockets in `asked_sockets`. */
static __always_inline int report_holder(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct socket_holder found = { .login = LOGIN_NONE };
	struct socket *socket;

	if (!task || !file)
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket || !socket->sk)
		return 0;
	found.cookie = bpf_get_socket_cookie(socket->sk);
	if (!bpf_map_lookup_elem(&asked_sockets, &found.cookie))
		return 0;
	describe_process(&found.holder, task);
	if (bpf_core_field_exists(task->loginuid))
		found.login = BPF_CORE_READ(task, loginuid.val);
	bpf_seq_write(ctx->meta->seq, &found, sizeof(found));
	return 0;
}

#endif
