/* SPDX-License-Identifier: GPL-2.0 */
/* Packets that others drop: the stack, netfilter, queues, other programs. */
#ifndef WEIR_WIRE_DROPS_H
#define WEIR_WIRE_DROPS_H

#include "flows.h"

/* Each connection and reason is told of once, with how often it came. */
struct drop_key {
	struct flow_key flow; /* as far as the kernel still knew it: no tunnel, no tags */
	__u32 reason;	      /* enum skb_drop_reason of the running kernel */
	__u32 from_low;	      /* 1: the low end sent what was dropped */
};

struct drop {
	__u64 packets;
	__u64 first_ns; /* CLOCK_MONOTONIC */
	__u64 last_ns;
	__u64 cookie;	/* of the local socket that sent it, 0 if unknown */
	__u8 direction; /* enum weir_direction */
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 tcp_flags; /* every flag seen in what was dropped */
	__u8 has_data;	/* 1: some of it carried data of TCP */
	__u8 reserved[3];
};

#endif
