// SPDX-License-Identifier: GPL-2.0
/*
 * Who owns a socket. Owners are taken only where the calling process is the one that acts: socket creation,
 * the system calls on a descriptor, and the state changes that happen inside connect and listen. State changes
 * in softirq name whatever happened to run, so an accepted connection inherits its listener's owner until
 * accept returns.
 */
#include "counters.h"

#define STATE_SYN_SENT 2
#define STATE_SYN_RECV 3
#define STATE_CLOSE 7
#define STATE_LISTEN 10
#define STATE_ESTABLISHED 1

#define MODE_FORMAT 0170000
#define MODE_SOCKET 0140000

static __always_inline void own(__u64 cookie)
{
	struct task_struct *leader = BPF_CORE_READ((struct task_struct *)bpf_get_current_task(), group_leader);
	struct owner owner = {};

	if (!cookie)
		return;
	owner.pid = bpf_get_current_pid_tgid() >> 32;
	owner.uid = bpf_get_current_uid_gid();
	owner.started_ns = BPF_CORE_READ(leader, start_boottime);
	owner.cgroup = bpf_get_current_cgroup_id();
	BPF_CORE_READ_STR_INTO(&owner.command, leader, comm);
	if (bpf_map_update_elem(&owners, &cookie, &owner, BPF_ANY))
		count_fault(FAULT_OWNER_INSERT);
}

static __always_inline void bind_port(__u64 netns, __u16 port, __u8 protocol, __u64 cookie)
{
	struct bound_key key = { .netns_cookie = netns, .port = port, .protocol = protocol };

	if (bpf_map_update_elem(&bound, &key, &cookie, BPF_ANY))
		count_fault(FAULT_BOUND_INSERT);
}

SEC("cgroup/sock_create")
int weir_sock_create(struct bpf_sock *ctx)
{
	own(bpf_get_socket_cookie(ctx));
	return 1;
}

SEC("cgroup/post_bind4")
int weir_post_bind4(struct bpf_sock *ctx)
{
	bind_port(bpf_get_netns_cookie(ctx), ctx->src_port, ctx->protocol, bpf_get_socket_cookie(ctx));
	return 1;
}

SEC("cgroup/post_bind6")
int weir_post_bind6(struct bpf_sock *ctx)
{
	bind_port(bpf_get_netns_cookie(ctx), ctx->src_port, ctx->protocol, bpf_get_socket_cookie(ctx));
	return 1;
}

static __always_inline void inherit(struct sock *sk, __u64 cookie)
{
	struct bound_key key = {};
	struct owner owner, *listener;
	__u64 *listener_cookie;

	key.netns_cookie = BPF_CORE_READ(sk, __sk_common.skc_net.net, net_cookie);
	key.port = BPF_CORE_READ(sk, __sk_common.skc_num);
	key.protocol = IPPROTO_TCP;
	listener_cookie = bpf_map_lookup_elem(&bound, &key);
	listener = listener_cookie ? bpf_map_lookup_elem(&owners, listener_cookie) : NULL;
	if (!listener)
		return;
	owner = *listener;
	owner.flags |= OWNER_INHERITED;
	if (bpf_map_update_elem(&owners, &cookie, &owner, BPF_NOEXIST))
		count_fault(FAULT_OWNER_INSERT);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(weir_set_state, struct sock *sk, int from, int to)
{
	__u64 cookie;

	if (BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	if (from == STATE_CLOSE && (to == STATE_SYN_SENT || to == STATE_LISTEN)) {
		cookie = bpf_get_socket_cookie(sk);
		own(cookie);
		if (to == STATE_LISTEN)
			bind_port(BPF_CORE_READ(sk, __sk_common.skc_net.net, net_cookie),
				  BPF_CORE_READ(sk, __sk_common.skc_num), IPPROTO_TCP, cookie);
	} else if (from == STATE_SYN_RECV && to == STATE_ESTABLISHED) {
		inherit(sk, bpf_get_socket_cookie(sk));
	}
	return 0;
}

/* The socket's cookie, or 0: sockets made before the agent, and packet sockets, have none yet. */
static __always_inline __u64 cookie_of_descriptor(__s64 descriptor)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files, *file = NULL;
	struct socket *socket;

	if (descriptor < 0 || descriptor >= BPF_CORE_READ(table, max_fds))
		return 0;
	files = BPF_CORE_READ(table, fd);
	if (bpf_probe_read_kernel(&file, sizeof(file), files + descriptor) || !file)
		return 0;
	if ((BPF_CORE_READ(file, f_inode, i_mode) & MODE_FORMAT) != MODE_SOCKET)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk, __sk_common.skc_cookie.counter);
}

/* The process that uses a descriptor now owns its socket, whoever made or passed it. */
static __always_inline int claim(__s64 descriptor)
{
	__u64 cookie = cookie_of_descriptor(descriptor);
	struct owner *owner = cookie ? bpf_map_lookup_elem(&owners, &cookie) : NULL;

	if (cookie && (!owner || owner->pid != bpf_get_current_pid_tgid() >> 32 || owner->flags))
		own(cookie);
	return 0;
}

struct syscall_enter {
	__u64 common;
	__s64 number;
	__u64 arguments[6];
};

struct syscall_exit {
	__u64 common;
	__s64 number;
	__s64 result;
};

#define CLAIM_ARGUMENT(name) \
	SEC("tracepoint/syscalls/sys_enter_" #name) \
	int weir_enter_##name(struct syscall_enter *ctx) { return claim(ctx->arguments[0]); }

#define CLAIM_RESULT(name) \
	SEC("tracepoint/syscalls/sys_exit_" #name) \
	int weir_exit_##name(struct syscall_exit *ctx) { return claim(ctx->result); }

CLAIM_ARGUMENT(bind)
CLAIM_ARGUMENT(listen)
CLAIM_ARGUMENT(connect)
CLAIM_RESULT(socket)
CLAIM_RESULT(accept)
CLAIM_RESULT(accept4)

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

char LICENSE[] SEC("license") = "GPL";
