/*
 * A process that changes, while a call is under way, what the call was given: another thread puts another socket under its descriptor, or
 * rewrites the address. It does so again and again, and then says its number and how many calls failed; of packet sockets, how many it made.
 *
 *     racer CHANGE CALL PORT OTHER TIMES
 *
 * CHANGE: descriptor, or memory. PORT has a listener, and OTHER is free. CALL: bind (to PORT, or OTHER where memory says so), listen (of two
 * sockets at OTHER + 1, of which one can; the exchanged one is at OTHER), connect (to PORT of an address without a route, or of this host
 * where memory says so), or packet.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in given = { .sin_family = AF_INET };
static volatile int fd = -1, other, stop;
static unsigned short ports_be[2];
static unsigned int addresses_be[2];
static int changes_memory;

static int open_at(int port)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int made = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (port && bind(made, (void *)&here, sizeof(here))) {
		perror("bind");
		exit(1);
	}
	return made;
}

static void *change(void *unused)
{
	for (int turn = 0; !stop; turn ^= 1) {
		if (changes_memory) {
			*(volatile unsigned short *)&given.sin_port = ports_be[turn];
			*(volatile unsigned int *)&given.sin_addr.s_addr = addresses_be[turn];
		} else if (fd >= 0) {
			dup2(other, fd);
		}
	}
	return NULL;
}

static int fails(const char *call, int at, int mine)
{
	int failed, first;

	if (!strcmp(call, "bind"))
		return bind(mine, (void *)&given, sizeof(given)) != 0;
	if (!strcmp(call, "connect"))
		return connect(mine, (void *)&given, sizeof(given)) != 0;
	if (!strcmp(call, "packet")) {
		close(mine); /* the lowest descriptor that is free, which the other thread takes over */
		return socket(AF_PACKET, SOCK_RAW, 0) >= 0;
	}
	first = open_at(at);
	failed = listen(first, 1) == 0 && listen(mine, 1) != 0;
	close(first);
	return failed;
}

int main(int count, char **words)
{
	const char *call = count == 6 ? words[2] : "";
	int port, free_port, failed = 0, mine;
	pthread_t thread;

	if (count != 6)
		return 2;
	changes_memory = !strcmp(words[1], "memory");
	port = atoi(words[3]), free_port = atoi(words[4]);
	ports_be[0] = ports_be[1] = given.sin_port = htons(port);
	addresses_be[0] = addresses_be[1] = htonl(INADDR_LOOPBACK);
	if (!strcmp(call, "connect"))
		inet_pton(AF_INET, "203.0.113.9", &addresses_be[0]);
	else
		ports_be[1] = htons(free_port);
	given.sin_addr.s_addr = addresses_be[0];
	other = open_at(free_port);
	if (pthread_create(&thread, NULL, change, NULL))
		return 1;
	for (int left = atoi(words[5]); left--;) {
		mine = open_at(strcmp(call, "listen") ? 0 : free_port + 1);
		fd = mine;
		failed += fails(call, free_port + 1, mine);
		fd = -1;
		close(mine);
	}
	stop = 1;
	pthread_join(thread, NULL);
	printf("%d %d\n", getpid(), failed);
	fflush(stdout);
	pause();
	return 0;
}
