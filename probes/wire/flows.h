/* SPDX-License-Identifier: GPL-2.0 */
/* Connections, their owners, and what is counted of traffic. */
#ifndef WEIR_WIRE_FLOWS_H
#define WEIR_WIRE_FLOWS_H

#include "translation.h"

struct traffic_counter {
	__u64 packets;
	__u64 bytes;
};

/* Per CPU and interface slot. */
struct traffic {
	struct traffic_counter by[2 /* direction */][TRANSPORT_COUNT][VERDICT_COUNT];
};

/* A connection, both ends normalised: the end that compares lower is `low`. */
struct flow_key {
	__u64 low_be[2];
	__u64 high_be[2];
	__u16 ports[2]; /* of the low end, of the high end */
	__u32 ifindex;
	__u32 tunnel;	   /* 0 outside a tunnel, else kind << 24 | identifier */
	__u16 vlan[2];	   /* 0 none, else 0x1000 | id */
	__u16 what[2];	   /* the protocol; of ICMP, which end asks: 1 low, 2 high */
	__u32 tunnel_high; /* upper 8 bits of a GRE key, which `tunnel` has no room for */
};

/* What classification answers, and a flow keeps: see decide.h. */
struct decision {
	__u32 slot;   /* the deciding rule, or SLOT_DEFAULT, SLOT_FAILSAFE, SLOT_ON_ERROR */
	__u32 staged; /* the first staged match before it, or SLOT_NONE */
	__u8 action;  /* enum weir_action of the deciding rule */
	__u8 reason;  /* enum weir_reason when the slot is SLOT_ON_ERROR */
	__u8 condition_count;
	__u8 staged_at; /* how many conditions stood before the staged match */
	__u8 once;	/* bit n: condition n is asked once, and held when the connection opened */
	__u8 reserved[3];
	__u64 ask_again; /* jiffies; 0: it stands as long as its generation */
	__u32 conditions[LIMIT_CONDITIONS];
};

enum weir_flow_flag {
	FLOW_OPENER_IS_LOW = 1 << 0,
	FLOW_CLOSED = 1 << 1,	 /* the connection has ended, and counts for no rule any more */
	FLOW_UNCLAIMED = 1 << 2, /* no local process was seen sending, yet or lately */
	FLOW_LEFT = 1 << 3,	 /* a packet of it has left here, so that its translation is known if there is one */
	FLOW_DOUBTED = 1 << 4,	 /* whether it is the socket's is known when one has */
	/* Of TCP: see segments.h. */
	FLOW_TOLD = 1 << 5, /* EVENT_CLOSED was due; without it one that is closed is told when it stays silent */
	FLOW_RESET_BY_OPENER = 1 << 6, /* the opener sent a reset; the other end has not gone on since */
	FLOW_RESET_BY_OTHER = 1 << 7,
	FLOW_OPENER_FINISHED = 1 << 8, /* `finish` says where */
	FLOW_OTHER_FINISHED = 1 << 9,
	FLOW_UNHEARD = 1 << 10,	       /* the numbers of the end that did not open it are not known */
	FLOW_OFFERED = 1 << 11,	       /* a SYN between its ends passed, which `successor` numbers */
	FLOW_OFFER_ANSWERED = 1 << 12, /* and the other end answered that SYN */
	FLOW_REGISTERED = 1 << 13,     /* `socket_flows` leads from the local socket to this flow */
	FLOW_HERE = 1 << 14,	       /* the local socket tells when it ends, and no packet does */
	FLOW_ANSWERED = 1 << 16,       /* a packet of the other end passed */
	FLOW_WOULD_DROP = 1 << 17,     /* detect lets it go on; prevent would not */
	FLOW_WOULD_END = 1 << 18,      /* it said FIN or RST in a packet that would have been dropped */
	FLOW_MET = 1 << 19, /* of a blocked one: prevent would meet each of its packets, as it is older than the rule */
	FLOW_ASKS_ANEW =
		1
		<< 20, /* of a blocked one: its answer may change, so that rules are asked for each packet that prevent would meet */
};

