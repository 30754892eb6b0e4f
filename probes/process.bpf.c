// SPDX-License-Identifier: GPL-2.0
/*
 * The programs that see processes and their sockets. The kernel runs some of them when something happens; user space
 * runs the others, as iterators or by BPF_PROG_TEST_RUN. None of them hooks the tracepoint of a system call, which
 * makes every system call of the host slower: those that do are in calls.bpf.c, and may be absent.
 */
#include "process/bindings.h"
#include "process/bypass.h"
#include "process/cgroups.h"
#include "process/connecting.h"
#include "process/holders.h"
#include "process/inquiries.h"
#include "process/listen_calls.h"
#include "process/listening.h"
#include "process/programs.h"
#include "process/sender.h"
#include "process/socket_events.h"
#include "process/statistics.h"
#include "flow/netfilter.h"
#include "flow/registered.h"

/* Programs that note the owners of sockets, in the calls of the processes. */

SEC("cgroup/sock_create")
int weir_sock_create(struct bpf_sock *ctx)
{
	__u64 cookie = bpf_get_socket_cookie(ctx);

	note_32bit_call();
	own_new(cookie);
	if (ctx->type == SOCKET_RAW)
		report_raw(ctx, cookie);
	return 1;
}

/*
 * getpeername also runs in accept(2), if the process asks for the address of the remote end: that shows which process
 * accepts.
 */
