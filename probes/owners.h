/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Writing down who owns a socket. An owner is a process seen acting: in the system call that makes, binds, connects or
 * sends, never whoever happened to run when a packet was handled. What nobody was seen doing stays unknown.
 */
#ifndef WEIR_OWNERS_H
#define WEIR_OWNERS_H

#include "counters.h"

/* The process that runs now. A worker thread of io_uring has a name of its own: the group leader's is the program's. */
static __always_inline void describe_process(struct owner *owner, struct task_struct *task)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);

	owner->pid = BPF_CORE_READ(task, tgid);
	owner->uid = BPF_CORE_READ(task, cred, uid.val);
	owner->started_ns = BPF_CORE_READ(leader, start_boottime);
	owner->cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	BPF_CORE_READ_STR_INTO(&owner->command, leader, comm);
}

/* This process makes the socket. */
static __always_inline void own_new(__u64 cookie)
{
	struct owner owner = {};

	if (!cookie)
		return;
	describe_process(&owner, (struct task_struct *)bpf_get_current_task());
	owner.creator_pid = owner.pid;
	owner.creator_started_ns = owner.started_ns;
	if (bpf_map_update_elem(&owners, &cookie, &owner, BPF_ANY))
		count_fault(FAULT_OWNER_INSERT);
}

/* This process uses the socket, whoever made it or handed it over. */
static __always_inline void own_used(__u64 cookie)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct owner *known = cookie ? bpf_map_lookup_elem(&owners, &cookie) : NULL;
	struct owner owner = {};

	if (!cookie || (known && known->pid == BPF_CORE_READ(task, tgid) && !known->flags))
		return;
	describe_process(&owner, task);
	if (known) {
		owner.creator_pid = known->creator_pid;
		owner.creator_started_ns = known->creator_started_ns;
	}
	if (bpf_map_update_elem(&owners, &cookie, &owner, BPF_ANY))
		count_fault(FAULT_OWNER_INSERT);
}

#endif
