/* SPDX-License-Identifier: GPL-2.0 */
/* Events and other records for user space. */
#ifndef WEIR_WIRE_EVENTS_H
#define WEIR_WIRE_EVENTS_H

#include "translation.h"

/* Types of events. */
enum weir_event_type {
	EVENT_ALLOWED = 1,
	EVENT_DETECTED,
	EVENT_BLOCKED,
	EVENT_UNDECIDED,
	EVENT_CLOSED, /* the connection has ended, and its counters are final */
	/*
	 * Events of sockets, which are not about a packet. The source is the local end, and the destination the remote
	 * one.
	 */
	EVENT_LISTENING,
	EVENT_CONNECT_REFUSED,
	EVENT_CONNECT_FAILED, /* for another reason */
	EVENT_BIND_FAILED,
	EVENT_RAW_SOCKET,
	EVENT_PACKET_SOCKET,
	EVENT_PACKET_BYPASS, /* `verdict` is VERDICT_PASSED, VERDICT_WOULD_DROP, or VERDICT_DROPPED if it was refused */
	EVENT_COUNT,
};

/* How frames of a socket bypass the egress hooks. */
enum weir_bypass {
	BYPASS_NONE,
	BYPASS_QDISC, /* PACKET_QDISC_BYPASS */
	BYPASS_AF_XDP,
	BYPASS_UNKNOWN, /* this kernel does not show whether the packet socket does */
};

/*
 * The record of the ring buffer `events`. All records have the same size, so that the positions of the ring count them:
 * received = consumer position / record size, pending = (producer - consumer position) / record size.
 */
struct event {
	__u64 time_ns;	    /* CLOCK_MONOTONIC */
	__u64 source_be[2]; /* of the opener */
	__u64 destination_be[2];
	struct ends nat; /* as in struct flow */
	__u64 opened_ns; /* of an event of a socket: when the call began, or the connection; 0: unknown */
	__u64 packets[2];
	__u64 bytes[2];
	__u64 cookie;
	__u64 owner_started_ns;
	__u64 owner_cgroup;
	__u64 creator_started_ns;
	__u32 generation;
	__u32 slot; /* the rule that the event is about */
	__u32 ifindex;
	__u32 tunnel;
	__u32 pid;
	__u32 uid;
	__u32 creator_pid; /* of the process that made the socket; 0 if unknown */
	__u16 source_port;
	__u16 destination_port;
	__u16 vlan[2];
	__u8 type;	/* enum weir_event_type */
	__u8 verdict;	/* enum weir_verdict of the packet */
	__u8 direction; /* the opener's */
	__u8 protocol;
	__u8 reason; /* enum weir_reason */
	__u8 staged; /* 1: the rule is staged, and a later rule has decided the packet */
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

/* Counters of one type of socket event: how often it happened, and how often it was held back by the limit. */
struct socket_counter {
	__u64 limiter; /* see limiter.h */
	__u64 happened;
	__u64 suppressed;
};

/* A process has started a program, or was forked by another process, whose program it runs. */
struct program_started {
	__u64 started_ns; /* the process, on the boot clock */
	__u64 parent_started_ns;
	__u32 pid;
	__u32 parent_pid;
	__u16 executions; /* as in struct owner */
	__u16 parent_executions;
	__u16 arguments_length; /* all arguments, each with its NUL; cut off at the size of `arguments` */
	__u8 forked;
	__u8 reserved;
	char path[256]; /* as the process named it, so that it may be relative */
	char arguments[512];
};

/* A version 2 control group was made. It can be removed before user space could ask for its path. */
struct cgroup_made {
	__u64 id;
	char path[512]; /* from the root of the hierarchy; a path that fills it may have been cut off */
};

/*
 * The outcome of the packet that this CPU judged last: the start of each element of `scratch` (0 the packet of the
 * frame, 1 the packet in its tunnel). User space reads it after a test run.
 */
struct outcome {
	__u32 slot;    /* the deciding rule */
	__u32 staged;  /* the first staged match before it, or SLOT_NONE */
	__u32 action;  /* enum weir_action */
	__u32 verdict; /* enum weir_verdict */
	__u32 answer;  /* enum weir_answer, of a packet that was dropped */
	__u32 reserved;
	__u32 reason;	 /* enum weir_reason */
	__u32 tunnelled; /* 1: the packet in the tunnel was judged, too */
};

/* Counters of each CPU. emitted: events that the limiter let through; lost: those of them that found the ring full. */
struct event_counter {
	__u64 emitted;
	__u64 lost;
	__u64 suppressed;
};

#endif
