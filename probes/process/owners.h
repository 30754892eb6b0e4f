/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Writing down who owns a socket. An owner is a process seen acting: in the system call that makes, binds, connects or
 * sends, never whoever happened to run when a packet was handled. What nobody was seen doing stays unknown.
 */
#ifndef WEIR_OWNERS_H
#define WEIR_OWNERS_H

#include "base/faults.h"
#include "base/kernel_task.h"

/* socket cookie -> who made and who last used it */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct owner);
} owners SEC(".maps");

/* The same of TCP sockets that listen: many others would push one that is hardly asked for out of the owners. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct owner);
} listeners SEC(".maps");

/* The process of a task. A worker thread of io_uring has a name of its own: the group leader's is the program's. */
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

static __always_inline struct owner *find_owner(__u64 cookie)
{
	struct owner *owner = cookie ? bpf_map_lookup_elem(&owners, &cookie) : NULL;

	return owner || !cookie ? owner : bpf_map_lookup_elem(&listeners, &cookie);
}

/* Is it this process, running the program it ran then, for the same user and in the same control group? */
static __always_inline bool is_owner(const struct owner *owner, struct task_struct *task)
{
	struct task_struct *leader = task->group_leader;

	return owner->pid == task->tgid && !owner->flags && owner->executions == (__u16)leader->self_exec_id &&
	       owner->started_ns == leader->start_boottime && owner->uid == task->cred->uid.val &&
	       owner->cgroup == task->cgroups->dfl_cgrp->kn->id;
}

/* The running process makes the socket. */
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

/* The running process uses the socket, whoever made it or handed it over. */
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
 * Ends the attempt of a socket to connect. Returns when it began, to some milliseconds; 0 if it has ended before, so that each attempt
 * is told once, whoever sees its end first.
 */
static __always_inline __u64 end_connecting(__u64 cookie)
{
	struct owner *owner = cookie ? bpf_map_lookup_elem(&owners, &cookie) : NULL;

	return owner && owner->connecting_ns ? __sync_lock_test_and_set(&owner->connecting_ns, 0) : 0;
}

/* Whoever lets it listen stays known as long as it does. */
static __always_inline void own_listener(__u64 cookie)
{
	struct owner *owner = bpf_map_lookup_elem(&owners, &cookie);

	if (owner && bpf_map_update_elem(&listeners, &cookie, owner, BPF_ANY))
		count_fault(FAULT_LISTENER_INSERT);
}

#endif
