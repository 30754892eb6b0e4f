/* SPDX-License-Identifier: GPL-2.0 */
/* Connections, owners of sockets, and counters of traffic. */
#ifndef WEIR_WIRE_FLOWS_H
#define WEIR_WIRE_FLOWS_H

#include "translation.h"

struct traffic_counter {
	__u64 packets;
	__u64 bytes;
};

/* The counters of one CPU and interface slot. */
struct traffic {
	struct traffic_counter by[2 /* direction */][TRANSPORT_COUNT][VERDICT_COUNT];
};

/* The key of a connection. It is the same for both directions: the end that compares lower is `low`. */
struct flow_key {
	__u64 low_be[2];
	__u64 high_be[2];
	__u16 ports[2]; /* of the low end and of the high end */
	__u32 ifindex;
	__u32 tunnel;	   /* 0 outside a tunnel, else kind << 24 | identifier */
	__u16 vlan[2];	   /* 0 none, else 0x1000 | id */
	__u16 what[2];	   /* the protocol, and for ICMP the end that sends requests: 1 low, 2 high */
	__u32 tunnel_high; /* upper 8 bits of a GRE key, which `tunnel` has no room for */
};

/* The result of classification, which a flow keeps: see decide/classify.h. */
struct decision {
	__u32 slot;   /* the deciding rule, or SLOT_DEFAULT, SLOT_FAILSAFE, SLOT_ON_ERROR */
	__u32 staged; /* the first staged match before it, or SLOT_NONE */
	__u8 action;  /* enum weir_action of the deciding rule */
	__u8 reason;  /* enum weir_reason when the slot is SLOT_ON_ERROR */
	__u8 condition_count;
	__u8 staged_at; /* number of conditions before the staged match */
	__u8 once;	/* bit n: condition n is asked only once, and held when the connection opened */
	__u8 reserved[3];
	__u64 ask_again; /* jiffies at which the rules are searched again; 0: only when they change */
	__u32 conditions[LIMIT_CONDITIONS];
};

enum weir_flow_flag {
	FLOW_OPENER_IS_LOW = 1 << 0,
	FLOW_CLOSED = 1 << 1,	 /* the connection has ended, and no longer counts for any rule */
	FLOW_UNCLAIMED = 1 << 2, /* weir looks for the local process in the next packet that leaves */
	FLOW_LEFT = 1 << 3,	 /* a packet has left by this interface, so that NAT of the connection is known */
	FLOW_RECEIVER_UNCERTAIN = 1 << 4, /* netfilter may redirect the connection away from `cookie` */
	/* Flags of TCP: see flow/segments.h. */
	FLOW_CLOSE_REPORTED = 1 << 5,  /* EVENT_CLOSED was due; without it a closed flow is reported after silence */
	FLOW_RESET_BY_OPENER = 1 << 6, /* the opener sent a reset; the other end has not gone on since */
	FLOW_RESET_BY_OTHER = 1 << 7,
	FLOW_OPENER_FINISHED = 1 << 8, /* the opener sent a FIN, whose number is in `finish` */
	FLOW_OTHER_FINISHED = 1 << 9,
	FLOW_REPLY_UNSEEN = 1 << 10, /* no segment of the other end has shown its numbers */
	FLOW_OFFERED = 1 << 11,	     /* a SYN with the number `successor` passed, which may begin the next connection */
	FLOW_OFFER_REPLIED = 1 << 12,  /* the other end has replied to that SYN */
	FLOW_REGISTERED = 1 << 13,     /* `socket_flows` has this flow for the local socket */
	FLOW_SOCKET_WATCHED = 1 << 14, /* the state of the local socket ends the flow, and no packet does */
	FLOW_REPLIED = 1 << 16,	       /* a packet of the other end passed */
	FLOW_WOULD_DROP = 1 << 17,     /* it goes on in detect mode, and prevent mode would drop it */
	FLOW_WOULD_END = 1 << 18,      /* a packet that would have been dropped had FIN or RST */
	FLOW_MIDSTREAM = 1 << 19,      /* a blocked connection that weir has not seen begin */
	FLOW_ASKS_AGAIN = 1 << 20,     /* a blocked connection whose decision each packet has to make again */
};

/*
 * A flow. The members that each packet of a known connection reads or writes come first, so that they are in few cache
 * lines.
 */
