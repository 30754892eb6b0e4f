/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Descriptors that a process gets from another one. Their new holder owns the sockets at once, and not when it first
 * uses them. recvmsg(2) leaves the numbers of the descriptors in the memory of the process only. They are taken for
 * hints: a number counts if the kernel has a socket under it for this process. So a process that lies can name no
 * socket that it does not hold.
 */
#ifndef WEIR_HANDED_H
#define WEIR_HANDED_H

#include "process/call_ends.h"

#define LEVEL_SOCKET 1	 /* SOL_SOCKET */
#define MESSAGE_RIGHTS 1 /* SCM_RIGHTS */
#define CONTROL_MESSAGES 4
#define MOST_DESCRIPTORS 253 /* SCM_MAX_FD */

/* As sendmsg(2) and cmsg(3) have them, for 64-bit processes and for 32-bit ones. */
struct user_message {
	__u64 name;
	__u64 name_length;
	__u64 pieces;
	__u64 piece_count;
	__u64 control;
	__u64 control_length;
};

struct user_message_32bit {
	__u32 name;
	__u32 name_length;
	__u32 pieces;
	__u32 piece_count;
	__u32 control;
	__u32 control_length;
};

struct control_header {
	__u64 length;
	__s32 level;
	__s32 type;
};

struct control_header_32bit {
	__u32 length;
	__s32 level;
	__s32 type;
};

/* Of the descriptor with this place in the list, whose numbers are at that address. */
static long own_listed(__u32 place, const __u64 *list_at)
{
	__s32 descriptor;

	if (!bpf_probe_read_user(&descriptor, sizeof(descriptor),
				 (const void *)(*list_at + place * sizeof(descriptor))))
		own_returned(socket_of_descriptor(descriptor));
	return 0;
}

/* Reads the header of a control message in one form, whichever the process has. */
static __always_inline bool read_header(struct control_header *header, __u64 at, bool is_32bit)
{
	struct control_header_32bit narrow = {};

	if (!is_32bit)
		return !bpf_probe_read_user(header, sizeof(*header), (const void *)at);
	if (bpf_probe_read_user(&narrow, sizeof(narrow), (const void *)at))
		return false;
	*header = (struct control_header){ .length = narrow.length, .level = narrow.level, .type = narrow.type };
	return true;
}

/* The running process has received a message with these control messages. */
static __always_inline void own_controlled(__u64 at, __u64 left, bool is_32bit)
{
	__u64 header_size = is_32bit ? sizeof(struct control_header_32bit) : sizeof(struct control_header);
	__u64 alignment = is_32bit ? 4 : 8, count;
	struct control_header header = {};
	__u32 i;

	for (i = 0; i < CONTROL_MESSAGES && left >= header_size; i++) {
		if (!read_header(&header, at, is_32bit) || header.length < header_size || header.length > left)
			return;
		if (header.level == LEVEL_SOCKET && header.type == MESSAGE_RIGHTS) {
			count_call(CALL_RECVMSG, 0);
			at += header_size;
			count = (header.length - header_size) / sizeof(__s32);
			bpf_loop(count < MOST_DESCRIPTORS ? count : MOST_DESCRIPTORS, own_listed, &at, 0);
			return;
		}
		header.length = (header.length + alignment - 1) & -alignment;
		if (header.length > left)
			return;
		at += header.length;
		left -= header.length;
	}
}

/* The running process has received a message, which its memory describes at this address. */
static __always_inline void own_received(__u64 message_at)
{
	struct user_message message;

	if (!bpf_probe_read_user(&message, sizeof(message), (const void *)message_at))
		own_controlled(message.control, message.control_length, false);
}

static __always_inline void own_received_32bit(__u64 message_at)
{
	struct user_message_32bit message;

	if (!bpf_probe_read_user(&message, sizeof(message), (const void *)message_at))
		own_controlled(message.control, message.control_length, true);
}

/* The running process has taken a descriptor out of another one. */
static __always_inline void own_taken(const struct sock *sk)
{
	count_call(CALL_PIDFD_GETFD, 0);
	own_returned(sk);
}

#endif
