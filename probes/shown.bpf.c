// SPDX-License-Identifier: GPL-2.0
/*
 * The programs that show the calls of a process about its sockets. They are attached only while an operator asks for
 * them. They do not see calls of 32-bit programs, and calls through io_uring.
 */
#include "process/shown_calls.h"

/* A call whose first argument is the descriptor of its socket. */
#define SHOW_CALL(name, number)                                   \
	SEC("tracepoint/syscalls/sys_exit_" #name)                \
	int weir_show_##name(struct call_end *ctx)                \
	{                                                         \
		show_call(number, first_argument(), ctx->result); \
		return 0;                                         \
	}

SHOW_CALL(read, CALL_READ)
SHOW_CALL(write, CALL_WRITE)
SHOW_CALL(readv, CALL_READV)
SHOW_CALL(writev, CALL_WRITEV)
SHOW_CALL(sendto, CALL_SENDTO)
SHOW_CALL(recvfrom, CALL_RECVFROM)
SHOW_CALL(sendmsg, CALL_SENDMSG)
SHOW_CALL(recvmsg, CALL_RECVMSG)
SHOW_CALL(sendmmsg, CALL_SENDMMSG)
SHOW_CALL(recvmmsg, CALL_RECVMMSG)
SHOW_CALL(sendfile64, CALL_SENDFILE64)
SHOW_CALL(bind, CALL_BIND)
SHOW_CALL(listen, CALL_LISTEN)
SHOW_CALL(connect, CALL_CONNECT)
SHOW_CALL(shutdown, CALL_SHUTDOWN)

/* A call that returns a descriptor. If it fails, it is shown with the listener. */
#define SHOW_ACCEPT(name, number)                                                   \
	SEC("tracepoint/syscalls/sys_exit_" #name)                                  \
	int weir_show_##name(struct call_end *ctx)                                  \
	{                                                                           \
		show_call(number, ctx->result < 0 ? first_argument() : ctx->result, \
			  ctx->result < 0 ? ctx->result : 0);                       \
		return 0;                                                           \
	}

SHOW_ACCEPT(accept, CALL_ACCEPT)
SHOW_ACCEPT(accept4, CALL_ACCEPT4)

char LICENSE[] SEC("license") = "GPL";
