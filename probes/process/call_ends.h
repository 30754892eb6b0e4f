/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counts and reports the ends of system calls about sockets. A socket is found in the objects of the kernel, by the
 * descriptor that the call returned, or that is in a register. The process can change its memory at any time, but not
 * these.
 */
#ifndef WEIR_CALL_ENDS_H
#define WEIR_CALL_ENDS_H

#include "process/bindings.h"
#include "process/connecting.h"
#include "process/listen_calls.h"
#include "process/restarts.h"

#define ERROR_EXISTS 17	   /* EEXIST */
#define ERROR_LARGEST 4095 /* MAX_ERRNO */

/* call * LIMIT_SOCKET_ERRORS + error -> how many calls ended so; 0 is success */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, CALL_COUNT *LIMIT_SOCKET_ERRORS);
	__type(key, __u32);
	__type(value, __u64);
} call_counts SEC(".maps");

/*
 * program, call and error -> how many calls ended so; a call that finds no room here is still counted in `call_counts`
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LIMIT_PROGRAM_CALLS);
	__type(key, struct program_call);
	__type(value, __u64);
} program_calls SEC(".maps");

/* The record of a tracepoint sys_exit_*, as its `format` in tracefs describes it. */
struct call_end {
	__u64 common;
	long number;
	long result;
};

/* Returns 0 for a call that succeeded. */
static __always_inline __u16 error_of(long result)
{
	if (result >= 0 || result < -ERROR_LARGEST)
		return 0;
	if (result <= -ERROR_RESTART && result >= -ERROR_RESTART_LAST)
		return ERROR_INTERRUPTED;
	return -result;
}

static __always_inline void count_by_program(__u16 call, __u16 error)
{
	struct program_call key = { .call = call, .error = error };
	__u64 one = 1, *count;

	bpf_probe_read_kernel_str(key.command, sizeof(key.command), bpf_get_current_task_btf()->group_leader->comm);
	count = bpf_map_lookup_elem(&program_calls, &key);
	if (count)
		__sync_fetch_and_add(count, 1);
	else if (bpf_map_update_elem(&program_calls, &key, &one, BPF_NOEXIST) == -ERROR_EXISTS &&
		 (count = bpf_map_lookup_elem(&program_calls, &key)))
		__sync_fetch_and_add(count, 1);
}

/*
 * The sum is counted last. A reader that reads the sums first then finds no call in them that is not counted by program
 * yet.
 */
static __always_inline void count_call(__u16 call, __u16 error)
{
	__u32 place = error < LIMIT_SOCKET_ERRORS ? error : LIMIT_SOCKET_ERRORS - 1;
	__u64 *count;

	if (call <= CALL_CONNECT)
		count_by_program(call, error);
	place += call * LIMIT_SOCKET_ERRORS;
	count = bpf_map_lookup_elem(&call_counts, &place);
	if (count)
		__sync_fetch_and_add(count, 1);
}

static __always_inline bool is_internet(const struct sock *sk)
{
	__u16 family = sk ? BPF_CORE_READ(sk, __sk_common.skc_family) : 0;

	return family == FAMILY_INET || family == FAMILY_INET6;
}

/* The running process has been given a descriptor of this socket: it made the call that returned it. */
static __always_inline void own_returned(const struct sock *sk)
{
	if (is_internet(sk))
		own_used(cookie_of_socket(sk));
}

/*
 * The process has asked for a socket of this family. `sk` is the one that the descriptor has now, which another thread
 * may have exchanged.
 */
static __always_inline void end_socket(__s32 family, const struct sock *sk, __u16 error)
{
	count_call(CALL_SOCKET, error);
	if (!error && (family == FAMILY_PACKET || (sk && BPF_CORE_READ(sk, __sk_common.skc_family) == FAMILY_PACKET)))
		report_packet_socket_in(current_netns(), CALL_SOCKET);
}

static __always_inline void end_bind(const struct sock *sk, __u16 error)
{
	count_call(CALL_BIND, error);
	end_bind_call(sk, error);
}

static __always_inline void end_listen(const struct sock *sk, __u16 error)
{
	count_call(CALL_LISTEN, error);
	end_listen_call(sk, error);
}

static __always_inline void end_accept(__u32 call, const struct sock *sk, __u16 error)
{
	count_call(call, error);
	if (!error)
		own_returned(sk);
}

static __always_inline void end_connect(const struct sock *sk, __u16 error)
{
	count_call(CALL_CONNECT, error);
	end_connect_call(sk, error);
}

#endif
