/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Headers every compile unit needs, and the few kernel structs read by name. CO-RE finds their fields on the
 * running kernel, so only the fields used are declared and no generated vmlinux.h is needed.
 */
#ifndef WEIR_KERNEL_H
#define WEIR_KERNEL_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "wire.h"

#ifndef NULL
#define NULL ((void *)0)
#endif

#define KERNEL_TYPE __attribute__((preserve_access_index))

struct net {
	__u64 net_cookie;
} KERNEL_TYPE;

typedef struct {
	struct net *net;
} possible_net_t;

struct sock_common {
	__u16 skc_num;
	__u16 skc_family;
	possible_net_t skc_net;
	struct {
		__s64 counter;
	} skc_cookie;
} KERNEL_TYPE;

struct sock {
	struct sock_common __sk_common;
	__u16 sk_protocol;
} KERNEL_TYPE;

struct tcp_sock {
	struct sock_common __sk_common;	/* the head of every socket */
};

struct inode {
	__u16 i_mode;
} KERNEL_TYPE;

struct file {
	struct inode *f_inode;
	void *private_data;
} KERNEL_TYPE;

struct socket {
	struct file *file;
	struct sock *sk;
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

struct task_struct {
	int tgid;
	struct task_struct *group_leader;
	struct files_struct *files;
	__u64 start_boottime;
	char comm[16];
} KERNEL_TYPE;

#endif
