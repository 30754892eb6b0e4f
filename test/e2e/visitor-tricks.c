/*
 * What a program may do so that a rule takes it for another one. What became of its connection is told as visitor.c does.
 *
 *     visitor-tricks thread TO PORT        its first thread ends; another one says "ready", reads a line, and connects
 *     visitor-tricks daemon PORT           listens, and ends once a child of it has the socket, which goes on until killed
 *     visitor-tricks user UID TO PORT      makes a socket, becomes that user, and connects
 *     visitor-tricks send TO PORT FROM     sends from this port by UDP; 0 if that worked, 1 if the kernel said that it was dropped
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

static struct sockaddr_in end_at(const char *address, const char *port)
{
	struct sockaddr_in end = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };

	inet_pton(AF_INET, address, &end.sin_addr);
	return end;
}

static int visit(int fd, char **words)
{
	struct sockaddr_in peer = end_at(words[0], words[1]);

	if (!connect(fd, (void *)&peer, sizeof(peer)))
		return 0;
	return errno == ECONNREFUSED || errno == ECONNRESET ? 1 : 2;
}

static void *visit_when_told(void *words)
{
	char line[8];

	puts("ready");
	fflush(stdout);
	if (read(0, line, sizeof(line)) < 0)
		exit(3);
	_exit(visit(socket(AF_INET, SOCK_STREAM, 0), words));
}

static int leave_to_child(const char *port)
{
	struct sockaddr_in end = end_at("0.0.0.0", port);
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	pid_t child;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (void *)&end, sizeof(end)) || listen(fd, 8))
		return 3;
	child = fork();
	if (child) {
		printf("%d\n", child);
		return child < 0 ? 3 : 0;
	}
	for (int standard = 0; standard < 3; standard++)
		close(standard);
	for (;;)
		close(accept(fd, NULL, NULL));
}

static int visit_as(char **words)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return setuid(atoi(words[0])) ? 3 : visit(fd, words + 1);
}

static int send_from(char **words)
{
	struct sockaddr_in peer = end_at(words[0], words[1]), own = end_at("0.0.0.0", words[2]);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), one = 1;

	setsockopt(fd, IPPROTO_IP, IP_RECVERR, &one, sizeof(one));
	if (bind(fd, (void *)&own, sizeof(own)))
		return 3;
	if (sendto(fd, "x", 1, 0, (void *)&peer, sizeof(peer)) == 1)
		return 0;
	return errno == ENOBUFS ? 1 : 2;
}

int main(int count, char **words)
{
	pthread_t thread;

	if (count == 4 && !strcmp(words[1], "thread")) {
		if (pthread_create(&thread, NULL, visit_when_told, words + 2))
			return 3;
		pthread_exit(NULL);
	}
	if (count == 3 && !strcmp(words[1], "daemon"))
		return leave_to_child(words[2]);
	if (count == 5 && !strcmp(words[1], "user"))
		return visit_as(words + 2);
	if (count == 5 && !strcmp(words[1], "send"))
		return send_from(words + 2);
	return 3;
}
