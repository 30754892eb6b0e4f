/* SPDX-License-Identifier: GPL-2.0 */
/* Set by user space before load; the verifier then prunes what they switch off. */
#ifndef WEIR_OPTIONS_H
#define WEIR_OPTIONS_H

#include "base/kernel.h"

/* Of the network namespace the agent runs in: what the kernel drops in others is not told. */
const volatile __u64 netns_cookie = 0;

/*
 * Of the only network namespace whose TCP connections are counted, and of whose sockets is told; 0: those of all, for an
 * agent that runs in the first.
 */
const volatile __u64 counted_netns = 0;

/* How many cells one copy of the rules has, and how many rule slots. */
const volatile __u32 cells_a_copy = 1;
const volatile __u32 rule_slots = 1;

/* How many lines of bans there are, and of members of sets: a power of two. */
const volatile __u32 ban_line_count = 1;
const volatile __u32 set_line_count = 1;

/* In test runs no socket says whose a packet is: the kinds of its process are given. */
const volatile bool process_is_supposed = false;

/* Signs the answers that weir sends: see tc.bpf.c. User space makes a random one; with 0, answers are judged as other packets are. */
const volatile __u64 answer_secret = 0;

/* How many jiffies make a second on this kernel. */
const volatile __u32 jiffies_per_second = 250;

#endif
