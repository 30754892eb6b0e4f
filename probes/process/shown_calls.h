/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shows the calls of a process about its sockets, while an operator asks for them. weir reads only the pid of other
 * processes, and of a file only whether it is a socket.
 */
#ifndef WEIR_SHOWN_CALLS_H
#define WEIR_SHOWN_CALLS_H

#include "base/limiter.h"
#include "process/call_ends.h"

#define SHOWN_CALLS_SIZE (256 * 1024)

/* pid in the initial pid namespace -> which calls of the process are asked for; user space fills it */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LIMIT_ASKED_PROCESSES);
	__type(key, __u32);
	__type(value, struct asked_process);
} asked_processes SEC(".maps");

/* calls that are shown; all records are struct shown_call */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, SHOWN_CALLS_SIZE);
} shown_calls SEC(".maps");

static __always_inline void describe_shown(struct shown_call *shown, const struct sock *sk)
{
	shown->cookie = cookie_of_socket(sk);
	shown->protocol = BPF_CORE_READ(sk, sk_protocol);
	shown->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if (is_internet(sk)) {
		read_socket_ends(sk, shown->local_be, shown->remote_be, &shown->local_port, &shown->remote_port);
		return;
	}
	__builtin_memset(shown->local_be, 0, sizeof(shown->local_be));
	__builtin_memset(shown->remote_be, 0, sizeof(shown->remote_be));
	shown->local_port = 0;
	shown->remote_port = 0;
}

/* The running process has ended a call with this descriptor. */
static __always_inline void show_call(__u16 call, __s32 descriptor, long result)
{
	__u64 thread = bpf_get_current_pid_tgid(), now;
	__u32 pid = thread >> 32;
	struct asked_process *asked = bpf_map_lookup_elem(&asked_processes, &pid);
	__u16 error = error_of(result);
	struct shown_call *shown;
	const struct sock *sk;

	if (!asked || (asked->descriptor >= 0 && asked->descriptor != descriptor))
		return;
	sk = socket_of_descriptor(descriptor);
	if (!sk)
		return;
	now = bpf_ktime_get_ns();
	__sync_fetch_and_add(&asked->seen, 1);
	if (!claim_turn_in(now / NS_PER_SECOND, &asked->limiter, asked->most)) {
		__sync_fetch_and_add(&asked->suppressed, 1);
		return;
	}
	shown = bpf_ringbuf_reserve(&shown_calls, sizeof(*shown), 0);
	if (!shown) {
		__sync_fetch_and_add(&asked->lost, 1);
		return;
	}
	describe_shown(shown, sk);
	shown->time_ns = now;
	shown->result = error ? -error : result;
	shown->pid = pid;
	shown->thread = thread;
	shown->descriptor = descriptor;
	shown->call = call;
	__builtin_memset(shown->reserved, 0, sizeof(shown->reserved));
	__sync_fetch_and_add(&asked->told, 1);
	bpf_ringbuf_submit(shown, 0);
}

#endif
