/* SPDX-License-Identifier: GPL-2.0 */
/* System calls of processes, as the programs at their tracepoints see them. */
#ifndef WEIR_WIRE_CALLS_H
#define WEIR_WIRE_CALLS_H

#include <linux/types.h>

/* Each has the name of its tracepoint: CALL_ACCEPT4 is seen at sys_exit_accept4. CALL_NONE stands for none that is known. */
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
	CALL_COUNT,
};

/* The key under which calls are counted: the program that made them, and how they ended. */
struct program_call {
	char command[16]; /* the name of the process, not that of the thread */
	__u16 call;	  /* enum weir_call */
	__u16 error;	  /* 0: it succeeded */
	__u32 reserved;
};

#endif
