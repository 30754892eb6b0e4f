/* SPDX-License-Identifier: GPL-2.0 */
/* What user space is told. */
#ifndef WEIR_WIRE_EVENTS_H
#define WEIR_WIRE_EVENTS_H

#include "translation.h"

/* What a flow event says. */
enum weir_event_type {
	EVENT_ALLOWED = 1,
	EVENT_DETECTED,
	EVENT_BLOCKED,
	EVENT_UNDECIDED,
	EVENT_CLOSED, /* the connection ended; counters are final */
	/* What a process does with a socket. The source is its own end, the destination the other; no packet is told of. */
	EVENT_LISTENING,
	EVENT_CONNECT_REFUSED,
	EVENT_CONNECT_FAILED, /* for another reason */
	EVENT_BIND_FAILED,
	EVENT_RAW_SOCKET,
	EVENT_PACKET_SOCKET,
	EVENT_PACKET_BYPASS, /* `verdict` says whether it was refused: VERDICT_PASSED, VERDICT_WOULD_DROP or VERDICT_DROPPED */
	EVENT_COUNT,
};

/* How frames of a socket pass the egress hooks unseen. */
enum weir_bypass {
	BYPASS_NONE,
	BYPASS_QDISC, /* PACKET_QDISC_BYPASS */
	BYPASS_AF_XDP,
	BYPASS_UNKNOWN, /* this kernel does not tell whether the packet socket does */
};

/*
 * The one record of the ring buffer. Its size is fixed, so that the ring's positions count records:
 * received = consumer position / record size, pending = (producer - consumer) / record size.
 */
struct event {
	__u64 time_ns;	    /* CLOCK_MONOTONIC */
	__u64 source_be[2]; /* of the opener */
	__u64 destination_be[2];
	struct ends beyond; /* as in struct flow */
	__u64 opened_ns;    /* of an event of a socket: when the call began, or the connection; 0: unknown */
	__u64 packets[2];
	__u64 bytes[2];
	__u64 cookie;
	__u64 owner_started_ns;
	__u64 owner_cgroup;
	__u64 creator_started_ns;
	__u32 generation;
	__u32 slot; /* the rule this event is about */
	__u32 ifindex;
	__u32 tunnel;
	__u32 pid;
	__u32 uid;
	__u32 creator_pid; /* of who made the socket; 0 unknown */
	__u16 source_port;
	__u16 destination_port;
	__u16 vlan[2];
	__u8 type;	/* enum weir_event_type */
	__u8 verdict;	/* enum weir_verdict of the packet */
	__u8 direction; /* the opener's */
	__u8 protocol;
	__u8 reason; /* enum weir_reason */
	__u8 staged; /* 1: the rule is staged, the packet was judged by a later one */
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 tcp_flags[2];
	__u8 owner_flags;
	__u8 owner_executions; /* low bits */
	char command[16];
	__u32 netns;  /* number of the socket's network namespace; 0: that of the agent */
	__u16 error;  /* of a call that failed, where it is known; 0: it is not */
	__u8 bypass;  /* enum weir_bypass, of EVENT_PACKET_BYPASS */
	__u8 call;    /* enum weir_call, where its end was seen */
	__u32 thread; /* that made the call; 0: unknown */
	__u32 reserved;
};

/* Of one type of socket event: how often it came, and how often it was not told because it came too often. */
struct socket_counter {
	__u64 limiter; /* see limiter.h */
	__u64 happened;
	__u64 suppressed;
};

/* A process started a program, or was made by another one whose program it goes on with. */
struct program_started {
	__u64 started_ns; /* the process, on the boot clock */
	__u64 parent_started_ns;
	__u32 pid;
	__u32 parent_pid;
	__u16 executions; /* as in struct owner */
	__u16 parent_executions;
	__u16 arguments_length; /* all of them, each ending with a NUL; cut where they fill the room */
	__u8 forked;
	__u8 reserved;
	char path[256]; /* as it was named, so that it may be relative */
	char arguments[512];
};

/* A version 2 control group was made. Who shows up in it may be gone with it before anybody can ask for its name. */
struct cgroup_made {
	__u64 id;
	char path[512]; /* from the root of the hierarchy; one that fills it may have been cut */
};

/*
 * What became of the packet this CPU judged last: the head of each element of `scratch` (0 the frame's own packet,
 * 1 the one in its tunnel). User space reads it after a test run.
 */
struct outcome {
	__u32 slot;    /* the deciding rule */
	__u32 staged;  /* the first staged match before it, or SLOT_NONE */
	__u32 action;  /* enum weir_action */
	__u32 verdict; /* enum weir_verdict */
	__u32 answer;  /* enum weir_answer, of a packet that was dropped */
	__u32 reserved;
	__u32 reason;	 /* enum weir_reason */
	__u32 tunnelled; /* 1: a packet inside was judged, too */
};

/* Per CPU. emitted = what the limiter let through; lost = of those, what found the ring full. */
struct event_counter {
	__u64 emitted;
	__u64 lost;
	__u64 suppressed;
};

#endif
