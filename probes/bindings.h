/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which attempts to bind a socket fail. A program is asked before a port is looked for, and told once it was found: who was
 * asked and not told until its thread asks again, or for a second, has failed. Nobody waits longer than that for a port.
 */
#ifndef WEIR_BINDINGS_H
#define WEIR_BINDINGS_H

#include "socket_events.h"

struct binding {
	__u64 began_ns;
	__u64 cookie;
	__u64 address_be[2];
	__u32 settled;			/* 1: it was told that it failed */
	__u32 ifindex;
	__u16 port;
	__u8 protocol;
	__u8 reserved[5];
	struct owner owner;		/* with OWNER_UNPRIVILEGED where that holds */
};

/* thread -> what it tries to bind */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct binding);
} bindings SEC(".maps");

static __always_inline void tell_failed(struct binding *binding)
{
	struct event *event;

	if (__sync_lock_test_and_set(&binding->settled, 1))
		return;
	event = begin_socket_event(EVENT_BIND_FAILED, binding->cookie);
	if (!event)
		return;
	event->time_ns = binding->began_ns;
	event->source_be[0] = binding->address_be[0];
	event->source_be[1] = binding->address_be[1];
	event->source_port = binding->port;
	event->protocol = binding->protocol;
	event->ifindex = binding->ifindex;
	name_owner(event, &binding->owner);
	bpf_ringbuf_submit(event, 0);
}

static __always_inline bool may_take_low_ports(void)
{
	__u64 rights = 0;

	bpf_core_read(&rights, sizeof(rights), &bpf_get_current_task_btf()->cred->cap_effective);
	return rights >> CAPABILITY_NET_BIND_SERVICE & 1;
}

/* Port 0, for one that the kernel chooses, may be taken without a word to the program that is asked after. */
static __always_inline void begin_binding(struct bpf_sock_addr *ctx, struct binding *binding)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct binding *before = bpf_map_lookup_elem(&bindings, &thread);
	struct owner *owner;

	binding->cookie = bpf_get_socket_cookie(ctx);
	own_used(binding->cookie);
	binding->port = bpf_ntohs(ctx->user_port);
	if (before) {
		tell_failed(before);
		if (!binding->port)
			bpf_map_delete_elem(&bindings, &thread);
	}
	if (!binding->port || bpf_get_netns_cookie(ctx) != netns_cookie)
		return;
	binding->began_ns = bpf_ktime_get_ns();
	binding->protocol = ctx->protocol;
	owner = bpf_map_lookup_elem(&owners, &binding->cookie);
	if (owner)
		binding->owner = *owner;
	if (!may_take_low_ports())
		binding->owner.flags |= OWNER_UNPRIVILEGED;
	if (bpf_map_update_elem(&bindings, &thread, binding, BPF_ANY))
		count_fault(FAULT_BINDING_INSERT);
}

SEC("cgroup/bind4")
int weir_bind4(struct bpf_sock_addr *ctx)
{
	struct binding binding = {};

	map_ipv4(binding.address_be, ctx->user_ip4);
	begin_binding(ctx, &binding);
	return 1;
}

SEC("cgroup/bind6")
int weir_bind6(struct bpf_sock_addr *ctx)
{
	struct binding binding = {};

	binding.address_be[0] = (__u64)ctx->user_ip6[1] << 32 | ctx->user_ip6[0];
	binding.address_be[1] = (__u64)ctx->user_ip6[3] << 32 | ctx->user_ip6[2];
	begin_binding(ctx, &binding);
	return 1;
}

static __always_inline int end_binding(void)
{
	__u64 thread = bpf_get_current_pid_tgid();

	if (bpf_map_lookup_elem(&bindings, &thread))
		bpf_map_delete_elem(&bindings, &thread);
	return 1;
}

SEC("cgroup/post_bind4")
int weir_post_bind4(struct bpf_sock *ctx)
{
	return end_binding();
}

SEC("cgroup/post_bind6")
int weir_post_bind6(struct bpf_sock *ctx)
{
	return end_binding();
}

struct bpf_map;

static long settle_old(struct bpf_map *map, __u64 *thread, struct binding *binding, __u64 *before)
{
	if (binding->began_ns < *before) {
		tell_failed(binding);
		bpf_map_delete_elem(map, thread);
	}
	return 0;
}

/* User space runs this once a second. */
SEC("syscall")
int weir_settle_bindings(void *ctx)
{
	__u64 before = bpf_ktime_get_ns() - NS_PER_SECOND;

	bpf_for_each_map_elem(&bindings, settle_old, &before, 0);
	return 0;
}

#endif
