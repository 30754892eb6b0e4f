/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The contract between a hook and the verdict path, which is the same for every hook.
 *
 * A hook is a compile unit whose programs see packets. It defines HOOK_CONTEXT, HOOK_HAS_SENDERS, PASS and DROP,
 * includes this header before any other, and supplies each function that is declared here. Its programs fill in the
 * packet that start_packet() returns, and call observe(). They return PASS, or for a packet that is dropped the value
 * of drop().
 *
 * Anything that a hook leaves out is a compile error. The functions are inlined, so that a constant answer costs
 * nothing: the compiler leaves out the code that depends on it.
 */
#ifndef WEIR_HOOK_H
#define WEIR_HOOK_H

#include "base/packet.h"

#ifndef HOOK_CONTEXT
#error "a hook defines HOOK_CONTEXT before it includes base/hook.h: the struct that the kernel hands to its programs"
#endif
#ifndef HOOK_HAS_SENDERS
#error "a hook defines HOOK_HAS_SENDERS before it includes base/hook.h: true if it sees packets that this host sends"
#endif
#ifndef PASS
#error "a hook defines PASS before it includes base/hook.h: the return value that lets a frame go on"
#endif
#ifndef DROP
#error "a hook defines DROP before it includes base/hook.h: the return value that drops a frame"
#endif

typedef HOOK_CONTEXT hook_context;

struct answer; /* see answer/answer.h */

/* The sender. A hook that sees no packets of local senders returns 0 or false. */

/* Returns the cookie of the local socket that sends the packet; 0 if this host only forwards it. */
static __always_inline __u64 sender_cookie(hook_context *ctx);

/* Is the sender a socket that the kernel made for itself, so that it belongs to no process? */
static __always_inline bool is_sent_by_kernel(hook_context *ctx);

/* May a socket of a TCP connection have sent the packet? This is quick, and may be true for other sockets. */
static __always_inline bool has_connected_sender(hook_context *ctx);

/* Is the sender a TCP socket of this host, and not a raw socket that writes TCP headers itself? */
static __always_inline bool is_by_tcp_socket(hook_context *ctx);

/* The way of the packet through this host. */

/*
 * Returns the number of the interface through which a forwarded packet came in; 0 if this host sends it, or it just
 * arrives.
 */
static __always_inline __u32 arrived_by(hook_context *ctx);

/*
 * If netfilter has translated the addresses of a packet that leaves, notes in packet->connection.untranslated what they
 * were, sets packet->role.translated, and returns true. `which` is the packet's place, as in packet_in_scratch().
 */
static __always_inline bool note_translation(hook_context *ctx, __u32 which);

/* The frame. */

/* Copies bytes of the frame. Returns 0, or a negative error if the frame does not have all of them. */
static __always_inline long load_bytes(hook_context *ctx, __u32 offset, void *to, __u32 size);

/* Has the sender left the checksum of layer 4 to the device, so that the packet does not have it yet? */
static __always_inline bool has_partial_checksum(hook_context *ctx);

/* Is the destination MAC address that of another host? False if the hook cannot know. */
static __always_inline bool is_for_others(hook_context *ctx);

/* Answers to the sender of a packet that is dropped: see answer/reject.h. An answer is a TCP reset or an ICMP error. */

/* Overwrites the packet, from layer 3 on, with the answer. Returns false if that fails. */
static __always_inline bool replace_packet(hook_context *ctx, const struct packet *packet, struct answer *answer);

/* Writes the link header of the answer, if it has one. Returns false if that fails. */
static __always_inline bool store_link_header(hook_context *ctx, struct answer *answer);

/*
 * Sends the frame out of the interface that it came from, or back into the stack. Returns the return value of the
 * program.
 */
static __always_inline int send_back(hook_context *ctx, const struct packet *packet);

#endif
