/*
 * How long it takes to open and close something, in nanoseconds: the best of several batches.
 *
 *     connections KIND ADDRESS LISTENS BATCHES COUNT
 *
 * KIND is "tcp", "udp", "none", which makes a system call that opens nothing, or "start", which starts a program and waits
 * for its end. LISTENS is the network namespace of the other end of TCP, which this process is, too: no other one has to keep
 * up. "send" sends on one UDP socket, "message" sends a byte to itself over a Unix socket, and "descriptor" one that brings a
 * descriptor.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_in peer = { .sin_family = AF_INET };

static void need(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

static long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000L + time.tv_nsec;
}

static void enter(const char *namespace)
{
	int fd = open(namespace, O_RDONLY);

	need(fd >= 0 && !setns(fd, CLONE_NEWNET), namespace);
	close(fd);
}

/* On a port that the kernel chooses. */
static int listen_in(const char *namespace)
{
	socklen_t size = sizeof(peer);
	int fd;

	enter(namespace);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	need(fd >= 0 && !bind(fd, (void *)&peer, size) && !listen(fd, 8), "listen");
	need(!getsockname(fd, (void *)&peer, &size), "getsockname");
	return fd;
}

static void open_and_close(int type, int listener)
{
	struct linger at_once = { .l_onoff = 1 };
	int fd = socket(AF_INET, type, 0);

	need(fd >= 0 && !connect(fd, (void *)&peer, sizeof(peer)), "connect");
	if (listener >= 0) {
		int taken = accept(listener, NULL, NULL);

		need(taken >= 0, "accept");
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)); /* or the ports run out */
		close(fd);
		close(taken);
	} else {
		close(fd);
	}
}

static void start_program(void)
{
	char *words[] = { "/bin/true", NULL };
	pid_t pid = vfork();

	need(pid >= 0, "vfork");
	if (!pid) {
		execv(words[0], words);
		_exit(1);
	}
	need(waitpid(pid, NULL, 0) == pid, "waitpid");
}

/* The kernel takes the descriptor for that of another process, although it comes from this one. */
static void pass_byte(const int pair[2], int descriptor)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {};
	char byte = 0;
	struct iovec piece = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };

	if (descriptor >= 0) {
		message.msg_control = control.room;
		message.msg_controllen = sizeof(control.room);
		control.header = (struct cmsghdr){
			.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS
		};
		memcpy(CMSG_DATA(&control.header), &descriptor, sizeof(descriptor));
	}
	need(sendmsg(pair[0], &message, 0) == 1 && recvmsg(pair[1], &message, 0) == 1, "pass");
	if (descriptor >= 0) {
		memcpy(&descriptor, CMSG_DATA(&control.header), sizeof(descriptor));
		close(descriptor);
	}
}

int main(int words, char **word)
{
	int type, listener = -1, batches, count, pair[2], socket_fd = -1;
	long best = 0;

	need(words == 6 && inet_pton(AF_INET, word[2], &peer.sin_addr) == 1, "connections KIND ADDRESS LISTENS BATCHES COUNT");
	type = !strcmp(word[1], "tcp") ? SOCK_STREAM : !strcmp(word[1], "udp") ? SOCK_DGRAM : 0;
	batches = atoi(word[4]);
	count = atoi(word[5]);
	peer.sin_port = type == SOCK_DGRAM ? htons(9) : 0;
	if (type == SOCK_STREAM) {
		int home = open("/proc/self/ns/net", O_RDONLY);

		listener = listen_in(word[3]);
		need(!setns(home, CLONE_NEWNET), "return");
	}
	need(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
	if (!strcmp(word[1], "send") || !strcmp(word[1], "descriptor")) {
		socket_fd = socket(AF_INET, SOCK_DGRAM, 0);
		peer.sin_port = htons(9);
		need(socket_fd >= 0 && !connect(socket_fd, (void *)&peer, sizeof(peer)), "connect");
	}
	while (batches--) {
		long began = now(), took;

		for (int i = 0; i < count; i++) {
			if (type)
				open_and_close(type, listener);
			else if (!strcmp(word[1], "start"))
				start_program();
			else if (!strcmp(word[1], "send"))
				send(socket_fd, "x", 1, 0); /* nobody listens: every other one is refused */
			else if (!strcmp(word[1], "message"))
				pass_byte(pair, -1);
			else if (!strcmp(word[1], "descriptor"))
				pass_byte(pair, socket_fd);
			else
				syscall(SYS_getppid);
		}
		took = (now() - began) / count;
		if (!best || took < best)
			best = took;
	}
	printf("%ld\n", best);
	return 0;
}
