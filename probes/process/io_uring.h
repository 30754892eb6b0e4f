/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls that a process makes through io_uring, which no tracepoint of a system call sees. The kernel reports each
 * request that has ended, and has its file and result in the request. A request that completes more than once
 * (multishot) is reported without them: what such a request accepts is known when it is first used.
 */
#ifndef WEIR_IO_URING_H
#define WEIR_IO_URING_H

#include "process/call_ends.h"

/* The numbers differ between kernels; those of bind and listen are there since Linux 6.11. */
enum io_uring_op {
	IORING_OP_ACCEPT,
	IORING_OP_CONNECT,
	IORING_OP_SOCKET,
	IORING_OP_BIND,
	IORING_OP_LISTEN,
};

struct io_cqe {
	__s32 res;
} KERNEL_TYPE;

struct io_kiocb {
	struct file *file;
	__u8 opcode;
	struct io_cqe cqe;
} KERNEL_TYPE;

/* What a request to accept, or to make a socket, begins with. With `file_slot` its result is no descriptor. */
struct io_accept {
	__u32 file_slot;
} KERNEL_TYPE;

struct io_socket {
	int domain;
	__u32 file_slot;
} KERNEL_TYPE;

/* The socket that a request has returned. */
#define RETURNED_SOCKET(request, result, type) \
	(BPF_CORE_READ((const struct type *)(request), file_slot) ? NULL : socket_of_descriptor(result))

#define IS_OPERATION(opcode, name) \
	(bpf_core_enum_value_exists(enum io_uring_op, name) && (opcode) == bpf_core_enum_value(enum io_uring_op, name))

/* A request of the running process has ended. */
static __always_inline void end_request(const struct io_kiocb *request)
{
	__u8 opcode;
	__s32 result;
	const struct file *file;

	if (!request)
		return;
	opcode = BPF_CORE_READ(request, opcode);
	result = BPF_CORE_READ(request, cqe.res);
	file = BPF_CORE_READ(request, file);
	if (IS_OPERATION(opcode, IORING_OP_ACCEPT)) {
		end_accept(CALL_ACCEPT, RETURNED_SOCKET(request, result, io_accept), error_of(result));
	} else if (IS_OPERATION(opcode, IORING_OP_CONNECT)) {
		end_connect(socket_of_file(file), error_of(result));
	} else if (IS_OPERATION(opcode, IORING_OP_SOCKET)) {
		end_socket(BPF_CORE_READ((const struct io_socket *)request, domain),
			   RETURNED_SOCKET(request, result, io_socket), error_of(result));
	} else if (IS_OPERATION(opcode, IORING_OP_BIND)) {
		end_bind(socket_of_file(file), error_of(result));
	} else if (IS_OPERATION(opcode, IORING_OP_LISTEN)) {
		end_listen(socket_of_file(file), error_of(result));
	}
}

#endif
