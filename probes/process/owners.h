/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Notes the owners of sockets. The owner is the process that weir has seen in a system call that makes, binds, connects
 * or sends. It is never the process that happened to run when a packet was handled. A socket that no process was seen
 * using has no owner.
 */
#ifndef WEIR_OWNERS_H
#define WEIR_OWNERS_H

#include "base/faults.h"
#include "base/kernel_task.h"

/* socket cookie -> the process that made the socket, and the one that used it last */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct owner);
} owners SEC(".maps");

/*
 * The same for listeners. They have a map of their own, because many new sockets would evict a listener that is seldom
 * looked up.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct owner);
} listeners SEC(".maps");

/*
 * Describes the process of a task. The name is that of the group leader, because a worker thread of io_uring has
 * another name.
 */
static __always_inline void describe_process(struct owner *owner, struct task_struct *task)
{
	struct task_struct *leader = task->group_leader;

	owner->pid = task->tgid;
	owner->thread = task->pid;
	owner->uid = task->cred->uid.val;
	owner->started_ns = leader->start_boottime;
	owner->executions = leader->self_exec_id;
	owner->cgroup = task->cgroups->dfl_cgrp->kn->id;
	bpf_probe_read_kernel_str(owner->command, sizeof(owner->command), leader->comm);
}

/* Returns NULL if the socket has no known owner. */
static __always_inline struct owner *find_owner(__u64 cookie)
{
	struct owner *owner = cookie ? bpf_map_lookup_elem(&owners, &cookie) : NULL;

	return owner || !cookie ? owner : bpf_map_lookup_elem(&listeners, &cookie);
}

/* Is the owner this process, with the same program, user and control group? */
static __always_inline bool is_owner(const struct owner *owner, struct task_struct *task)
{
	struct task_struct *leader = task->group_leader;

	return owner->pid == task->tgid && !owner->flags && owner->executions == (__u16)leader->self_exec_id &&
	       owner->started_ns == leader->start_boottime && owner->uid == task->cred->uid.val &&
	       owner->cgroup == task->cgroups->dfl_cgrp->kn->id;
}

/* Notes that the running process makes the socket. */
static __always_inline void own_new(__u64 cookie)
{
	struct owner owner = {};

	if (!cookie)
		return;
	describe_process(&owner, bpf_get_current_task_btf());
	owner.creator_pid = owner.pid;
	owner.creator_started_ns = owner.started_ns;
	if (bpf_map_update_elem(&owners, &cookie, &owner, BPF_ANY))
		count_fault(FAULT_OWNER_INSERT);
}

/* Notes that the running process uses the socket, which another process may have made. */
static __always_inline void own_by(__u64 cookie, bool connects)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct owner *known = find_owner(cookie);
	struct owner owner = {};

	if (!cookie)
		return;
	if (known && connects)
		known->connecting_ns = bpf_ktime_get_coarse_ns();
	if (known && is_owner(known, task)) {
		if (connects)
			known->thread = task->pid;
		return;
	}
	describe_process(&owner, task);
	if (known) {
		owner.creator_pid = known->creator_pid;
		owner.creator_started_ns = known->creator_started_ns;
		owner.connecting_ns = known->connecting_ns;
	} else if (connects) {
		owner.connecting_ns = bpf_ktime_get_coarse_ns();
	}
	if (bpf_map_update_elem(&owners, &cookie, &owner, BPF_ANY))
		count_fault(FAULT_OWNER_INSERT);
}

static __always_inline void own_used(__u64 cookie)
{
	own_by(cookie, false);
}

static __always_inline void own_connecting(__u64 cookie)
{
	own_by(cookie, true);
}

/*
 * Ends the attempt of a socket to connect. Returns when the attempt began, to some milliseconds; 0 if it has ended
 * before. So each attempt is reported once, by the program that sees its end first.
 */
static __always_inline __u64 end_connecting(__u64 cookie)
{
	struct owner *owner = cookie ? bpf_map_lookup_elem(&owners, &cookie) : NULL;

	return owner && owner->connecting_ns ? __sync_lock_test_and_set(&owner->connecting_ns, 0) : 0;
}

/* Keeps the owner of a socket that begins to listen, until it stops. */
static __always_inline void own_listener(__u64 cookie)
{
	struct owner *owner = bpf_map_lookup_elem(&owners, &cookie);

	if (owner && bpf_map_update_elem(&listeners, &cookie, owner, BPF_ANY))
		count_fault(FAULT_LISTENER_INSERT);
}

#endif
