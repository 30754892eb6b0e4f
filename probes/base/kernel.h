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

#include "wire/wire.h"

#ifndef NULL
#define NULL ((void *)0)
#endif

#define FAMILY_INET 2
#define FAMILY_INET6 10
#define FAMILY_PACKET 17
#define FAMILY_XDP 44

/* The states of the kernel that matter here. */
enum {
	TCP_ESTABLISHED = 1,
	TCP_SYN_SENT = 2,
	TCP_SYN_RECV = 3,
	TCP_FIN_WAIT2 = 5,
	TCP_TIME_WAIT = 6,
	TCP_CLOSE = 7,
	TCP_LISTEN = 10,
	TCP_NEW_SYN_RECV = 12,
};

#define SOCKET_STREAM 1 /* SOCK_STREAM */
#define SOCKET_RAW 3	/* SOCK_RAW */

#define PACKET_OTHERHOST 3 /* of skb->pkt_type: for another device, by its link address */
#define CHECKSUM_PARTIAL 3 /* of skb->ip_summed: the device is still to write it */

#define KERNEL_TYPE __attribute__((preserve_access_index))

struct nf_hook_ops {
	int priority;
} KERNEL_TYPE;

struct nf_hook_entry {
	void *hook;
	void *priv;
} KERNEL_TYPE;

/* As many pointers to struct nf_hook_ops follow. */
struct nf_hook_entries {
	__u16 num_hook_entries;
	struct nf_hook_entry hooks[];
} KERNEL_TYPE;

struct netns_nf {
	struct nf_hook_entries *hooks_ipv4[1];
	struct nf_hook_entries *hooks_ipv6[1];
} KERNEL_TYPE;

struct ns_common {
	unsigned int inum; /* as /proc/PID/ns/net shows it */
} KERNEL_TYPE;

struct net {
	struct ns_common ns;
	struct netns_nf nf;
	__u64 net_cookie;
} KERNEL_TYPE;

struct nsproxy {
	struct net *net_ns;
} KERNEL_TYPE;

typedef struct {
	struct net *net;
} possible_net_t;

struct sock_common {
	possible_net_t skc_net;
	__be32 skc_rcv_saddr;
	__be32 skc_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	struct in6_addr skc_v6_daddr;
	__be16 skc_dport;
	__u16 skc_family;
	volatile unsigned char skc_state;
	unsigned char skc_reuseport : 1;
	unsigned char skc_net_refcnt : 1;
	int skc_bound_dev_if;
	struct {
		__s64 counter;
	} skc_cookie;
} KERNEL_TYPE;

struct sock {
	struct sock_common __sk_common;
	__u16 sk_protocol;
	int sk_err;
} KERNEL_TYPE;

/* Known to the kernel's own type information where packet sockets are no module. `flags` is there since Linux 6.4. */
struct packet_sock {
	struct sock sk;
	unsigned long flags;
} KERNEL_TYPE;

/* The number of its bit in `flags`, since Linux 6.6. */
enum packet_sock_flags {
	PACKET_SOCK_QDISC_BYPASS,
};

struct ipv6_pinfo {
	int mcast_oif;
} KERNEL_TYPE;

struct inet_sock {
	struct sock sk;
	struct ipv6_pinfo *pinet6;
	__be16 inet_sport; /* stays when the port is given back */
	int mc_index;
} KERNEL_TYPE;

struct inet_connection_sock {
	struct inet_sock icsk_inet;
} KERNEL_TYPE;

struct minmax_sample {
	__u32 v;
} KERNEL_TYPE;

struct minmax {
	struct minmax_sample s[3];
} KERNEL_TYPE;

struct tcp_sock {
	struct inet_connection_sock inet_conn;
	struct minmax rtt_min;
	__u32 srtt_us; /* eight times the smoothed round-trip time */
	__u32 segs_out;
	__u32 total_retrans;
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
	int level; /* 0: the first of all */
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

struct socket {
	short type;
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

struct net_device {
	int ifindex;
	possible_net_t nd_net;
} KERNEL_TYPE;

struct dst_entry {
	struct net_device *dev;
} KERNEL_TYPE;

struct sk_buff {
	struct net_device *dev;
	struct sock *sk;
	unsigned long _skb_refdst;
	unsigned long _nfct;
	int skb_iif;
	__u8 ip_summed : 2;
	__be16 protocol;
	__u16 network_header;
	__u32 tail;
	unsigned char *head;
} KERNEL_TYPE;

union nf_inet_addr {
	__u32 all[4];
} KERNEL_TYPE;

struct nf_conntrack_tuple {
	struct {
		union nf_inet_addr u3;
		union {
			__be16 all;
		} u;
	} src;
	struct {
		union nf_inet_addr u3;
		union {
			__be16 all;
		} u;
	} dst;
} KERNEL_TYPE;

struct nf_conntrack_tuple_hash {
	struct nf_conntrack_tuple tuple;
} KERNEL_TYPE;

/* In the module nf_conntrack, where that is no part of the kernel itself: there may be none. */
struct nf_conn {
	struct nf_conntrack_tuple_hash tuplehash[2];
	unsigned long status;
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

struct sk_buff_head {
	struct sk_buff *prev;
} KERNEL_TYPE;

struct neighbour {
	struct sk_buff_head arp_queue;
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

struct signal_struct {
	struct {
		int counter;
	} live;
} KERNEL_TYPE;

struct linux_binprm {
	const char *interp;
} KERNEL_TYPE;

/* Numbers differ between kernels. */
enum skb_drop_reason {
	SKB_DROP_REASON_TC_EGRESS,
	SKB_DROP_REASON_TC_INGRESS,
};

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
	unsigned int flags;
	kuid_t loginuid; /* absent where the kernel has no audit */
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
