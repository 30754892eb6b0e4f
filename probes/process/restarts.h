/* SPDX-License-Identifier: GPL-2.0 */
/*
 * System calls that a signal interrupts. After the programs have run, the kernel decides by the first signal with a
 * handler whether the process sees EINTR, or whether the call is restarted. This header makes the same decision
 * beforehand.
 */
#ifndef WEIR_RESTARTS_H
#define WEIR_RESTARTS_H

#include "process/owners.h"

#define SIGNALS 64
#define SIGNAL_IGNORE 1		   /* SIG_IGN; 0 is SIG_DFL */
#define SIGNAL_RESTARTS 0x10000000 /* SA_RESTART */
#define ERROR_RESTART 512	   /* ERESTARTSYS: restarted if the handler has SA_RESTART */
#define ERROR_RESTART_ALWAYS 513   /* ERESTARTNOINTR: restarted in any case */
#define ERROR_RESTART_LAST \
	516 /* ERESTART_RESTARTBLOCK: restarted unless there is a handler, as with the two before it */

struct pending_signals {
	__u64 signals;
	long flags; /* of the first of them that has a handler; -1 while none is found */
};

static long handler_step(__u32 signal, struct pending_signals *pending)
{
	/* Read as a number: before Linux 6.2 nothing that varies can be added to a pointer that the verifier knows. */
	const struct sighand_struct *actions = BPF_CORE_READ(bpf_get_current_task_btf(), sighand);
	const struct k_sigaction *action;

	if (!(pending->signals >> (signal & (SIGNALS - 1)) & 1))
		return 0;
	action = (const void *)actions + bpf_core_field_offset(struct sighand_struct, action) +
		 signal * bpf_core_type_size(struct k_sigaction);
	if ((unsigned long)BPF_CORE_READ(action, sa.sa_handler) <= SIGNAL_IGNORE)
		return 0;
	pending->flags = BPF_CORE_READ(action, sa.sa_flags);
	return 1;
}

/* Is the call of the running thread restarted after this result? Also true if the process is about to end. */
static __always_inline bool is_restarted(long result)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pending_signals pending = { .flags = -1 };
	__u64 open;

	if (result > -ERROR_RESTART || result < -ERROR_RESTART_LAST)
		return false;
	if (result == -ERROR_RESTART_ALWAYS)
		return true;
	open = ~BPF_CORE_READ(task, blocked.sig[0]);
	pending.signals = BPF_CORE_READ(task, pending.signal.sig[0]) & open;
	bpf_loop(SIGNALS, handler_step, &pending, 0);
	if (pending.flags < 0) {
		pending.signals = BPF_CORE_READ(task, signal, shared_pending.signal.sig[0]) & open;
		bpf_loop(SIGNALS, handler_step, &pending, 0);
	}
	return pending.flags < 0 || (result == -ERROR_RESTART && pending.flags & SIGNAL_RESTARTS);
}

#endif
