/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The structs and constants that the kernel programs and user space share. They are defined only here:
 * `generate-layout.ts` compiles this header, reads its BTF, and writes agent/generated/layout.ts from it.
 *
 * Byte order: a field named *_be is in network order, every other integer is in host order. An IPv4 address is held as
 * ::ffff:a.b.c.d, so that one comparison serves both families.
 */
#ifndef WEIR_WIRE_H
#define WEIR_WIRE_H

#include "common.h"
#include "networks.h"
#include "bans.h"
#include "rules.h"
#include "matchers.h"
#include "meters.h"
#include "translation.h"
#include "tunnels.h"
#include "flows.h"
#include "processes.h"
#include "calls.h"
#include "drops.h"
#include "events.h"
#include "statistics.h"

#endif
