/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Options that user space sets before it loads the programs. The verifier takes them for constants, and removes code
 * that they switch off.
 */
#ifndef WEIR_OPTIONS_H
#define WEIR_OPTIONS_H

#include "base/kernel.h"

/* The cookie of the network namespace of the agent. weir reports no drops of the kernel in other namespaces. */
const volatile __u64 netns_cookie = 0;

/*
 * The cookie of the only network namespace whose TCP connections are counted, and whose sockets are reported; 0: all
 * namespaces, for an agent that runs in the initial one.
 */
const volatile __u64 counted_netns = 0;

/* The number of cells, and of rule slots, of one copy of the rules. */
const volatile __u32 cells_a_copy = 1;
const volatile __u32 rule_slots = 1;

/* The number of lines of `ban_lines` and of `set_lines`: powers of two. */
const volatile __u32 ban_line_count = 1;
const volatile __u32 set_line_count = 1;

/*
 * In test runs there is no socket for a packet, so that user space gives the kinds of its process in `supposed_kinds`.
 */
const volatile bool process_is_supposed = false;

/*
 * A random number that marks the answers that weir sends: see tc.bpf.c. With 0, answers are judged as other packets
 * are.
 */
const volatile __u64 answer_secret = 0;

/* HZ of this kernel. */
const volatile __u32 jiffies_per_second = 250;

#endif
