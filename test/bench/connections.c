/*
 * How long it takes to open and close something, in nanoseconds: the best of several batches.
 *
 *     connections KIND ADDRESS LISTENS BATCHES COUNT
 *
 * KIND is "tcp", "udp", "none", which makes a system call that opens nothing, or "start", which starts a program and waits
 * for its end. LISTENS is the network namespace of the
 * other end of TCP, which this process is, too: no other one has to keep up.
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

int main(int words, char **word)
{
	int type, listener = -1, batches, count;
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
	while (batches--) {
		long began = now(), took;

		for (int i = 0; i < count; i++) {
			if (type)
				open_and_close(type, listener);
			else if (!strcmp(word[1], "start"))
				start_program();
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