struct flow {
	__u64 seen_jiffies;
	__u64 packets[2]; /* sent by the opener, and by the other end */
	__u64 bytes[2];
	__u32 generation; /* of the decision; GENERATION_WRITING while one CPU writes it */
	__u32 flags;	  /* enum weir_flow_flag */
	__u8 direction;	  /* of the opener, on this interface */
	__u8 icmp_type;	  /* of the packet that opened it */
	__u8 icmp_code;
	__u8 tcp_flags[2]; /* all flags of the opener, and of the other end */
	__u8 hop_limit[2]; /* hop limit of a segment of each end that has arrived; 0: unknown */
	__u8 reserved;
	__u32 next[2]; /* TCP sequence number after the last byte that the opener, and the other end, has sent */
	__u32 acknowledged[2]; /* highest number that the opener, and the other end, has acknowledged */
	struct decision decision;
	__u32 reported;	 /* slot of the rule that was reported last, if not that of the decision, or SLOT_NONE */
	__u64 opened_ns; /* CLOCK_MONOTONIC */
	__u64 opened_jiffies;
	__u64 cookie;	 /* of the local socket; 0 if unknown */
	__u64 awaiting;	 /* cookie of the local socket that no process had accepted yet when it sent; 0 if none */
	struct ends nat; /* the ends on the other side of NAT, from the opener's side; all zero: no NAT is known */
	__u32 finish[2]; /* sequence number after the FIN of the opener, and of the other end */
	__u32 successor; /* sequence number after the SYN of a connection that may follow this one ... */
	__u32 successor_reply; /* ... and after the SYN+ACK that replied to it */
};

/* The numbers of a SYN that passed: see flow/syns.h. */
struct syn {
	__u32 begin; /* its sequence number ... */
	__u32 end;   /* ... and the number after it */
};

enum {
	GENERATION_NONE = 0, /* no rule set has this generation */
	GENERATION_WRITING = 0xffffffff,
};

enum weir_owner_flag {
	OWNER_HOLDER =
		1 << 0, /* it had the socket open when the agent started; the process that made or used it is unknown */
	OWNER_UNPRIVILEGED = 1 << 1, /* only if a socket could not be bound: the process may not use low ports */
};

/* The process that made a socket, and the process that used it last. */
struct owner {
	__u64 started_ns; /* of the thread group leader, on the boot clock */
	__u64 cgroup;	  /* number of the version 2 control group that it was in */
	__u64 creator_started_ns;
	__u32 pid; /* thread group, in the initial pid namespace */
	__u32 uid;
	__u32 creator_pid; /* 0 if unknown */
	__u16 flags;	   /* enum weir_owner_flag */
	__u16 executions;  /* low bits of the number of programs that the process had run: it may run another one now */
	char command[16];  /* of the thread group leader */
	__u64 connecting_ns; /* CLOCK_MONOTONIC, to some milliseconds: when it began to connect; 0: it does not */
	__u32 thread;	     /* of the process, that was seen first */
	__u32 reserved;
};

/* A socket, and a process that has it open. */
struct holding {
	__u64 cookie;
	__u64 inode; /* of the socket, for lists of the kernel that have no cookies */
	struct owner holder;
	__u32 parent;	       /* pid of the parent of the process */
	__u32 ifindex;	       /* interface that the socket is bound to; 0 if none */
	__u32 listens;	       /* 1: it is a TCP socket that listens */
	__u32 bypass;	       /* enum weir_bypass ... */
	__u32 bypass_reported; /* ... and 1 if EVENT_PACKET_BYPASS reported it */
	__u32 reserved;
};

enum {
	LOGIN_NONE = 0xffffffff
};

/* One of the sockets that user space asked for, and a process that has it open. */
struct socket_holder {
	__u64 cookie;
	struct owner holder;
	__u32 login; /* uid of the user whose login started the process, or LOGIN_NONE */
	__u32 reserved;
};

enum weir_flow_count {
	COUNT_FLOWS,   /* flows of connections that pass */
	COUNT_BLOCKED, /* blocked connections */
	COUNT_FLOW_TABLES,
};

/*
 * Counters of each CPU. Evictions follow from the number of flows in the table: evicted = inserted - deleted - present.
 */
struct flow_counter {
	__u64 inserted;
	__u64 deleted;
};

#endif
