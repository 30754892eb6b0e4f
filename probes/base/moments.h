/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Times at which a rule applies: `schedule` and `expires`. The kernel reads the boot clock itself, so that rules expire
 * and schedules go on while no agent runs. User space only writes the difference between the local week and that clock.
 * The decision about a connection that met such a rule is valid for one second, and then the rules are searched again.
 */
#ifndef WEIR_MOMENTS_H
#define WEIR_MOMENTS_H

#include "base/rule_set.h"

#define SECONDS_A_WEEK (7 * 24 * 3600)
#define MINUTES_A_DAY (24 * 60)

static __always_inline bool is_in_span(const struct rule_span *span, __u32 day, __u32 minute)
{
	__u32 yesterday = day ? day - 1 : 6;

	if (span->from < span->to)
		return span->days >> day & 1 && minute >= span->from && minute < span->to;
	/* The span goes over midnight, and belongs to the day on which it begins. */
	return (span->days >> day & 1 && minute >= span->from) || (span->days >> yesterday & 1 && minute < span->to);
}

static __always_inline bool is_on_schedule(const struct rule *rule, __u64 second)
{
	__u32 zero = 0, minute, day;
	const struct control *root = bpf_map_lookup_elem(&control, &zero);

	if (!root)
		return false;
	minute = (second + *(volatile __u32 *)&root->week_seconds) % SECONDS_A_WEEK / 60;
	day = minute / MINUTES_A_DAY;
	minute %= MINUTES_A_DAY;
#pragma clang loop unroll(full)
	for (int i = 0; i < LIMIT_SCHEDULE; i++) {
		if (rule->schedule[i].days && is_in_span(&rule->schedule[i], day, minute))
			return true;
	}
	return false;
}

/* Does the rule apply now? */
static __always_inline bool is_in_time(const struct rule *rule)
{
	__u64 second;

	if (!rule->expires && !rule->schedule[0].days)
		return true;
	second = bpf_ktime_get_boot_ns() / NS_PER_SECOND;
	if (rule->expires && second >= rule->expires)
		return false;
	return !rule->schedule[0].days || is_on_schedule(rule, second);
}

#endif
