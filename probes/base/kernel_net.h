/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's structs of network namespaces, sockets, packets and netfilter: see kernel.h. */
#ifndef WEIR_KERNEL_NET_H
#define WEIR_KERNEL_NET_H

#include "base/kernel.h"

struct nf_hook_ops {
	int priority;
} KERNEL_TYPE;

struct nf_hook_entry {
	void *hook;
	void *priv;
} KERNEL_TYPE;

/* The array `hooks` is followed by one pointer to struct nf_hook_ops for each of its elements. */
struct nf_hook_entries {
	__u16 num_hook_entries;
	struct nf_hook_entry hooks[];
} KERNEL_TYPE;

struct netns_nf {
	struct nf_hook_entries *hooks_ipv4[1];
	struct nf_hook_entries *hooks_ipv6[1];
} KERNEL_TYPE;

struct ns_common {
	unsigned int inum; /* the number that /proc/PID/ns/net shows */
} KERNEL_TYPE;

struct net {
	struct ns_common ns;
	struct netns_nf nf;
	__u64 net_cookie;
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

/*
 * The BTF of the kernel has this struct if packet sockets are built in, and not a module. `flags` exists since Linux
 * 6.4.
 */
struct packet_sock {
	struct sock sk;
	unsigned long flags;
} KERNEL_TYPE;

/* Numbers of bits in `flags`, since Linux 6.6. */
enum packet_sock_flags {
	PACKET_SOCK_QDISC_BYPASS,
};

struct ipv6_pinfo {
	int mcast_oif;
} KERNEL_TYPE;

struct inet_sock {
	struct sock sk;
	struct ipv6_pinfo *pinet6;
	__be16 inet_sport; /* keeps the port after the socket has released it */
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

struct socket {
	short type;
	struct file *file;
	struct sock *sk;
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

/* The module nf_conntrack has this struct. If the module is not loaded, the struct does not exist. */
struct nf_conn {
	struct nf_conntrack_tuple_hash tuplehash[2];
	unsigned long status;
} KERNEL_TYPE;

struct sk_buff_head {
	struct sk_buff *prev;
} KERNEL_TYPE;

struct neighbour {
	struct sk_buff_head arp_queue;
} KERNEL_TYPE;

/* The numbers differ between kernels. */
enum skb_drop_reason {
	SKB_DROP_REASON_TC_EGRESS,
	SKB_DROP_REASON_TC_INGRESS,
};

#endif
