/*
 * frozen-arguments FILE steady|flapping ADDRESS PORT FILLER: lays a file that may never answer over its own arguments, says
 * "frozen", and sends a datagram ten times a second. Flapping, it lays the file there and takes it away all the time.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096UL

static char *page;
static int file, flaps;
static struct sockaddr_in there = { .sin_family = AF_INET };

static void *send_on(void *unused)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	for (;;) {
		sendto(fd, "x", 1, 0, (struct sockaddr *)&there, sizeof(there));
		usleep(100000);
	}
	return unused;
}

/* Not on the first thread: its stack ends in the page that is covered. */
static void *freeze(void *unused)
{
	static char before[PAGE];
	ssize_t told = 0;

	memcpy(before, page, PAGE);
	do {
		if (mmap(page, PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0) == MAP_FAILED)
			_exit(1);
		madvise(page, PAGE, MADV_RANDOM);
		if (told == 0)
			told = write(1, "frozen\n", 7);
		if (!flaps)
			break;
		mmap(page, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0);
		memcpy(page, before, PAGE);
	} while (flaps);
	return unused;
}

int main(int count, char **words)
{
	pthread_t thread;

	if (count != 6)
		return 2;
	file = open(words[1], O_RDONLY);
	flaps = !strcmp(words[2], "flapping");
	inet_pton(AF_INET, words[3], &there.sin_addr);
	sscanf(words[4], "%hu", &there.sin_port);
	there.sin_port = htons(there.sin_port);
	page = (char *)((uintptr_t)words[0] & ~(PAGE - 1));
	if (file < 0 || pthread_create(&thread, NULL, send_on, NULL) || pthread_create(&thread, NULL, freeze, NULL))
		return 1;
	for (;;)
		pause();
}
