/*
 * Processes whose connect(2) ends in every way there is. Each says on a line of its own, once it is over, what happened:
 * its process, the thread that called, and the name of the error or "0".
 *
 *     connector HOW ADDRESS PORT
 *
 * HOW: block; later (does not wait, and asks for the error afterwards); again (does not wait, and calls again); datagram;
 * interrupt and restart (a signal comes, whose handler lets the call fail or go on); limit (waits for a second at most);
 * thread (another thread than the one that made the socket); ring and ring-async (through io_uring).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "ring.h"

static union {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
} peer;
static socklen_t peer_size;
static int fd;

static void need(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

static void say(int error)
{
	printf("%d %ld %s\n", getpid(), syscall(SYS_gettid), error ? strerrorname_np(error) : "0");
	fflush(stdout);
}

static int join(void)
{
	return connect(fd, &peer.any, peer_size) ? errno : 0;
}

static void on_alarm(int signal)
{
}

static void alarm_soon(int flags)
{
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = flags };
	struct itimerval soon = { .it_value = { .tv_usec = 200000 } };

	need(!sigaction(SIGALRM, &action, NULL) && !setitimer(ITIMER_REAL, &soon, NULL), "alarm");
}

static int error_of_socket(void)
{
	struct pollfd one = { .fd = fd, .events = POLLOUT };
	socklen_t size = sizeof(int);
	int error = 0;

	need(poll(&one, 1, 20000) == 1 && !getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size), "poll");
	return error;
}

static void *join_in_thread(void *unused)
{
	say(join());
	return NULL;
}

static int join_by_ring(int flags)
{
	struct ring ring = {};

	need(open_ring(&ring), "io_uring_setup");
	return -request(&ring, (struct io_uring_sqe){ .opcode = IORING_OP_CONNECT,
						      .flags = flags,
						      .fd = fd,
						      .addr = (unsigned long)&peer,
						      .off = peer_size });
}

int main(int count, char **words)
{
	const char *how = words[1];
	int kind = !strcmp(how, "datagram") ? SOCK_DGRAM : SOCK_STREAM;
	struct timeval second = { .tv_sec = 1 };
	pthread_t thread;

	need(count == 4, "connector HOW ADDRESS PORT");
	if (strchr(words[2], ':')) {
		peer.in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(atoi(words[3])) };
		need(inet_pton(AF_INET6, words[2], &peer.in6.sin6_addr) == 1, "address");
	} else {
		peer.in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(atoi(words[3])) };
		need(inet_pton(AF_INET, words[2], &peer.in.sin_addr) == 1, "address");
	}
	peer_size = peer.any.sa_family == AF_INET ? sizeof(peer.in) : sizeof(peer.in6);
	if (!strcmp(how, "later") || !strcmp(how, "again"))
		kind |= SOCK_NONBLOCK;
	fd = socket(peer.any.sa_family, kind, 0);
	need(fd >= 0, "socket");
	if (!strcmp(how, "thread")) {
		need(!pthread_create(&thread, NULL, join_in_thread, NULL), "thread");
		pthread_join(thread, NULL);
	} else if (!strcmp(how, "later")) {
		need(join() == EINPROGRESS, "connect at once");
		say(error_of_socket());
	} else if (!strcmp(how, "again")) {
		need(join() == EINPROGRESS, "connect at once");
		poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, 20000);
		say(join());
	} else if (!strncmp(how, "ring", 4)) {
		say(join_by_ring(strcmp(how, "ring") ? IOSQE_ASYNC : 0));
	} else {
		if (!strcmp(how, "limit"))
			setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof(second));
		if (!strcmp(how, "interrupt") || !strcmp(how, "restart"))
			alarm_soon(strcmp(how, "restart") ? 0 : SA_RESTART);
		say(join());
	}
	pause();
	return 0;
}
