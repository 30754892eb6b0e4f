/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel programs and user space both read. This is the only definition of these shapes: set-up
 * builds the objects, reads their BTF and writes agent/generated/layout.ts from it.
 *
 * Byte order: a field named *_be is in network order, every other integer is in host order. An IPv4 address
 * is held as ::ffff:a.b.c.d, so that one comparison serves both families.
 */
#ifndef WEIR_WIRE_H
#define WEIR_WIRE_H

#include "wire/common.h"
#include "wire/networks.h"
#include "wire/bans.h"
#include "wire/rules.h"
#include "wire/matchers.h"
#include "wire/meters.h"
#include "wire/translation.h"
#include "wire/tunnels.h"
#include "wire/flows.h"
#include "wire/processes.h"
#include "wire/drops.h"
#include "wire/events.h"
#include "wire/statistics.h"

#endif
