// SPDX-License-Identifier: GPL-2.0
/*
 * The programs at tracepoints of system calls. They see what other programs have to guess: which process accepts, why a
 * socket cannot be bound, and how connect(2) ends. Each of them makes every system call of the host some nanoseconds
 * slower, so that user space may leave them out. They see calls only at their end, when the kernel still has the
 * arguments in the registers: programs at the start of calls would cost as much again.
 */
#include "process/calls_32bit.h"
#include "process/handed.h"
#include "process/io_uring.h"

SEC("tracepoint/syscalls/sys_exit_socket")
int weir_exit_socket(struct call_end *ctx)
{
	if (is_end_traced(CALL_SOCKET))
		end_socket(asked_family(), socket_of_descriptor(ctx->result), error_of(ctx->result));
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_bind")
int weir_exit_bind(struct call_end *ctx)
{
	end_bind(socket_of_descriptor(first_argument()), error_of(ctx->result));
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_listen")
int weir_exit_listen(struct call_end *ctx)
{
	end_listen(socket_of_descriptor(first_argument()), error_of(ctx->result));
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_accept")
int weir_exit_accept(struct call_end *ctx)
{
	if (!is_restarted(ctx->result))
		end_accept(CALL_ACCEPT, socket_of_descriptor(ctx->result), error_of(ctx->result));
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_accept4")
int weir_exit_accept4(struct call_end *ctx)
{
	if (!is_restarted(ctx->result))
		end_accept(CALL_ACCEPT4, socket_of_descriptor(ctx->result), error_of(ctx->result));
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_connect")
int weir_exit_connect(struct call_end *ctx)
{
	if (!is_restarted(ctx->result))
		end_connect(socket_of_descriptor(first_argument()), error_of(ctx->result));
	return 0;
}

/* Programs for descriptors that a process gets from another one. */

SEC("tracepoint/syscalls/sys_exit_recvmsg")
int weir_exit_recvmsg(struct call_end *ctx)
{
	if (ctx->result >= 0)
		own_received(second_argument());
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_pidfd_getfd")
int weir_exit_pidfd_getfd(struct call_end *ctx)
{
	if (ctx->result >= 0)
		own_taken(socket_of_descriptor(ctx->result));
	return 0;
}

/* Programs for calls without a tracepoint of their own. */

/* Kernels without io_uring do not have this tracepoint. Its arguments differ between kernels, but for the first two. */
SEC("tp_btf/io_uring_complete")
int weir_request_completed(__u64 *ctx)
{
	end_request((const struct io_kiocb *)ctx[1]);
	return 0;
}

/* It runs at the end of every call of the host, and has to be quick: see calls_32bit.h. */
SEC("tp_btf/sys_exit")
int BPF_PROG(weir_exit_32bit, struct pt_regs *registers, long result)
{
	if (!is_native_call() && is_end_traced(CALL_NONE))
		end_32bit_call(registers, result);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
