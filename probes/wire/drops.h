/* SPDX-License-Identifier: GPL-2.0 */
/* Packets that others drop: the stack, netfilter, queues and other programs. */
#ifndef WEIR_WIRE_DROPS_H
#define WEIR_WIRE_DROPS_H

#include "flows.h"

/* Drops are counted by connection, direction and reason. */
struct drop_key {
	struct flow_key flow; /* without tunnel and tags, which the kernel no longer knows */
	__u32 reason;	      /* enum skb_drop_reason of the running kernel */
	__u32 from_low;	      /* 1: the low end sent the dropped packets */
};

struct drop {
	__u64 packets;
	__u64 first_ns; /* CLOCK_MONOTONIC */
	__u64 last_ns;
	__u64 cookie;	/* of the local socket that sent them; 0 if unknown */
	__u8 direction; /* enum weir_direction */
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 tcp_flags; /* all flags of the dropped segments */
	__u8 has_data;	/* 1: some of them carried TCP data */
	__u8 reserved[3];
};

#endif
