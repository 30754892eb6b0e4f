/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Descriptors that a process gets from another one. Their new holder owns the sockets at once, and not when it first uses them.
 * recvmsg(2) leaves the numbers of the descriptors in the memory of the process only. They are taken for hints: a number counts if the
 * kernel has a socket under it for this process. So a process that lies can name no socket that it does not hold.
 */
#ifndef WEIR_HANDED_H
#define WEIR_HANDED_H

#include "process/call_ends.h"

#define LEVEL_SOCKET 1	 /* SOL_SOCKET */
#define MESSAGE_RIGHTS 1 /* SCM_RIGHTS */
#define CONTROL_READ 192 /* bytes of control data that are looked at: 44 descriptors, where nothing comes before them */
#define CONTROL_MESSAGES 4
#define DESCRIPTORS_READ 32

/* As sendmsg(2) and cmsg(3) have them, for 64-bit processes. */
struct user_message {
	__u64 name;
	__u64 name_length;
	__u64 pieces;
	__u64 piece_count;
	__u64 control;
	__u64 control_length;
};

struct control_header {
	__u64 length;
	__s32 level;
	__s32 type;
};

/* A global function: the verifier goes through it once, and not once for each descriptor of a message. */
__noinline int own_descriptor(__s32 descriptor)
{
	own_returned(socket_of_descriptor(descriptor));
	return 0;
}

static __always_inline void own_listed(__u64 at, __u64 bytes)
{
	__s32 descriptors[DESCRIPTORS_READ] = {};
	__u32 count = bytes / sizeof(descriptors[0]), i;

	if (count > DESCRIPTORS_READ)
		count = DESCRIPTORS_READ;
	if (bpf_probe_read_user(descriptors, count * sizeof(descriptors[0]), (const void *)at))
		return;
	for (i = 0; i < DESCRIPTORS_READ && i < count; i++)
		own_descriptor(descriptors[i]);
}

/* The running process has received a message, which its memory describes at this address. */
static __always_inline void own_received(__u64 message_at)
{
	struct user_message message = {};
	struct control_header header;
	__u64 at, left;
	__u32 i;

	if (bpf_probe_read_user(&message, sizeof(message), (const void *)message_at))
		return;
	at = message.control;
	left = message.control_length;
	for (i = 0; i < CONTROL_MESSAGES && left >= sizeof(header); i++) {
		if (bpf_probe_read_user(&header, sizeof(header), (const void *)at))
			return;
		if (header.length < sizeof(header) || header.length > left)
			return;
		if (header.level == LEVEL_SOCKET && header.type == MESSAGE_RIGHTS) {
			count_call(CALL_RECVMSG, 0);
			return own_listed(at + sizeof(header), header.length - sizeof(header));
		}
		header.length = (header.length + 7) & ~7ULL;
		if (header.length > left)
			return;
		at += header.length;
		left -= header.length;
	}
}

#endif
