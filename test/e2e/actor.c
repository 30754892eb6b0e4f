/*
 * Processes that open connections in every way that makes it hard to tell who did it. Each says on a line of its own what
 * ought to be told: where to, by which protocol, the process that did it, and the one that made the socket.
 *
 *     actor HOW KIND TO PORT [NUMBER]
 *
 * What has to stay open stays so until the standard input ends.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ring.h"

static const char *to;
static union {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
} peer;
static socklen_t peer_size = sizeof(peer.in);

static void need(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

static void told(const char *protocol, pid_t creator)
{
	char line[128];
	int length = snprintf(line, sizeof(line), "%s %s %d %d\n", to, protocol, getpid(), creator);

	need(write(1, line, length) == length, "write");
}

static void until_told(void)
{
	char byte;

	while (read(0, &byte, 1) > 0)
		;
}

static int make(const char *kind)
{
	int family = peer.any.sa_family, icmp = family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	int fd = !strncmp(kind, "tcp", 3) ? socket(family, SOCK_STREAM, 0)
		 : !strncmp(kind, "udp", 3) ? socket(family, SOCK_DGRAM, 0)
		 : !strcmp(kind, "ping")    ? socket(family, SOCK_DGRAM, icmp)
					    : socket(family, SOCK_RAW, icmp);

	need(fd >= 0, "socket");
	return fd;
}

static void join(int fd)
{
	need(!connect(fd, &peer.any, peer_size), "connect");
}

static void ping(int fd)
{
	int type = peer.any.sa_family == AF_INET ? ICMP_ECHO : 128;
	struct icmphdr echo = { .type = type };
	__typeof__(peer) host = peer;

	host.in.sin_port = 0; /* lies where that of IPv6 does, and would be a protocol */
	echo.checksum = htons(~(type << 8));
	need(sendto(fd, &echo, sizeof(echo), 0, &host.any, peer_size) > 0, "ping");
}

/* Uses a socket for the first time, as its kind asks; one that was "-joined" before is only written to. */
static const char *use(const char *kind, int fd)
{
	struct iovec part = { "x", 1 };
	struct msghdr message = { .msg_name = &peer, .msg_namelen = peer_size, .msg_iov = &part, .msg_iovlen = 1 };
	struct mmsghdr several[1] = { { .msg_hdr = message } };

	if (!strcmp(kind, "tcp"))
		join(fd);
	else if (!strcmp(kind, "raw") || !strcmp(kind, "ping"))
		ping(fd);
	else if (!strcmp(kind, "udp"))
		need(sendto(fd, "x", 1, 0, &peer.any, peer_size) == 1, "sendto");
	else if (!strcmp(kind, "udp-message"))
		need(sendmsg(fd, &message, 0) == 1, "sendmsg");
	else if (!strcmp(kind, "udp-messages"))
		need(sendmmsg(fd, several, 1, 0) == 1, "sendmmsg");
	else
		need(write(fd, "x", 1) == 1, "write");
	return !strncmp(kind, "tcp", 3) ? "tcp" : !strncmp(kind, "udp", 3) ? "udp" : peer.any.sa_family == AF_INET ? "icmp" : "icmpv6";
}

static void prepare(const char *kind, int fd)
{
	if (strstr(kind, "-joined"))
		join(fd);
}

static void simple(const char *kind)
{
	int fd = make(kind);

	prepare(kind, fd);
	told(use(kind, fd), getpid());
}

