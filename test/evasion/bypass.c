/*
 * Sends a frame past the egress hooks, or tries to: says "sent" or the name of the call that failed, with its error.
 *
 *     bypass [held-]qdisc|uring|compat|xdp IFINDEX FRAME-IN-HEX
 *
 * qdisc sets the option of a packet socket by setsockopt(2), uring by io_uring, compat by the call of 32-bit programs.
 * What is held stays open until the standard input ends.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_xdp.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SOL_XDP
#define SOL_XDP 283
#endif
#define SOL_PACKET_LEVEL 263
#define URING_COMMAND 46	/* IORING_OP_URING_CMD */
#define URING_SETSOCKOPT 3	/* SOCKET_URING_OP_SETSOCKOPT, since Linux 6.7 */
#define FRAMES 4
#define FRAME_SIZE 4096

static void fail(const char *what)
{
	printf("%s: %s\n", what, strerrorname_np(errno));
	exit(1);
}

static size_t from_hex(const char *hex, unsigned char *bytes, size_t room)
{
	size_t length = 0;

	while (length < room && sscanf(hex + 2 * length, "%2hhx", bytes + length) == 1)
		length++;
	return length;
}

/* As the kernel of 6.7 reads it; older headers lack the names. */
struct option_command {
	unsigned char opcode, flags;
	unsigned short priority;
	int fd;
	unsigned int command, reserved;
	unsigned int level, name;
	unsigned int length, command_flags;
	unsigned long long user_data;
	unsigned int unused, length_of_value;
	unsigned long long value, more;
};

static int set_by_uring(int fd, int level, int name, const int *value)
{
	struct io_uring_params params = {};
	int ring = syscall(SYS_io_uring_setup, 1, &params);
	struct option_command *entry;
	char *rings;

	if (ring < 0)
		return -1;
	rings = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
	entry = mmap(NULL, sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQES);
	if (rings == MAP_FAILED || entry == MAP_FAILED)
		return -1;
	memset(entry, 0, sizeof(*entry));
	entry->opcode = URING_COMMAND;
	entry->fd = fd;
	entry->command = URING_SETSOCKOPT;
	entry->level = level;
	entry->name = name;
	entry->value = (unsigned long)value;
	entry->length_of_value = sizeof(*value);
	*(unsigned int *)(rings + params.sq_off.array) = 0;
	__atomic_store_n((unsigned int *)(rings + params.sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -1;
	errno = -((struct io_uring_cqe *)(rings + params.cq_off.cqes))->res;
	return errno ? -1 : 0;
}

/* A system call as a 32-bit program makes it. */
static int call_as_32_bit(int number, int first, int second, int third, const void *fourth, int fifth)
{
	int result = -ENOSYS;

#ifdef __x86_64__
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(first), "c"(second), "d"(third), "S"((unsigned int)(unsigned long)fourth), "D"(fifth) : "memory", "r8", "r9", "r10", "r11");
#endif
	errno = result < 0 ? -result : 0;
	return result < 0 ? -1 : result;
}

#define SOCKET_OF_32_BIT 359
#define SETSOCKOPT_OF_32_BIT 366

static int set_by_compat(int fd, int level, int name, const int *value)
{
	int *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	*low = *value;
	return call_as_32_bit(SETSOCKOPT_OF_32_BIT, fd, level, name, low, sizeof(*low));
}

static int send_by_packet_socket(const char *how, int ifindex, const unsigned char *frame, size_t length)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = ifindex, .sll_halen = 6 };
	int compat = strstr(how, "compat") != NULL, on = 1, result;
	int fd = compat ? call_as_32_bit(SOCKET_OF_32_BIT, AF_PACKET, SOCK_RAW, 0, NULL, 0) : socket(AF_PACKET, SOCK_RAW, 0);

	if (fd < 0)
		fail("socket");
	if (strstr(how, "uring"))
		result = set_by_uring(fd, SOL_PACKET_LEVEL, PACKET_QDISC_BYPASS, &on);
	else if (compat)
		result = set_by_compat(fd, SOL_PACKET_LEVEL, PACKET_QDISC_BYPASS, &on);
	else
		result = setsockopt(fd, SOL_PACKET_LEVEL, PACKET_QDISC_BYPASS, &on, sizeof(on));
	if (result)
		fail("setsockopt");
	if (sendto(fd, frame, length, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		fail("sendto");
	return fd;
}

static int send_by_xdp(int ifindex, const unsigned char *frame, size_t length)
{
	char *area = mmap(NULL, FRAMES * FRAME_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *ring;
	struct xdp_umem_reg umem = { .addr = (unsigned long)area, .len = FRAMES * FRAME_SIZE, .chunk_size = FRAME_SIZE };
	struct sockaddr_xdp at = { .sxdp_family = AF_XDP, .sxdp_ifindex = ifindex, .sxdp_flags = XDP_COPY };
	int fd = socket(AF_XDP, SOCK_RAW, 0), entries = FRAMES;
	struct xdp_mmap_offsets offsets;
	socklen_t size = sizeof(offsets);
	struct xdp_desc *first;

	if (fd < 0)
		fail("socket");
	if (setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &umem, sizeof(umem)) ||
	    setsockopt(fd, SOL_XDP, XDP_UMEM_FILL_RING, &entries, sizeof(entries)) ||
	    setsockopt(fd, SOL_XDP, XDP_UMEM_COMPLETION_RING, &entries, sizeof(entries)) ||
	    setsockopt(fd, SOL_XDP, XDP_TX_RING, &entries, sizeof(entries)))
		fail("setsockopt");
	if (getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &offsets, &size))
		fail("getsockopt");
	ring = mmap(NULL, offsets.tx.desc + FRAMES * sizeof(*first), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, XDP_PGOFF_TX_RING);
	if (ring == MAP_FAILED)
		fail("mmap");
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)))
		fail("bind");
	memcpy(area, frame, length);
	first = (struct xdp_desc *)(ring + offsets.tx.desc);
	*first = (struct xdp_desc){ .addr = 0, .len = length };
	__atomic_store_n((unsigned int *)(ring + offsets.tx.producer), 1, __ATOMIC_RELEASE);
	if (sendto(fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0)
		fail("sendto");
	return fd;
}

int main(int count, char **words)
{
	unsigned char frame[FRAME_SIZE];
	const char *how = count == 4 ? words[1] : "";
	size_t length;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (count != 4)
		return 2;
	length = from_hex(words[3], frame, sizeof(frame));
	if (strstr(how, "xdp"))
		send_by_xdp(atoi(words[2]), frame, length);
	else
		send_by_packet_socket(how, atoi(words[2]), frame, length);
	puts("sent");
	if (strstr(how, "held"))
		while (getchar() != EOF)
			;
	return 0;
}
