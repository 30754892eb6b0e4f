/*
 * Processes that get sockets of others, and do nothing with them. Each says on a line of its own a word and its number, and waits.
 *
 *     hander HOW TO PORT OTHER
 *
 * A parent sends a datagram from two sockets, to PORT and to OTHER, and says "parent". Then a child gets them, and says "child". HOW: message
 * (both in one), credentials (both, behind other control data), take (both by pidfd_getfd), lie (none, but a thread of the
 * child writes their numbers into the control data of ordinary messages, without having them).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static void need(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

static void say(const char *word)
{
	printf("%s %d\n", word, getpid());
	fflush(stdout);
	pause();
}

static int sent_from(const char *to, const char *port)
{
	struct sockaddr_in peer = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	need(inet_pton(AF_INET, to, &peer.sin_addr) == 1 && !connect(fd, (void *)&peer, sizeof(peer)) && send(fd, "x", 1, 0) == 1, "send");
	return fd;
}

static char control[256];
static int numbers[2];
static struct iovec part = { numbers, sizeof(numbers) };
static struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };

static void write_rights(void)
{
	struct cmsghdr *header = (void *)control;

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(numbers));
	memcpy(CMSG_DATA(header), numbers, sizeof(numbers));
	message.msg_controllen = CMSG_SPACE(sizeof(numbers));
}

/* All the while, as the kernel says in the same place that there are none. */
static void *lie(void *unused)
{
	for (;;)
		write_rights();
	return NULL;
}

int main(int count, char **words)
{
	int pair[2], one = 1, pidfd, lies, takes;
	const char *how = words[1];
	pid_t parent = getpid();
	pthread_t liar;

	need(count == 5 && !socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "hander HOW TO PORT OTHER");
	lies = !strcmp(how, "lie"), takes = !strcmp(how, "take");
	if (!strcmp(how, "credentials"))
		setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof(one));
	if (!fork()) {
		need(recvmsg(pair[1], &message, 0) == sizeof(numbers), "recvmsg");
		if (takes) {
			pidfd = syscall(SYS_pidfd_open, parent, 0);
			for (int i = 0; i < 2; i++)
				need(syscall(SYS_pidfd_getfd, pidfd, numbers[i], 0) >= 0, "pidfd_getfd");
		}
		if (lies) {
			need(!pthread_create(&liar, NULL, lie, NULL), "thread");
			for (int i = 0; i < 2000; i++) {
				need(send(pair[0], "x", 1, 0) == 1, "send");
				need(recvmsg(pair[1], &message, 0) >= 1, "recvmsg");
			}
		}
		say("child");
	}
	numbers[0] = sent_from(words[2], words[3]);
	numbers[1] = sent_from(words[2], words[4]);
	write_rights();
	if (lies || takes)
		message.msg_control = NULL, message.msg_controllen = 0;
	need(sendmsg(pair[0], &message, 0) == sizeof(numbers), "sendmsg");
	say("parent");
	return 0;
}