/* What each packet of a known connection touches comes first: it then lies in few cache lines. */
struct flow {
	__u64 seen_jiffies;
	__u64 packets[2]; /* by the opener, by the other end */
	__u64 bytes[2];
	__u32 generation; /* of the decision; GENERATION_WRITING while one CPU writes it */
	__u32 flags;	  /* enum weir_flow_flag */
	__u8 direction;	  /* the opener's, on this interface */
	__u8 icmp_type;	  /* of the packet that opened it */
	__u8 icmp_code;
	__u8 tcp_flags[2]; /* every flag seen, by the opener, by the other end */
	__u8 hop_limit[2]; /* that is known to reach the other end; 0: none is */
	__u8 reserved;
	__u32 next[2];	       /* TCP sequence number behind all that the opener, and the other end, sent */
	__u32 acknowledged[2]; /* highest number that the opener, and the other end, acknowledged */
	struct decision decision;
	__u32 told;	 /* rule that was last told of it beside its decision, or SLOT_NONE */
	__u64 opened_ns; /* CLOCK_MONOTONIC */
	__u64 opened_jiffies;
	__u64 cookie;		/* of the local socket, 0 if unknown */
	struct ends beyond;	/* the opener's, on the other side of address translation */
	__u32 finish[2];	/* sequence number behind the FIN of the opener, and of the other end */
	__u32 successor;	/* sequence number behind the SYN of a connection that may follow this one ... */
	__u32 successor_answer; /* ... and behind the SYN+ACK that answered it */
};

/* A SYN that passed: see syns.h. */
struct syn {
	__u32 begin; /* its sequence number ... */
	__u32 end;   /* ... and the one behind what it says */
};

enum {
	GENERATION_NONE = 0, /* no rule set has this one */
	GENERATION_WRITING = 0xffffffff,
};

enum weir_owner_flag {
	OWNER_HOLDER = 1 << 0,	     /* held the socket when the agent came; who made and who used it is not known */
	OWNER_UNPRIVILEGED = 1 << 1, /* of who could not bind a socket: it may not take the low ports */
};

/* Who made and who last used a socket, by socket cookie. */
struct owner {
	__u64 started_ns; /* of the thread group leader, on the boot clock */
	__u64 cgroup;	  /* number of the version 2 control group it was in */
	__u64 creator_started_ns;
	__u32 pid; /* thread group, in the initial pid namespace */
	__u32 uid;
	__u32 creator_pid; /* 0 unknown */
	__u16 flags;	   /* enum weir_owner_flag */
	__u16 executions;  /* low bits of what the kernel counts of them: the process may run another program now */
	char command[16];  /* of the thread group leader */
	__u64 connecting_ns; /* CLOCK_MONOTONIC, to some milliseconds: when it began to connect; 0: it does not, or it ended and was told */
	__u32 thread; /* of the process, that was seen first */
	__u32 reserved;
};

/* A process that has a socket open. */
struct holding {
	__u64 cookie;
	__u64 inode; /* of the socket: its number where the kernel lists it without a cookie */
	struct owner holder;
	__u32 parent;	   /* of the process */
	__u32 ifindex;	   /* that the socket is bound to; 0 for none */
	__u32 listens;	   /* 1: it is a TCP socket that does */
	__u32 bypass;	   /* enum weir_bypass ... */
	__u32 bypass_told; /* ... and 1 if EVENT_PACKET_BYPASS told it */
	__u32 reserved;
};

enum {
	LOGIN_NONE = 0xffffffff
};

/* A process that has one of the sockets open that were asked for. */
struct socket_holder {
	__u64 cookie;
	struct owner holder;
	__u32 login; /* the user who logged in and began it, or LOGIN_NONE */
	__u32 reserved;
};

enum weir_flow_count {
	COUNT_FLOWS,   /* that pass */
	COUNT_BLOCKED, /* that only detect lets go on */
	COUNT_FLOW_TABLES,
};

/* Per CPU. live = inserted - deleted - evicted, so evictions follow from what is live. */
struct flow_counter {
	__u64 inserted;
	__u64 deleted;
};

#endif
