/* SPDX-License-Identifier: GPL-2.0 */
/* System calls of processes, as the programs at their tracepoints see them. */
#ifndef WEIR_WIRE_CALLS_H
#define WEIR_WIRE_CALLS_H

#include <linux/types.h>

/*
 * Each has the name of its tracepoint: CALL_ACCEPT4 is seen at sys_exit_accept4. CALL_NONE stands for none that is
 * known.
 */
enum weir_call {
	CALL_NONE,
	CALL_SOCKET,
	CALL_BIND,
	CALL_LISTEN,
	CALL_ACCEPT,
	CALL_ACCEPT4,
	CALL_CONNECT,
	CALL_RECVMSG,
	CALL_PIDFD_GETFD,
	CALL_READ,
	CALL_WRITE,
	CALL_READV,
	CALL_WRITEV,
	CALL_SENDTO,
	CALL_RECVFROM,
	CALL_SENDMSG,
	CALL_SENDMMSG,
	CALL_RECVMMSG,
	CALL_SENDFILE64,
	CALL_SHUTDOWN,
	CALL_COUNT,
};

/* The key under which calls are counted: the program that made them, and how they ended. */
struct program_call {
	char command[16]; /* the name of the process, not that of the thread */
	__u16 call;	  /* enum weir_call */
	__u16 error;	  /* 0: it succeeded */
	__u32 reserved;
};

/* A process whose calls somebody looks at: the value under its number in the first pid namespace. */
struct asked_process {
	__u64 limiter; /* see limiter.h */
	__u64 seen;    /* calls about sockets, since it was asked for: seen = told + suppressed + lost */
	__u64 told;
	__u64 suppressed; /* beyond `most` a second */
	__u64 lost;	  /* the ring was full */
	__u32 most;
	__s32 descriptor; /* the only one that is looked at; -1: all */
};

/*
 * A call about a socket has ended. The ends are those of the socket, and nothing of what was sent or received is here.
 */
struct shown_call {
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__s64 result;  /* bytes, or the error as a negative number */
	__u64 cookie;
	__u64 local_be[2];
	__u64 remote_be[2];
	__u32 pid;
	__u32 thread;
	__s32 descriptor;
	__u16 local_port;
	__u16 remote_port;
	__u16 family; /* as in struct sock */
	__u16 call;   /* enum weir_call */
	__u8 protocol;
	__u8 reserved[3];
};

#endif
