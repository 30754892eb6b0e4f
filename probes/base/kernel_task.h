/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's structs of processes, files, memory and control groups: see kernel.h. */
#ifndef WEIR_KERNEL_TASK_H
#define WEIR_KERNEL_TASK_H

#include "base/kernel_net.h"

struct nsproxy {
	struct net *net_ns;
} KERNEL_TYPE;

struct inode {
	__u16 i_mode;
	unsigned long i_ino;
} KERNEL_TYPE;

struct qstr {
	__u32 len;
	const unsigned char *name;
} KERNEL_TYPE;

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
} KERNEL_TYPE;

struct vfsmount {
	struct dentry *mnt_root;
} KERNEL_TYPE;

struct user_namespace {
	int level; /* 0: the initial user namespace */
} KERNEL_TYPE;

struct mnt_namespace {
	struct user_namespace *user_ns;
} KERNEL_TYPE;

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mnt_namespace *mnt_ns;
} KERNEL_TYPE;

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
} KERNEL_TYPE;

struct file {
	struct inode *f_inode;
	void *private_data;
	struct path f_path;
} KERNEL_TYPE;

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
} KERNEL_TYPE;

struct files_struct {
	struct fdtable *fdt;
} KERNEL_TYPE;

struct kernfs_node {
	__u64 id;
} KERNEL_TYPE;

struct cgroup_root {
	int hierarchy_id;
} KERNEL_TYPE;

struct cgroup {
	struct kernfs_node *kn;
	struct cgroup_root *root;
} KERNEL_TYPE;

struct css_set {
	struct cgroup *dfl_cgrp;
} KERNEL_TYPE;

typedef struct {
	__u32 val;
} kuid_t;

typedef struct {
	__u64 val; /* two words of 32 bits before Linux 6.3 */
} kernel_cap_t;

struct cred {
	kuid_t uid;
	kernel_cap_t cap_effective;
} KERNEL_TYPE;

struct mm_struct {
	unsigned long arg_start;
	unsigned long arg_end;
	struct file *exe_file;
} KERNEL_TYPE;

struct vm_userfaultfd_ctx {
	void *ctx;
} KERNEL_TYPE;

struct vm_area_struct {
	unsigned long vm_start;
	unsigned long vm_end;
	struct file *vm_file;
	struct vm_userfaultfd_ctx vm_userfaultfd_ctx;
} KERNEL_TYPE;

typedef struct {
	unsigned long sig[1];
} sigset_t;

struct sigpending {
	sigset_t signal;
} KERNEL_TYPE;

struct signal_struct {
	struct {
		int counter;
	} live;
	struct sigpending shared_pending; /* signals to the process, which any thread may take */
} KERNEL_TYPE;

struct sigaction {
	void *sa_handler;
	unsigned long sa_flags;
} KERNEL_TYPE;

struct k_sigaction {
	struct sigaction sa;
} KERNEL_TYPE;

struct sighand_struct {
	struct k_sigaction action[64];
} KERNEL_TYPE;

struct linux_binprm {
	const char *interp;
} KERNEL_TYPE;

#define X86_STATUS_COMPAT 0x0002 /* TS_COMPAT, a bit of `status`: the process is in a 32-bit system call */
#define X86_FLAG_32BIT 29	 /* TIF_ADDR32, a bit of `flags`: the addresses of the program have 32 bits */
#define ARM64_FLAG_32BIT 22	 /* TIF_32BIT */

/* `status` is only there on x86. */
struct thread_info {
	unsigned long flags;
	__u32 status;
} KERNEL_TYPE;

struct task_struct {
	struct thread_info thread_info;
	int pid;
	int tgid;
	struct mm_struct *mm;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	const struct cred *cred;
	struct css_set *cgroups;
	struct nsproxy *nsproxy;
	struct files_struct *files;
	struct signal_struct *signal;
	struct sighand_struct *sighand;
	sigset_t blocked;
	struct sigpending pending; /* signals to this thread */
	unsigned int flags;
	kuid_t loginuid; /* absent if the kernel is built without audit */
	__u64 start_boottime;
	__u64 self_exec_id;
	char comm[16];
} KERNEL_TYPE;

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id;
} KERNEL_TYPE;

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
} KERNEL_TYPE;

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	struct file *file;
} KERNEL_TYPE;

#endif
