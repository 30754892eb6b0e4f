/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The headers that every compile unit needs, and constants of the kernel. The kernel structs that programs read by name
 * are in kernel_net.h and kernel_task.h. CO-RE finds their fields on the running kernel, so that only the fields that
 * are used are declared, and no generated vmlinux.h is needed.
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

/* States of TCP sockets, as include/net/tcp_states.h numbers them. */
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

#define PACKET_OTHERHOST 3 /* skb->pkt_type: the destination MAC address is that of another host */
#define CHECKSUM_PARTIAL 3 /* skb->ip_summed: the device completes the checksum of layer 4 */

#define NS_PER_SECOND 1000000000ULL

#define KERNEL_TYPE __attribute__((preserve_access_index))

#endif
