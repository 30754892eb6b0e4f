/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kinds of the local process of a packet's connection. They are looked up once before the rules are searched, if a
 * rule asks for processes. A packet without a local socket, such as a forwarded one, has no process and is of no kind.
 * If there is a socket, but its owner or the program of its owner is unknown, every kind is possible.
 */
#ifndef WEIR_KINDS_H
#define WEIR_KINDS_H

#include "process/kind_tables.h"
#include "decide/judgement.h"

/*
 * Removes the kinds that one aspect rules out: a kind stays if it does not ask for the aspect, or if the aspect fits.
 * NULL: none fits.
 */
static __always_inline void keep_fitting(struct known_kinds *kinds, const struct kinds *asked,
					 const struct kinds *certain, const struct kinds *possible)
{
#pragma clang loop unroll(full)
	for (int i = 0; i < KIND_WORDS; i++) {
		kinds->certain.words[i] &= ~asked->words[i] | (certain ? certain->words[i] : 0);
		kinds->possible.words[i] &= ~asked->words[i] | (possible ? possible->words[i] : 0);
	}
}

/* Finds the kinds by the program that the owner ran when it used the socket; NULL if they are unknown. */
static __always_inline struct process_kinds *find_identity(const struct owner *owner, __u32 place, __u32 number)
{
	struct program_run run = { .started_ns = owner->started_ns,
				   .pid = owner->pid,
				   .executions = owner->executions };
	struct process_identity *identity = bpf_map_lookup_elem(&identities, &run.pid);

	if (!identity || identity->started_ns != run.started_ns || identity->executions != run.executions)
		identity = bpf_map_lookup_elem(&identities_gone, &run);
	return identity && identity->by[place].edition == number ? &identity->by[place] : NULL;
}

static __always_inline void fill_kinds(struct known_kinds *kinds, const struct owner *owner, __u32 place)
{
	struct kind_edition *edition = bpf_map_lookup_elem(&kind_editions, &place);
	struct kind_group group = { .cgroup = owner->cgroup, .place = place };
	struct kind_user user = { .place = place, .uid = owner->uid };
	struct process_kinds *identity;
	struct known_kinds *in_group;
	struct kinds *of_user;

	if (!edition)
		return;
	identity = find_identity(owner, place & 1, edition->number);
	if (identity) {
		*kinds = identity->own;
		keep_common(kinds, &identity->above);
	} else {
		/* Kinds that do not ask for executable, command or parent stay certain. */
		set_all(&kinds->certain, ~0ULL);
		keep_fitting(kinds, &edition->asked[ASPECT_EXECUTABLE], NULL, &kinds->possible);
		keep_fitting(kinds, &edition->asked[ASPECT_COMMAND], NULL, &kinds->possible);
		keep_fitting(kinds, &edition->asked[ASPECT_PARENT], NULL, &kinds->possible);
	}
	of_user = bpf_map_lookup_elem(&kind_users, &user);
	keep_fitting(kinds, &edition->asked[ASPECT_USER], of_user, of_user);
	in_group = bpf_map_lookup_elem(&kind_groups, &group);
	if (in_group)
		keep_fitting(kinds, &edition->asked[ASPECT_WORKLOAD], &in_group->certain, &in_group->possible);
	else
		keep_fitting(kinds, &edition->asked[ASPECT_WORKLOAD], NULL, &kinds->possible);
}

/* May the packet have a local socket that weir cannot look up? ICMP errors have none: the kernel itself sends them. */
static __always_inline bool hides_socket(const struct packet *packet)
{
	if (packet->headers.flags & PACKET_ICMP_ERROR)
		return false;
	return packet->headers.tunnel || !(packet->headers.flags & PACKET_HAS_PORTS) || packet->role.redirected ||
	       (packet->headers.flags & PACKET_FRAGMENT && packet->frame.direction == DIRECTION_INGRESS);
}

/*
 * Fills in packet->search.kinds. `cookie` is that of the local socket of the connection; 0 if there is none, or if it
 * cannot be looked up. Not static: see judge_inner.
 */
__noinline int note_kinds(__u32 which, __u64 cookie)
{
	struct packet *packet = packet_in_scratch(which);
	__u32 copy = packet ? packet->rule_set.copy : 0, zero = 0;
	struct policy *policy = bpf_map_lookup_elem(&policies, &copy);
	struct known_kinds *supposed = bpf_map_lookup_elem(&supposed_kinds, &zero);
	struct owner *owner = find_owner(cookie);

	if (!packet || !policy || !supposed)
		return 0;
	set_all(&packet->search.kinds.certain, 0);
	set_all(&packet->search.kinds.possible, cookie || hides_socket(packet) ? ~0ULL : 0);
	if (owner)
		fill_kinds(&packet->search.kinds, owner, (policy->kinds - 1) & 1);
	if (process_is_supposed)
		packet->search.kinds = *supposed;
	return 0;
}

#endif
