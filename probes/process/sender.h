/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Finds the process that sends a packet. Mostly a packet leaves in the system call of its sender. But a packet that
 * waited for the MAC address of a neighbour leaves in the call of another process, and a reply to a packet from a tun
 * device leaves in the call of the process that has the device open. So the running process is only the sender if its
 * system call has a descriptor of this socket.
 */
#ifndef WEIR_SENDER_H
#define WEIR_SENDER_H

#include "process/owners.h"

#define MODE_FORMAT 0170000
#define MODE_SOCKET 0140000

/*
 * The registers with the number of a system call, and with its first arguments. The number is negative outside of
 * system calls.
 */
struct pt_regs___x86 {
	unsigned long bx;
	unsigned long cx;
	unsigned long di;
	unsigned long si;
	unsigned long orig_ax;
} KERNEL_TYPE;

struct pt_regs___arm64 {
	__u64 regs[31];
	__u64 orig_x0;
	__s32 syscallno;
} KERNEL_TYPE;

static __always_inline __u64 second_argument(void)
{
	struct pt_regs *registers = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());

	if (bpf_core_field_exists(((struct pt_regs___x86 *)0)->si))
		return BPF_CORE_READ((struct pt_regs___x86 *)registers, si);
	if (bpf_core_field_exists(((struct pt_regs___arm64 *)0)->regs))
		return BPF_CORE_READ((struct pt_regs___arm64 *)registers, regs[1]);
	return 0;
}

/*
 * Is the running process in a system call of the machine's own width? The tracepoints of single system calls see no
 * other.
 */
static __always_inline bool is_native_call(void)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (bpf_core_field_exists(task->thread_info.status))
		return !(task->thread_info.status & X86_STATUS_COMPAT);
	return !(task->thread_info.flags >> ARM64_FLAG_32BIT & 1);
}

/*
 * The numbers of the system call socket(2) in arch/x86/entry/syscalls/syscall_64.tbl,
 * arch/x86/entry/syscalls/syscall_32.tbl, include/uapi/asm-generic/unistd.h and the table of 32-bit ARM. A 32-bit x86
 * program may also make the call SYS_SOCKET of socketcall(2).
 */
enum {
	X86_64_NR_SOCKET = 41,
	X86_32_NR_SOCKET = 359,
	X86_32_NR_SOCKETCALL = 102,
	ARM_64_NR_SOCKET = 198,
	ARM_32_NR_SOCKET = 281,
	SYS_SOCKET = 1,
};

/*
 * Returns the first argument of the system call. It is negative if the running process is in none, because it was
 * interrupted, and also in a call whose arguments are in memory, which the process can change.
 */
static __always_inline __s32 first_argument(void)
{
	struct pt_regs *registers = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());

	if (bpf_core_field_exists(((struct pt_regs___x86 *)0)->di)) {
		long number = BPF_CORE_READ((struct pt_regs___x86 *)registers, orig_ax);

		if (number < 0)
			return -1;
		if (is_native_call())
			return BPF_CORE_READ((struct pt_regs___x86 *)registers, di);
		return number == X86_32_NR_SOCKETCALL ? -1 : BPF_CORE_READ((struct pt_regs___x86 *)registers, bx);
	}
	if (bpf_core_field_exists(((struct pt_regs___arm64 *)0)->orig_x0)) {
		if (BPF_CORE_READ((struct pt_regs___arm64 *)registers, syscallno) < 0)
			return -1;
		return BPF_CORE_READ((struct pt_regs___arm64 *)registers, orig_x0);
	}
	return -1;
}

/*
 * Returns the family with which the running process calls socket(2); negative if it is in another call. The numbers of
 * the 32-bit calls mean other calls in a 64-bit program, but none of those checks the capability to make sockets: see
 * weir_right_asked.
 */
static __always_inline __s32 asked_family(void)
{
	struct pt_regs *registers = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	struct pt_regs___arm64 *arm64 = (struct pt_regs___arm64 *)registers;
	struct pt_regs___x86 *x86 = (struct pt_regs___x86 *)registers;
	__s32 family = -1;

	if (bpf_core_field_exists(x86->di)) {
		switch (BPF_CORE_READ(x86, orig_ax)) {
		case X86_64_NR_SOCKET:
			return BPF_CORE_READ(x86, di);
		case X86_32_NR_SOCKET:
			return BPF_CORE_READ(x86, bx);
		case X86_32_NR_SOCKETCALL:
			if (BPF_CORE_READ(x86, bx) == SYS_SOCKET)
				bpf_probe_read_user(&family, sizeof(family), (const void *)BPF_CORE_READ(x86, cx));
		}
	} else if (bpf_core_field_exists(arm64->orig_x0)) {
		__s32 call = BPF_CORE_READ(arm64, syscallno);

		if (call == ARM_64_NR_SOCKET || call == ARM_32_NR_SOCKET)
			return BPF_CORE_READ(arm64, orig_x0);
	}
	return family;
}

/* Returns the socket behind a file; NULL if the file is no socket. The pointer has to be read through BPF_CORE_READ. */
static __always_inline const struct sock *socket_of_file(const struct file *file)
{
	const struct socket *socket;

	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & MODE_FORMAT) != MODE_SOCKET)
		return NULL;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

/* Returns the socket behind a descriptor of the running process; NULL if there is none. */
static __always_inline const struct sock *socket_of_descriptor(__s32 descriptor)
{
	struct fdtable *table = BPF_CORE_READ(bpf_get_current_task_btf(), files, fdt);
	struct file **files, *file = NULL;

	if (descriptor < 0 || descriptor >= BPF_CORE_READ(table, max_fds))
		return NULL;
	files = BPF_CORE_READ(table, fd);
	if (bpf_probe_read_kernel(&file, sizeof(file), files + descriptor))
		return NULL;
	return socket_of_file(file);
}

static __always_inline __u64 cookie_of_socket(const struct sock *sk)
{
	return sk ? BPF_CORE_READ(sk, __sk_common.skc_cookie.counter) : 0;
}

/* Returns 0 if the descriptor is not that of a socket, or if the socket has no cookie yet. */
static __always_inline __u64 cookie_of_descriptor(__s32 descriptor)
{
	return cookie_of_socket(socket_of_descriptor(descriptor));
}

/*
 * Notes the running process as the sender of a packet, if its system call has a descriptor of the socket. Returns true
 * if the sender is known then. With `wanted`, which says that a process and not the kernel wanted the packet sent, it
 * is also known if the running process is the owner of the socket already. Not static: see judge_inner in
 * decide/decide.h.
 */
__noinline int claim_socket(__u64 cookie, bool wanted)
{
	struct owner *known = find_owner(cookie);

	if (wanted && known && is_owner(known, bpf_get_current_task_btf()))
		return true;
	if (cookie_of_descriptor(first_argument()) != cookie)
		return false;
	own_used(cookie);
	return true;
}

#endif
