/* SPDX-License-Identifier: GPL-2.0 */
/*
 * System calls of 32-bit programs on a 64-bit kernel. The tracepoints of single system calls do not see them, so that
 * the program looks at the end of every call of the host: user space attaches it once a 32-bit program runs.
 */
#ifndef WEIR_CALLS_32BIT_H
#define WEIR_CALLS_32BIT_H

#include "process/handed.h"

/* The calls of socketcall(2), as include/uapi/linux/net.h has them. */
enum {
	SYS_BIND = 2,
	SYS_CONNECT = 3,
	SYS_LISTEN = 4,
	SYS_ACCEPT = 5,
	SYS_RECVMSG = 17,
	SYS_ACCEPT4 = 18,
};

/* As arch/x86/entry/syscalls/syscall_32.tbl and arch/arm64/tools/syscall_32.tbl have them. */
enum {
	X86_32_NR_BIND = 361,
	X86_32_NR_CONNECT = 362,
	X86_32_NR_LISTEN = 363,
	X86_32_NR_ACCEPT4 = 364,
	X86_32_NR_RECVMSG = 372,
	ARM_32_NR_BIND = 282,
	ARM_32_NR_CONNECT = 283,
	ARM_32_NR_LISTEN = 284,
	ARM_32_NR_ACCEPT = 285,
	ARM_32_NR_RECVMSG = 297,
	ARM_32_NR_ACCEPT4 = 366,
	NR_PIDFD_GETFD = 438, /* on all machines */
};

static __always_inline __u32 call_of_socketcall(__u32 number)
{
	switch (number) {
	case SYS_SOCKET:
		return CALL_SOCKET;
	case SYS_BIND:
		return CALL_BIND;
	case SYS_CONNECT:
		return CALL_CONNECT;
	case SYS_LISTEN:
		return CALL_LISTEN;
	case SYS_ACCEPT:
		return CALL_ACCEPT;
	case SYS_RECVMSG:
		return CALL_RECVMSG;
	case SYS_ACCEPT4:
		return CALL_ACCEPT4;
	default:
		return CALL_NONE;
	}
}

static __always_inline __u32 call_of_x86(__s32 number)
{
	switch (number) {
	case X86_32_NR_SOCKET:
		return CALL_SOCKET;
	case X86_32_NR_BIND:
		return CALL_BIND;
	case X86_32_NR_CONNECT:
		return CALL_CONNECT;
	case X86_32_NR_LISTEN:
		return CALL_LISTEN;
	case X86_32_NR_ACCEPT4:
		return CALL_ACCEPT4;
	case X86_32_NR_RECVMSG:
		return CALL_RECVMSG;
	case NR_PIDFD_GETFD:
		return CALL_PIDFD_GETFD;
	default:
		return CALL_NONE;
	}
}

static __always_inline __u32 call_of_arm(__s32 number)
{
	switch (number) {
	case ARM_32_NR_SOCKET:
		return CALL_SOCKET;
	case ARM_32_NR_BIND:
		return CALL_BIND;
	case ARM_32_NR_CONNECT:
		return CALL_CONNECT;
	case ARM_32_NR_LISTEN:
		return CALL_LISTEN;
	case ARM_32_NR_ACCEPT:
		return CALL_ACCEPT;
	case ARM_32_NR_ACCEPT4:
		return CALL_ACCEPT4;
	case ARM_32_NR_RECVMSG:
		return CALL_RECVMSG;
	case NR_PIDFD_GETFD:
		return CALL_PIDFD_GETFD;
	default:
		return CALL_NONE;
	}
}

/*
 * Returns which call the running process is in, and its first two arguments. Those of socketcall(2) are in the memory
 * of the process, which may have changed them. Nothing is believed for them: a descriptor only counts if its socket is
 * the one that the kernel named, and the descriptors of a message are hints in any case.
 */
static __always_inline __u32 call_32bit(struct pt_regs *registers, __u32 arguments[2])
{
	struct pt_regs___arm64 *arm64 = (struct pt_regs___arm64 *)registers;
	struct pt_regs___x86 *x86 = (struct pt_regs___x86 *)registers;

	arguments[0] = arguments[1] = -1;
	if (bpf_core_field_exists(x86->di)) {
		__s32 number = BPF_CORE_READ(x86, orig_ax);

		if (number == X86_32_NR_SOCKETCALL) {
			bpf_probe_read_user(arguments, 2 * sizeof(arguments[0]), (const void *)BPF_CORE_READ(x86, cx));
			return call_of_socketcall(BPF_CORE_READ(x86, bx));
		}
		arguments[0] = BPF_CORE_READ(x86, bx);
		arguments[1] = BPF_CORE_READ(x86, cx);
		return call_of_x86(number);
	}
	if (bpf_core_field_exists(arm64->orig_x0)) {
		arguments[0] = BPF_CORE_READ(arm64, orig_x0);
		arguments[1] = BPF_CORE_READ(arm64, regs[1]);
		return call_of_arm(BPF_CORE_READ(arm64, syscallno));
	}
	return CALL_NONE;
}

/* A 32-bit call of the running process has ended. */
static __always_inline void end_32bit_call(struct pt_regs *registers, __s32 result)
{
	const struct sock *returned, *given;
	__u16 error = error_of(result);
	__u32 arguments[2], call;

	call = call_32bit(registers, arguments);
	if (call == CALL_NONE || is_restarted(result))
		return;
	returned = socket_of_descriptor(result);
	given = socket_of_descriptor(arguments[0]);
	switch (call) {
	case CALL_SOCKET:
		return end_socket(asked_family(), returned, error);
	case CALL_BIND:
		return end_bind(given, error);
	case CALL_LISTEN:
		return end_listen(given, error);
	case CALL_ACCEPT:
	case CALL_ACCEPT4:
		return end_accept(call, returned, error);
	case CALL_CONNECT:
		return end_connect(given, error);
	case CALL_RECVMSG:
		if (!error)
			own_received_32bit(arguments[1]);
		return;
	case CALL_PIDFD_GETFD:
		if (!error)
			own_taken(returned);
		return;
	}
}

#endif
