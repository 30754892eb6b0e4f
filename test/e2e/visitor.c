/*
 * Programs that live no longer than one connection, and what became of it.
 *
 *     visitor TO PORT                      connects; ends with 0 if it can, 1 if it is refused, 2 otherwise
 *     visitor TO PORT COUNT PROGRAM...     runs COUNT of these programs by turns, as above, and says of each how many ended how
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define AT_ONCE 8
#define MOST_PROGRAMS 8

static int visit(const char *to, const char *port)
{
	struct sockaddr_in peer = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || inet_pton(AF_INET, to, &peer.sin_addr) != 1)
		return 3;
	if (!connect(fd, (void *)&peer, sizeof(peer)))
		return 0;
	return errno == ECONNREFUSED || errno == ECONNRESET ? 1 : 2;
}

static pid_t running[AT_ONCE];
static int programs[AT_ONCE], ended[MOST_PROGRAMS][3];

static void await_one(void)
{
	int status;
	pid_t pid = wait(&status);

	for (int i = 0; i < AT_ONCE; i++) {
		if (running[i] != pid)
			continue;
		running[i] = 0;
		ended[programs[i]][WIFEXITED(status) && WEXITSTATUS(status) < 2 ? WEXITSTATUS(status) : 2]++;
	}
}

static int free_place(void)
{
	for (;;) {
		for (int i = 0; i < AT_ONCE; i++)
			if (!running[i])
				return i;
		await_one();
	}
}

int main(int count, char **words)
{
	int names = count - 4;

	if (count == 3)
		return visit(words[1], words[2]);
	if (names < 1 || names > MOST_PROGRAMS)
		return 3;
	for (int i = 0; i < atoi(words[3]); i++) {
		int place = free_place();

		programs[place] = i % names;
		running[place] = fork();
		if (!running[place]) {
			execl(words[4 + i % names], words[4 + i % names], words[1], words[2], NULL);
			_exit(3);
		}
	}
	for (int i = 0; i < AT_ONCE; i++)
		while (running[i])
			await_one();
	for (int i = 0; i < names; i++)
		printf("%s %d %d %d\n", words[4 + i], ended[i][0], ended[i][1], ended[i][2]);
	return 0;
}
