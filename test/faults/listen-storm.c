/* listen-storm COUNT HELD: keeps sockets listening that it never bound, then makes and closes COUNT more, and says how many. With COUNT 0 it keeps
 * them for two seconds. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static int open_listener(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || listen(fd, 1))
		exit(1);
	return fd;
}

int main(int count, char **words)
{
	int wanted = count > 1 ? atoi(words[1]) : 0, held = count > 2 ? atoi(words[2]) : 0;

	for (int made = 0; made < held; made++)
		open_listener();
	for (int made = 0; made < wanted; made++)
		close(open_listener());
	if (!wanted)
		sleep(2);
	printf("%d\n", wanted + held);
	return 0;
}
