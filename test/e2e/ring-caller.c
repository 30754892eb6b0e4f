/*
 * What a process does with sockets through io_uring, past all system calls. It says on lines of their own who did what: a word, and the
 * number of the process. A kernel that does not know the request is told by "unknown". Every process then waits until it is killed.
 *
 *     ring-caller DEED ADDRESS PORT [async]
 *
 * DEED: packet and packet-registered (a packet socket, with a descriptor or without); bind; listen (twice, of which one fails); accept
 * and accept-many (a child does, with a request that ends or one that goes on, and uses what it gets once it reads a byte). "async": a
 * worker thread does it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "ring.h"

#define OP_BIND 56 /* IORING_OP_BIND and _LISTEN, since Linux 6.11 */
#define OP_LISTEN 57

static struct ring ring;
static struct sockaddr_in peer = { .sin_family = AF_INET };
static int flags;

static void say(const char *word)
{
	printf("%s %d\n", word, getpid());
	fflush(stdout);
}

static void need(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

static int ask(struct io_uring_sqe entry)
{
	int result;

	entry.flags |= flags;
	result = request(&ring, entry);
	if (result == -EINVAL) {
		say("unknown");
		pause();
	}
	return result;
}

static int open_bound(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	need(!bind(fd, (void *)&peer, sizeof(peer)), "bind");
	return fd;
}

/* The child has a ring of its own. */
static void accept_by_child(int how)
{
	int fd = open_bound(), taken;
	char byte;

	need(!listen(fd, 5), "listen");
	if (fork())
		return;
	need(open_ring(&ring), "io_uring_setup");
	say("child");
	taken = ask((struct io_uring_sqe){ .opcode = IORING_OP_ACCEPT, .fd = fd, .ioprio = how });
	need(taken >= 0, "accept");
	say("accepted");
	need(read(0, &byte, 1) == 1 && write(taken, &byte, 1) == 1, "write");
	pause();
}

int main(int count, char **words)
{
	const char *deed = words[1];
	int empty[4] = { -1, -1, -1, -1 }, fd;

	need(count >= 4 && inet_pton(AF_INET, words[2], &peer.sin_addr) == 1, "ring-caller DEED ADDRESS PORT");
	peer.sin_port = htons(atoi(words[3]));
	flags = count > 4 ? IOSQE_ASYNC : 0;
	if (!strncmp(deed, "accept", 6))
		accept_by_child(strcmp(deed, "accept") ? IORING_ACCEPT_MULTISHOT : 0);
	else
		need(open_ring(&ring), "io_uring_setup");
	if (!strncmp(deed, "packet", 6)) {
		syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_FILES, empty, 4);
		need(ask((struct io_uring_sqe){ .opcode = IORING_OP_SOCKET,
						.fd = AF_PACKET,
						.off = SOCK_RAW,
						.file_index = strcmp(deed, "packet") ? 1 : 0 }) >= 0,
		     "packet");
	} else if (!strcmp(deed, "bind")) {
		need(ask((struct io_uring_sqe){ .opcode = OP_BIND,
						.fd = socket(AF_INET, SOCK_STREAM, 0),
						.addr = (unsigned long)&peer,
						.off = sizeof(peer) }) == -EADDRINUSE,
		     "bind");
	} else if (!strcmp(deed, "listen")) {
		fd = open_bound();
		need(!ask((struct io_uring_sqe){ .opcode = OP_LISTEN, .fd = open_bound(), .len = 1 }), "listen");
		need(ask((struct io_uring_sqe){ .opcode = OP_LISTEN, .fd = fd, .len = 1 }) == -EADDRINUSE, "listen again");
	}
	say("done");
	pause();
	return 0;
}
