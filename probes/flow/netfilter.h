/* SPDX-License-Identifier: GPL-2.0 */
/* Finds out whether netfilter has DNAT rules in a network namespace, which may redirect packets that arrive. */
#ifndef WEIR_NETFILTER_H
#define WEIR_NETFILTER_H

#include "base/kernel_task.h"
#include "base/rule_set.h"

#define PRIORITY_DNAT (-100) /* NF_IP_PRI_NAT_DST: the first DNAT rule registers a hook with this priority */
#define HOOKS_PASSED 16	     /* if there are more hooks, DNAT is assumed */

static __always_inline bool has_translating_hook(const struct nf_hook_entries *entries)
{
	__u32 count = entries ? BPF_CORE_READ(entries, num_hook_entries) : 0;
	const struct nf_hook_ops *hook, *const *hooks;

	hooks = (const void *)__builtin_preserve_access_index(&entries->hooks) +
		count * bpf_core_type_size(struct nf_hook_entry);
	for (__u32 i = 0; i < HOOKS_PASSED; i++) {
		if (i >= count)
			return false;
		if (!bpf_probe_read_kernel(&hook, sizeof(hook), hooks + i) &&
		    BPF_CORE_READ(hook, priority) == PRIORITY_DNAT)
			return true;
	}
	return true;
}

/* Notes in `control` whether netfilter may redirect packets that arrive in the namespace of the running process. */
static __always_inline void note_translating_hooks(void)
{
	const struct net *net = BPF_CORE_READ(bpf_get_current_task_btf(), nsproxy, net_ns);
	__u32 zero = 0;
	struct control *root = bpf_map_lookup_elem(&control, &zero);

	if (root && bpf_core_field_exists(net->nf.hooks_ipv4))
		root->translates = has_translating_hook(BPF_CORE_READ(net, nf.hooks_ipv4[0])) ||
				   has_translating_hook(BPF_CORE_READ(net, nf.hooks_ipv6[0]));
}

#endif