#define OWN_ADDRESSED(name)                           \
	SEC("cgroup/" #name)                          \
	int weir_##name(struct bpf_sock_addr *ctx)    \
	{                                             \
		own_used(bpf_get_socket_cookie(ctx)); \
		return 1;                             \
	}

OWN_ADDRESSED(sendmsg4)
OWN_ADDRESSED(sendmsg6)
OWN_ADDRESSED(getpeername4)
OWN_ADDRESSED(getpeername6)

SEC("cgroup/connect4")
int weir_connect4(struct bpf_sock_addr *ctx)
{
	note_32bit_call();
	own_connecting(bpf_get_socket_cookie(ctx));
	note_connecting_ipv4(ctx);
	return 1;
}

SEC("cgroup/connect6")
int weir_connect6(struct bpf_sock_addr *ctx)
{
	note_32bit_call();
	own_connecting(bpf_get_socket_cookie(ctx));
	note_connecting_ipv6(ctx);
	return 1;
}

SEC("cgroup/bind4")
int weir_bind4(struct bpf_sock_addr *ctx)
{
	note_32bit_call();
	begin_binding_ipv4(ctx);
	return 1;
}

SEC("cgroup/bind6")
int weir_bind6(struct bpf_sock_addr *ctx)
{
	note_32bit_call();
	begin_binding_ipv6(ctx);
	return 1;
}

SEC("cgroup/post_bind4")
int weir_post_bind4(struct bpf_sock *ctx)
{
	end_binding();
	return 1;
}

SEC("cgroup/post_bind6")
int weir_post_bind6(struct bpf_sock *ctx)
{
	end_binding();
	return 1;
}

/* User space runs this once a second. */
SEC("syscall")
int weir_settle_bindings(void *ctx)
{
	settle_bindings();
	return 0;
}

/*
 * A packet that waits for the MAC address of its neighbour leaves later, while another process runs. The sender runs
 * now. The last packet in the queue of the neighbour is probably the one that this process sends: its system call has a
 * descriptor of the socket if it is.
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

/* User space runs this once at the start, for sockets that are older than the agent. */
SEC("iter/task_file")
int weir_older_sockets(struct bpf_iter__task_file *ctx)
{
	return report_holding(ctx, false);
}

/* User space runs this when it is asked for raw sockets. */
SEC("iter/task_file")
int weir_raw_sockets(struct bpf_iter__task_file *ctx)
{
	return report_holding(ctx, true);
}

/*
 * User space runs this to find the processes that have certain sockets open now. Descriptors that are in the queue of a
 * Unix socket are not seen.
 */
SEC("iter/task_file")
int weir_socket_holders(struct bpf_iter__task_file *ctx)
{
	return report_holder(ctx);
}

/* Programs for the states and errors of sockets. */

/*
 * Only the change to LISTEN always happens in the system call of the process that wants it. The other changes also
 * happen while any process runs.
 */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(weir_set_state, struct sock *sk, int from, int to)
{
	__u64 cookie;

	note_watching();
	if (from == TCP_CLOSE && to == TCP_LISTEN) {
		cookie = bpf_get_socket_cookie(sk);
		own_used(cookie);
		own_listener(cookie);
		note_listen_call(cookie);
		note_listening(sk, cookie);
		report_socket(EVENT_LISTENING, sk, cookie);
		return 0;
	}
	/* An accepted socket begins as a copy of its listener, and goes from LISTEN to another state than CLOSE. */
	if (from == TCP_LISTEN && to == TCP_CLOSE) {
		cookie = bpf_get_socket_cookie(sk);
		bpf_map_delete_elem(&listeners, &cookie);
		note_listen_failure(cookie);
		forget_listening(sk);
	}
	/* This gives the socket a cookie. A program that looks the socket up cannot do that: see flow/forwarded.h. */
	if (from == TCP_SYN_RECV)
		bpf_get_socket_cookie(sk);
	count_tcp_state(sk, from, to);
	/* Of two ends that connect to each other at once, each goes on to SYN_RECV. */
	if (from == TCP_SYN_SENT && (to == TCP_ESTABLISHED || to == TCP_SYN_RECV))
		end_connecting(bpf_get_socket_cookie(sk));
	if (to == TCP_CLOSE && sk->sk_protocol == IPPROTO_TCP)
		end_flows_of(bpf_get_socket_cookie(sk), from);
	return 0;
}

SEC("tp_btf/inet_sk_error_report")
int BPF_PROG(weir_socket_error, const struct sock *sk)
{
	count_socket_error(sk);
	return 0;
}

/* User space runs this for the statistics of TCP connections that have not ended. */
SEC("iter/task_file")
int weir_live_connections(struct bpf_iter__task_file *ctx)
{
	return report_live_connection(ctx);
}

/* Programs for sockets that rules do not see. */

/*
 * No hook sees packet sockets being made, but the kernel checks the capability to make them. Kernels before 6.14 do not
 * have this tracepoint; there user space looks for such sockets.
 */
SEC("tp_btf/cap_capable")
int BPF_PROG(weir_right_asked, const struct cred *cred, struct user_namespace *target, struct user_namespace *capable,
	     int capability, int result)
{
	report_packet_socket(capability, result);
	return 0;
}

SEC("cgroup/setsockopt")
int weir_set_option(struct bpf_sockopt *ctx)
{
	return judge_option(ctx);
}

/* Programs for processes: which executables they run, and of which kinds they are. */

SEC("tp_btf/sched_process_exec")
int BPF_PROG(weir_exec, struct task_struct *task, int old_pid, struct linux_binprm *binary)
{
	report_executed(task, binary);
	return 0;
}

/* A new process runs the program of its parent. A new thread is no new process. */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(weir_fork, struct task_struct *parent, struct task_struct *child)
{
	report_forked(parent, child);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(weir_exit, struct task_struct *task)
{
	forget_ended(task);
	return 0;
}

/* User space runs this once at the start, for processes that are older than the agent. */
SEC("iter.s/task")
int weir_older_programs(struct bpf_iter__task *ctx)
{
	return report_older_program(ctx);
}

/* User space runs this after a change of the kinds. */
SEC("iter.s/task")
int weir_identify_all(struct bpf_iter__task *ctx)
{
	return identify_older(ctx);
}

/* User space runs this for a process that it describes, such as in a policy test. */
SEC("syscall")
int weir_describe(void *ctx)
{
	return identify_described();
}

/* Programs for control groups, netfilter, clocks, and the agent itself. */

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(weir_cgroup_mkdir, struct cgroup *cgroup, const char *path)
{
	report_cgroup(cgroup, path);
	return 0;
}

/* User space runs this at intervals. */
SEC("syscall")
int weir_look_for_translation(void *ctx)
{
	note_translating_hooks();
	return 0;
}

/* User space runs this once at the start. */
SEC("syscall")
int weir_clocks(void *ctx)
{
	note_clocks();
	return 0;
}

/* User space runs this once at the start, to learn which process it is in the maps. */
SEC("syscall")
int weir_describe_caller(void *ctx)
{
	note_caller();
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
