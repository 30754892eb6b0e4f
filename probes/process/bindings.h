/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Failed attempts to bind a socket. If the end of the system call is traced, its error shows the failure at once
 * (end_bind_call). Without that weir has to guess: the kernel runs one program before it looks for a port, and another
 * one after it has found the port. An attempt counts as failed if the second program did not run before the thread
 * tries again, or for a second. No attempt takes longer.
 */
#ifndef WEIR_BINDINGS_H
#define WEIR_BINDINGS_H

#include "process/socket_events.h"

struct binding {
	__u64 began_ns;
	__u64 cookie;
	__u64 address_be[2];
	__u32 waits; /* 1: the program that runs after success has not run yet */
	__u32 asked; /* 1: the kernel looks for the port, and the end of the call is traced */
	__u32 netns; /* as in struct event */
	__u16 port;
	__u8 protocol;
	__u8 reserved;
	struct owner owner; /* has OWNER_UNPRIVILEGED if the process may not use low ports */
};

/* thread -> its last attempt; success changes one word of it, so that a thread that binds often needs no new entry */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct binding);
} bindings SEC(".maps");

static __always_inline void report_binding(const struct binding *binding, __u8 call, __u16 error)
{
	struct event *event;

	event = begin_socket_event(EVENT_BIND_FAILED, 0, binding->netns);
	if (!event)
		return;
	event->time_ns = binding->began_ns;
	event->cookie = binding->cookie;
	event->source_be[0] = binding->address_be[0];
	event->source_be[1] = binding->address_be[1];
	event->source_port = binding->port;
	event->protocol = binding->protocol;
	name_owner(event, &binding->owner);
	event->call = call;
	event->error = error;
	bpf_ringbuf_submit(event, 0);
}

/* Reports an attempt that has not succeeded so far. weir has not seen how it ended. */
static __always_inline void report_if_failed(struct binding *binding)
{
	if (__sync_lock_test_and_set(&binding->waits, 0))
		report_binding(binding, CALL_NONE, 0);
}

static __always_inline bool may_take_low_ports(void)
{
	__u64 rights = 0;

	bpf_core_read(&rights, sizeof(rights), &bpf_get_current_task_btf()->cred->cap_effective);
	return rights >> CAPABILITY_NET_BIND_SERVICE & 1;
}

/* Notes the running process as owner of the socket that it binds. */
static __always_inline struct owner *own_bound(__u64 cookie)
{
	struct owner *known = bpf_map_lookup_elem(&owners, &cookie);

	if (known && is_owner(known, bpf_get_current_task_btf()))
		return known;
	own_used(cookie);
	return bpf_map_lookup_elem(&owners, &cookie);
}

static __always_inline void fill_binding(struct binding *binding, struct bpf_sock_addr *ctx, __u64 cookie,
					 const struct owner *owner, const __u64 *address_be)
{
	binding->began_ns = bpf_ktime_get_ns();
	binding->cookie = cookie;
	binding->address_be[0] = address_be[0];
	binding->address_be[1] = address_be[1];
	binding->port = bpf_ntohs(ctx->user_port);
	binding->protocol = ctx->protocol;
	binding->netns = bpf_get_netns_cookie(ctx) == netns_cookie ? 0 : number_of_netns(current_netns());
	if (owner)
		binding->owner = *owner;
	else
		__builtin_memset(&binding->owner, 0, sizeof(binding->owner));
	if (!may_take_low_ports())
		binding->owner.flags |= OWNER_UNPRIVILEGED;
	binding->asked = is_end_traced(CALL_BIND);
	/* For port 0 the kernel chooses a port, and then may not run the second program. */
	binding->waits = binding->port != 0;
}

static __always_inline void begin_binding(struct bpf_sock_addr *ctx, const __u64 *address_be)
{
	__u64 thread = bpf_get_current_pid_tgid(), cookie = bpf_get_socket_cookie(ctx);
	struct binding *before = bpf_map_lookup_elem(&bindings, &thread);
	bool counted = is_counted_netns(bpf_get_netns_cookie(ctx));
	struct owner *owner = own_bound(cookie);
	struct binding binding = {};

	if (before)
		report_if_failed(before);
	if (!counted)
		return;
	if (before) {
		fill_binding(before, ctx, cookie, owner, address_be);
		return;
	}
	fill_binding(&binding, ctx, cookie, owner, address_be);
	if (bpf_map_update_elem(&bindings, &thread, &binding, BPF_ANY))
		count_fault(FAULT_BINDING_INSERT);
}

static __always_inline void begin_binding_ipv4(struct bpf_sock_addr *ctx)
{
	__u64 address_be[2];

	map_ipv4(address_be, ctx->user_ip4);
	begin_binding(ctx, address_be);
}

static __always_inline void begin_binding_ipv6(struct bpf_sock_addr *ctx)
{
	__u64 address_be[2];

	read_given_ipv6(address_be, ctx);
	begin_binding(ctx, address_be);
}

/* The attempt of the running thread has succeeded. */
static __always_inline void end_binding(void)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct binding *binding = bpf_map_lookup_elem(&bindings, &thread);

	if (binding)
		binding->waits = 0;
}

/*
 * The call of the running thread has ended with this error. If it failed before the kernel looked for the port, nothing
 * is reported. `sk` is the socket that its descriptor has now. If another thread has exchanged it, weir guesses the
 * failure as if this call was not traced.
 */
static __always_inline void end_bind_call(const struct sock *sk, __u16 error)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct binding *binding = bpf_map_lookup_elem(&bindings, &thread);

	if (!binding || !binding->asked)
		return;
	binding->asked = 0;
	if (cookie_of_socket(sk) != binding->cookie)
		return;
	binding->waits = 0;
	if (error)
		report_binding(binding, CALL_BIND, error);
}

struct bpf_map;

static long settle_old(struct bpf_map *map, __u64 *thread, struct binding *binding, __u64 *before)
{
	if (binding->waits && binding->began_ns < *before)
		report_if_failed(binding);
	return 0;
}

/* Reports attempts that have not succeeded for a second. */
static __always_inline void settle_bindings(void)
{
	__u64 before = bpf_ktime_get_ns() - NS_PER_SECOND;

	bpf_for_each_map_elem(&bindings, settle_old, &before, 0);
}

#endif