static pid_t child(void)
{
	pid_t pid = fork();

	need(pid >= 0, "fork");
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static void until_child_ends(void)
{
	int status = 0;

	wait(&status);
	exit(status ? 1 : 0);
}

static void inherited(const char *kind)
{
	pid_t creator = getpid();
	int fd = make(kind);

	prepare(kind, fd);
	if (!child()) {
		told(use(kind, fd), creator);
		until_told();
		exit(0);
	}
	close(fd);
	until_child_ends();
}

static void pass(int over, int fd)
{
	char space[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec part = { "x", 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	need(sendmsg(over, &message, 0) == 1, "pass");
}

static int take(int over)
{
	char space[CMSG_SPACE(sizeof(int))], byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space) };
	int fd;

	need(recvmsg(over, &message, 0) == 1 && CMSG_FIRSTHDR(&message), "take");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

/* The taker is there before the socket is made: it has it from the message alone. It may be used before, too. */
static void passed(const char *kind, int after_use)
{
	pid_t creator = getpid();
	int pair[2], fd;

	need(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
	if (!child()) {
		fd = take(pair[1]);
		told(use(kind, fd), creator);
		while (after_use && getppid() == creator && !usleep(100000))
			use(kind, fd);
		until_told();
		exit(0);
	}
	fd = make(kind);
	prepare(kind, fd);
	for (int times = after_use ? 3 : 0; times--;)
		use(kind, fd);
	if (after_use)
		told("udp", creator);
	pass(pair[0], fd);
	close(fd);
	until_child_ends();
}

static void ring_connect(int flags)
{
	struct ring ring = {};
	struct io_uring_sqe entry = {
		.opcode = IORING_OP_CONNECT, .flags = flags, .fd = make("tcp"), .addr = (unsigned long)&peer, .off = peer_size
	};

	need(open_ring(&ring) && !request(&ring, entry), "io_uring");
	told("tcp", getpid());
}

/* A frame of its own making, past all of the kernel's layers. */
static void frame(void)
{
	struct { struct iphdr ip; struct udphdr udp; } packet = {
		.ip = { .version = 4, .ihl = 5, .tot_len = htons(28), .ttl = 1, .protocol = IPPROTO_UDP, .saddr = htonl(0xc6120001), .daddr = peer.in.sin_addr.s_addr },
		.udp = { .source = htons(4000), .dest = peer.in.sin_port, .len = htons(8) },
	};
	struct sockaddr_ll device = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = if_nametoindex("eth0"), .sll_halen = 6, .sll_addr = { 255, 255, 255, 255, 255, 255 } };
	int fd = socket(AF_PACKET, SOCK_DGRAM, 0);

	need(fd >= 0 && sendto(fd, &packet, sizeof(packet), 0, (void *)&device, sizeof(device)) > 0, "frame");
	told("udp", 0);
}

static void storm(const char *kind, int count, char *self, char *port)
{
	char address[INET_ADDRSTRLEN];
	struct in_addr next = peer.in.sin_addr;

	for (int i = 0; i < count; i++) {
		if (i >= 8)
			wait(NULL);
		next.s_addr = htonl(ntohl(peer.in.sin_addr.s_addr) + i);
		inet_ntop(AF_INET, &next, address, sizeof(address));
		if (!fork()) {
			execl(self, self, "simple", kind, address, port, NULL);
			exit(1);
		}
	}
	while (wait(NULL) > 0)
		;
}

/* Workers accept what their parent listens for; each says whose connection it took, by the other end's port. */
static void serve(int workers, int asks)
{
	pid_t creator = getpid();
	int one = 1, fd = make("tcp");

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	need(!bind(fd, &peer.any, peer_size) && !listen(fd, 64), "listen");
	told("listen", creator);
	while (workers--) {
		if (child())
			continue;
		for (;;) {
			struct sockaddr_in from = {};
			socklen_t length = sizeof(from);
			int taken = accept(fd, asks ? (void *)&from : NULL, asks ? &length : NULL);

			need(taken >= 0, "accept");
			need(write(taken, "x", 1) == 1, "answer");
			getpeername(taken, (void *)&from, &length);
			printf("%d tcp %d %d\n", ntohs(from.sin_port), getpid(), creator);
			fflush(stdout);
		}
	}
	until_told();
}

/* Sockets that are only there: bound, listening or connected. */
static void hold(const char *kind, int holders)
{
	pid_t creator = getpid();
	int fd = make(kind);
	char kept[1];

	if (strstr(kind, "-joined"))
		join(fd);
	else
		need(!bind(fd, &peer.any, peer_size), "bind");
	if (!strcmp(kind, "tcp"))
		need(!listen(fd, 8), "listen");
	while (holders-- > 1)
		if (!child()) {
			until_told();
			exit(0);
		}
	told(kind, creator);
	if (read(0, kept, 1) == 1)
		use(kind, fd);
	until_told();
}

int main(int count, char **words)
{
	const char *how = words[1], *kind = words[2];
	int number = count > 5 ? atoi(words[5]) : 1;

	need(count > 4, "actor HOW KIND TO PORT [NUMBER]");
	to = words[3];
	if (strchr(to, ':')) {
		peer.in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(atoi(words[4])) };
		peer_size = sizeof(peer.in6);
		need(inet_pton(AF_INET6, to, &peer.in6.sin6_addr) == 1, "address");
	} else {
		peer.in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(atoi(words[4])) };
		need(inet_pton(AF_INET, to, &peer.in.sin_addr) == 1, "address");
	}
	if (!strcmp(how, "simple"))
		simple(kind);
	else if (!strcmp(how, "inherited"))
		inherited(kind);
	else if (!strcmp(how, "passed"))
		passed(kind, 0);
	else if (!strcmp(how, "handed"))
		passed(kind, 1);
	else if (!strcmp(how, "ring"))
		ring_connect(strcmp(kind, "async") ? 0 : IOSQE_ASYNC);
	else if (!strcmp(how, "frame"))
		frame();
	else if (!strcmp(how, "storm"))
		storm(kind, number, words[0], words[4]);
	else if (!strcmp(how, "serve"))
		serve(number, !strcmp(kind, "asking"));
	else if (!strcmp(how, "hold"))
		hold(kind, number);
	return 0;
}
