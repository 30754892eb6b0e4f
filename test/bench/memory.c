/*
 * Processes and sockets, many of them:
 *
 *     memory processes ADDRESS COUNT     one after the other, each a program of its own that sends a datagram and ends
 *     memory sockets ADDRESS COUNT FROM  at once, connected from this address of loopback, until the standard input ends
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* At once, so that a second processor has something to do. */
#define BESIDE 4

static struct sockaddr_in peer = { .sin_family = AF_INET };

static void need(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

static void one(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	need(fd >= 0 && sendto(fd, "x", 1, 0, (void *)&peer, sizeof(peer)) == 1, "sendto");
}

static void wait_for_one(void)
{
	int status;

	need(wait(&status) > 0 && !status, "child");
}

static void processes(char *self, char *address, int count)
{
	char *words[] = { self, "one", address, "1", NULL }, *none[] = { NULL };
	pid_t child;

	for (int i = 0; i < count; i++) {
		if (i >= BESIDE)
			wait_for_one();
		need(!posix_spawn(&child, self, NULL, NULL, words, none), "spawn");
	}
	for (int i = 0; i < count && i < BESIDE; i++)
		wait_for_one();
}

static void sockets(const char *from, int count)
{
	struct sockaddr_in own = { .sin_family = AF_INET };
	struct rlimit limit;
	char byte;

	need(!getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
	limit.rlim_cur = limit.rlim_max;
	need(!setrlimit(RLIMIT_NOFILE, &limit) && inet_pton(AF_INET, from, &own.sin_addr) == 1, "limit");
	while (count--) {
		int fd = socket(AF_INET, SOCK_DGRAM, 0);

		need(fd >= 0 && !bind(fd, (void *)&own, sizeof(own)) && !connect(fd, (void *)&peer, sizeof(peer)), "socket");
	}
	need(write(1, "open\n", 5) == 5, "write");
	while (read(0, &byte, 1) > 0)
		;
}

int main(int words, char **word)
{
	int count;

	need(words >= 4 && inet_pton(AF_INET, word[2], &peer.sin_addr) == 1, "memory HOW ADDRESS COUNT [FROM]");
	peer.sin_port = htons(9);
	count = atoi(word[3]);
	if (!strcmp(word[1], "processes"))
		processes(word[0], word[2], count);
	else if (!strcmp(word[1], "sockets"))
		sockets(word[4], count);
	else
		one();
	return 0;
}
