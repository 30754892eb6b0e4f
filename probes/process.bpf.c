// SPDX-License-Identifier: GPL-2.0
/*
 * Who owns a socket, as far as its processes' own calls tell. None of these hooks is a system call's tracepoint: one of
 * those makes every system call of the host slower. What they do not see, sending and accepting, sender.h does.
 */
#include "process/bindings.h"
#include "process/bypass.h"
#include "process/holders.h"
#include "process/listening.h"
#include "flow/netfilter.h"
#include "process/programs.h"
#include "flow/registered.h"
#include "process/sender.h"
#include "process/socket_events.h"
#include "process/statistics.h"

SEC("cgroup/sock_create")
int weir_sock_create(struct bpf_sock *ctx)
{
	__u64 cookie = bpf_get_socket_cookie(ctx);

	own_new(cookie);
	if (ctx->type == SOCKET_RAW)
		tell_raw(ctx, cookie);
	return 1;
}

/* getpeername also runs inside an accept that asks for the other end's address: the first thing told of who accepts. */
#define OWN_ADDRESSED(name, own) \
	SEC("cgroup/" #name) \
	int weir_##name(struct bpf_sock_addr *ctx) { own(bpf_get_socket_cookie(ctx)); return 1; }

OWN_ADDRESSED(connect4, own_connecting)
OWN_ADDRESSED(connect6, own_connecting)
OWN_ADDRESSED(sendmsg4, own_used)
OWN_ADDRESSED(sendmsg6, own_used)
OWN_ADDRESSED(getpeername4, own_used)
OWN_ADDRESSED(getpeername6, own_used)

/* Of all state changes only that to LISTEN surely happens inside the system call of the process that wants it. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(weir_set_state, struct sock *sk, int from, int to)
{
	__u64 cookie;

	note_watching();
	if (from == TCP_CLOSE && to == TCP_LISTEN) {
		cookie = bpf_get_socket_cookie(sk);
		own_used(cookie);
		own_listener(cookie);
		note_listening(sk, cookie);
		tell_socket(EVENT_LISTENING, sk, cookie);
		return 0;
	}
	/* A socket that is accepted begins as a copy of its listener, and goes from LISTEN elsewhere. */
	if (from == TCP_LISTEN && to == TCP_CLOSE) {
		cookie = bpf_get_socket_cookie(sk);
		bpf_map_delete_elem(&listeners, &cookie);
		forget_listening(sk);
	}
	/* It has a cookie from here on, which those who look it up cannot give it: see forwarded.h. */
	if (from == TCP_SYN_RECV)
		bpf_get_socket_cookie(sk);
	count_tcp_state(sk, from, to);
	if (to == TCP_CLOSE && sk->sk_protocol == IPPROTO_TCP)
		end_flows_of(bpf_get_socket_cookie(sk), from);
	return 0;
}

/*
 * A packet that waits for its neighbour's address leaves later, in somebody else's name: its sender is still here. The
 * packet came last into the neighbour's queue, or somebody else's did; a descriptor of the socket is the proof.
 */
SEC("tp_btf/neigh_event_send_done")
int BPF_PROG(weir_neighbour_awaited, struct neighbour *neighbour, int waits)
{
	struct sk_buff *last = waits ? BPF_CORE_READ(neighbour, arp_queue.prev) : NULL;
	__u64 cookie;

	if (!last || last == (struct sk_buff *)&neighbour->arp_queue)
		return 0;
	cookie = BPF_CORE_READ(last, sk, __sk_common.skc_cookie.counter);
	if (cookie && cookie_of_descriptor(first_argument()) == cookie)
		own_used(cookie);
	return 0;
}

/* Control groups of which user space has not heard yet, all struct cgroup_made. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} cgroups_made SEC(".maps");

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(weir_cgroup_mkdir, struct cgroup *cgroup, const char *path)
{
	struct cgroup_made *made;

	/* Hierarchies of version 1 have numbers from 1 on, and number their groups each for itself. */
	if (BPF_CORE_READ(cgroup, root, hierarchy_id))
		return 0;
	made = bpf_ringbuf_reserve(&cgroups_made, sizeof(*made), 0);
	if (!made) {
		count_fault(FAULT_CGROUP_MADE);
		return 0;
	}
	made->id = BPF_CORE_READ(cgroup, kn, id);
	bpf_probe_read_kernel_str(made->path, sizeof(made->path), path);
	bpf_ringbuf_submit(made, 0);
	return 0;
}

/* The two clocks of flows and events, side by side, for user space to tell jiffies from seconds. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} clocks SEC(".maps");

SEC("syscall")
int weir_clocks(void *ctx)
{
	__u32 jiffies = 0, monotonic = 1;
	__u64 *slot = bpf_map_lookup_elem(&clocks, &jiffies);

	if (slot)
		*slot = bpf_jiffies64();
	slot = bpf_map_lookup_elem(&clocks, &monotonic);
	if (slot)
		*slot = bpf_ktime_get_ns();
	return 0;
}

/* The process that ran weir_describe_caller last: user space learns by it which process of these tables it is itself. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct owner);
} caller SEC(".maps");

/* The kernel runs this in the system call that asks for it. A pid namespace would give the process another number. */
SEC("syscall")
int weir_describe_caller(void *ctx)
{
	__u32 zero = 0;
	struct owner *slot = bpf_map_lookup_elem(&caller, &zero);

	if (slot)
		describe_process(slot, bpf_get_current_task_btf());
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
