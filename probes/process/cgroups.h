/* SPDX-License-Identifier: GPL-2.0 */
/* Reports new control groups. */
#ifndef WEIR_CGROUPS_H
#define WEIR_CGROUPS_H

#include "base/faults.h"
#include "base/kernel_task.h"

/* control groups that were made; all records are struct cgroup_made */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} cgroups_made SEC(".maps");

static __always_inline void report_cgroup(struct cgroup *cgroup, const char *path)
{
	struct cgroup_made *made;

	/* The version 2 hierarchy has the number 0. Hierarchies of version 1 number their groups each for itself. */
	if (BPF_CORE_READ(cgroup, root, hierarchy_id))
		return;
	made = bpf_ringbuf_reserve(&cgroups_made, sizeof(*made), 0);
	if (!made) {
		count_fault(FAULT_CGROUP_MADE);
		return;
	}
	made->id = BPF_CORE_READ(cgroup, kn, id);
	bpf_probe_read_kernel_str(made->path, sizeof(made->path), path);
	bpf_ringbuf_submit(made, 0);
}

#endif
