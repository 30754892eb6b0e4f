/*
 * A file system that never answers: silent-files FOLDER ASPECT [CONTENT]. It mounts itself at the folder, says "ready", and answers
 * all but the operation that the aspect names: `lookup`, `open` or `read`. The folder holds one file called `file`. Whoever
 * waits for it waits until this process ends. With CONTENT, the path of another file, the file holds what that file holds, and
 * everything is answered until this process gets SIGUSR1.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NODE 2
#define FILE_SIZE 65536

static int device;
static const char *content;
static volatile sig_atomic_t silent;

static void fall_silent(int signal)
{
	(void)signal;
	silent = 1;
}

static void answer(__u64 unique, int error, const void *body, size_t length)
{
	struct fuse_out_header header = { .len = sizeof(header) + length, .error = error, .unique = unique };
	static char reply[sizeof(header) + 131072];

	memcpy(reply, &header, sizeof(header));
	if (length)
		memcpy(reply + sizeof(header), body, length);
	if (write(device, reply, header.len) < 0 && errno != ENOENT)
		_exit(1);
}

static struct fuse_attr attributes(__u64 node)
{
	struct fuse_attr attr = { .ino = node, .nlink = 1, .blksize = 4096 };
	struct stat status;

	attr.mode = node == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0755;
	attr.size = node == FUSE_ROOT_ID ? 0 : FILE_SIZE;
	if (content && node != FUSE_ROOT_ID && !stat(content, &status)) {
		attr.mode = S_IFREG | 0600;
		attr.size = status.st_size;
		attr.mtime = attr.ctime = status.st_mtim.tv_sec;
		attr.mtimensec = attr.ctimensec = status.st_mtim.tv_nsec;
	}
	return attr;
}

/* Returns how much was read, or the negated error. */
static ssize_t read_content(const struct fuse_read_in *asked, char *into)
{
	int file = open(content, O_RDONLY | O_CLOEXEC);
	ssize_t length = file < 0 ? -1 : pread(file, into, asked->size < 131072 ? asked->size : 131072, asked->offset);
	int error = errno;

	if (file >= 0)
		close(file);
	return length < 0 ? -error : length;
}

int main(int count, char **words)
{
	static char request[1 << 20];
	char options[128];

	if (count != 3 && count != 4)
		return 2;
	content = words[3];
	silent = !content;
	signal(SIGUSR1, fall_silent);
	device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40755,user_id=0,group_id=0,allow_other", device);
	if (device < 0 || mount("silent-files", words[1], "fuse", MS_NOSUID | MS_NODEV, options)) {
		perror("silent-files");
		return 1;
	}
	for (;;) {
		const struct fuse_in_header *in = (void *)request;
		ssize_t length = read(device, request, sizeof(request));

		if (length < 0 && (errno == EINTR || errno == ENOENT))
			continue;
		if (length < 0)
			return 0;	/* it was unmounted */
		switch (in->opcode) {
		case FUSE_INIT: {
			const struct fuse_init_in *asked = (void *)(in + 1);
			struct fuse_init_out out = { .major = FUSE_KERNEL_VERSION, .minor = asked->minor < 31 ? asked->minor : 31, .max_write = 4096, .max_readahead = 4096 };

			answer(in->unique, 0, &out, sizeof(out));
			puts("ready");
			fflush(stdout);
			break;
		}
		case FUSE_LOOKUP: {
			struct fuse_entry_out out = { .nodeid = FILE_NODE, .attr = attributes(FILE_NODE) };

			if (silent && !strcmp(words[2], "lookup"))
				break;
			if (strcmp((const char *)(in + 1), "file"))
				answer(in->unique, -ENOENT, NULL, 0);
			else
				answer(in->unique, 0, &out, sizeof(out));
			break;
		}
		case FUSE_GETATTR: {
			struct fuse_attr_out out = { .attr = attributes(in->nodeid) };

			answer(in->unique, 0, &out, sizeof(out));
			break;
		}
		case FUSE_OPEN:
		case FUSE_OPENDIR: {
			struct fuse_open_out out = { .fh = 1, .open_flags = content ? FOPEN_DIRECT_IO : 0 };

			if (silent && in->opcode == FUSE_OPEN && !strcmp(words[2], "open"))
				break;
			answer(in->unique, 0, &out, sizeof(out));
			break;
		}
		case FUSE_READ: {
			static char bytes[131072];
			ssize_t got;

			if (silent)
				break;
			got = read_content((const void *)(in + 1), bytes);
			answer(in->unique, got < 0 ? got : 0, bytes, got < 0 ? 0 : got);
			break;
		}
		case FUSE_FORGET:
		case FUSE_BATCH_FORGET:
		case FUSE_INTERRUPT:
			break;
		case FUSE_FLUSH:
		case FUSE_RELEASE:
		case FUSE_RELEASEDIR:
			answer(in->unique, 0, NULL, 0);
			break;
		default:
			answer(in->unique, -ENOSYS, NULL, 0);
		}
	}
}
