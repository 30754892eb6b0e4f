/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The contract between a hook and the verdict path, which is the same for every hook.
 *
 * A hook is a compile unit whose programs see packets. It defines HOOK_CONTEXT, HOOK_HAS_SENDERS, PASS and DROP, includes
 * this header before any other, and supplies each function that is declared here. Its programs fill in the packet that
 * start_packet() returns, call observe(), and return PASS, or what drop() returns.
 *
 * Whatever a hook forgets is a compile error. The functions are inlined, so that a constant answer costs nothing: the
 * compiler leaves out the code that depends on it.
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

/* The sender. A hook without senders answers 0 or false. */

/* Returns the cookie of the local socket that sends the packet; 0 if this host only forwards it. */
static __always_inline __u64 sender_cookie(hook_context *ctx);

/* Is the sender a socket that the kernel made for itself, and that belongs to no process? */
static __always_inline bool is_sent_by_kernel(hook_context *ctx);

/* Is there a socket behind the packet that may be that of a TCP connection? This is quick, and need not be exact. */
static __always_inline bool has_connected_sender(hook_context *ctx);

/* Is the sender a TCP socket of this host, and not one that only writes packets that look like TCP? */
static __always_inline bool is_by_tcp_socket(hook_context *ctx);

/* The way of the packet through this host. */

/* Returns the number of the interface through which a forwarded packet came in; 0 if this host sends it, or it just arrives. */
static __always_inline __u32 arrived_by(hook_context *ctx);

/*
 * If netfilter has translated the addresses of a packet that leaves, notes in packet->connection.untranslated what they were,
 * sets packet->role.translated, and returns true. `which` is the packet's place, as in packet_in_scratch().
 */
static __always_inline bool note_translation(hook_context *ctx, __u32 which);

/* The frame. */

/* Copies bytes of the frame, of which all have to be there. Returns 0, or an error. */
static __always_inline long load_bytes(hook_context *ctx, __u32 offset, void *to, __u32 size);

/* Has the sender left the checksum of layer 4 to the device, so that the packet does not have it yet? */
static __always_inline bool has_partial_checksum(hook_context *ctx);

/* Is the frame addressed to another device than the one that it came to? False if the hook cannot know. */
static __always_inline bool is_for_others(hook_context *ctx);

/* Answers to the sender of a packet that is dropped: see answer/reject.h. */

/* Puts the answer in the place of the packet, from layer 3 on. Returns false if that fails. */
static __always_inline bool replace_packet(hook_context *ctx, const struct packet *packet, struct answer *answer);

/* Writes the link header of the answer, if it has one. Returns false if that fails. */
static __always_inline bool store_link_header(hook_context *ctx, struct answer *answer);

/* Sends the frame back where it came from. Returns what the program has to return. */
static __always_inline int send_back(hook_context *ctx, const struct packet *packet);

#endif
