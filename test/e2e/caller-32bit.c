/*
 * System calls of the 32-bit kind, without any library: from a 32-bit program, or from a 64-bit one, which can make them, too. It says on
 * lines of their own who did what: a word, and the number of the process. Every process then waits until it is killed.
 *
 *     caller-32bit WAY DEED ADDRESS PORT
 *
 * WAY: direct, or call (through socketcall(2)). DEED: bind, connect, listen (twice, of which one fails), accept (a child does, in silence),
 * packet, receive (a child gets a socket in a message), take (a child takes it with pidfd_getfd(2)).
 */
typedef unsigned int u32;

/* A pointer as the kernel gets it: everything that calls refer to is static, so that its address fits. */
#define AT(thing) ((u32)(unsigned long)(thing))

enum { EXIT = 1, FORK = 2, WRITE = 4, PAUSE = 29, GETPID = 20, GETPPID = 64, SOCKETCALL = 102, PIDFD_OPEN = 434, PIDFD_GETFD = 438 };
enum { AF_UNIX = 1, AF_INET = 2, AF_PACKET = 17, STREAM = 1, DATAGRAM = 2, RAW = 3 };

/* Each call by its number, and by that of socketcall(2). */
struct way {
	int direct, call;
};
static const struct way SOCKET = { 359, 1 }, BIND = { 361, 2 }, CONNECT = { 362, 3 }, LISTEN = { 363, 4 }, ACCEPT = { 364, 18 },
			PAIR = { 360, 8 }, SENDTO = { 369, 11 }, SENDMSG = { 370, 16 }, RECVMSG = { 372, 17 }, OPTION = { 366, 14 };

static int by_socketcall;

static int make(int number, u32 a, u32 b, u32 c, u32 d, u32 e)
{
	int result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
#ifdef __x86_64__
			 : "memory", "r8", "r9", "r10", "r11");
#else
			 : "memory");
#endif
	return result;
}

static int net(struct way way, u32 a, u32 b, u32 c, u32 d, u32 e)
{
	static u32 words[6];

	if (!by_socketcall)
		return make(way.direct, a, b, c, d, e);
	words[0] = a, words[1] = b, words[2] = c, words[3] = d, words[4] = e;
	return make(SOCKETCALL, way.call, AT(words), 0, 0, 0);
}

static void say(const char *word)
{
	static char line[64], digits[16];
	int length = 0, count = 0, pid = make(GETPID, 0, 0, 0, 0, 0);

	while (*word)
		line[length++] = *word++;
	line[length++] = ' ';
	for (; pid; pid /= 10)
		digits[count++] = '0' + pid % 10;
	while (count)
		line[length++] = digits[--count];
	line[length++] = '\n';
	make(WRITE, 1, AT(line), length, 0, 0);
}

static void need(int good, const char *what)
{
	if (good)
		return;
	say(what);
	make(EXIT, 1, 0, 0, 0, 0);
}

static int same(const char *one, const char *other)
{
	while (*one && *one == *other)
		one++, other++;
	return *one == *other;
}

static struct {
	unsigned short family, port_be;
	unsigned char address[4], zero[8];
} peer = { .family = AF_INET };

static void read_peer(const char *address, const char *port)
{
	u32 number = 0;

	for (int part = 0; *address; address++)
		if (*address == '.')
			part++;
		else
			peer.address[part] = peer.address[part] * 10 + *address - '0';
	for (; *port; port++)
		number = number * 10 + *port - '0';
	peer.port_be = (number & 255) << 8 | number >> 8;
}

static int open_bound(void)
{
	static const u32 one = 1;
	int fd = net(SOCKET, AF_INET, STREAM, 0, 0, 0);

	net(OPTION, fd, 1, 2, AT(&one), sizeof(one)); /* SO_REUSEADDR */
	need(fd >= 0 && !net(BIND, fd, AT(&peer), sizeof(peer), 0, 0), "bind");
	return fd;
}

static struct {
	u32 length;
	int level, type, fd;
} control = { sizeof(control), 1, 1 }; /* SCM_RIGHTS */
static char byte;
static struct {
	u32 at, length;
} piece;
static struct {
	u32 name, name_length, pieces, piece_count, control, control_length, flags;
} message;

static void fill_message(int carries)
{
	piece.at = AT(&byte), piece.length = 1;
	message.pieces = AT(&piece), message.piece_count = 1;
	message.control = AT(&control), message.control_length = carries ? sizeof(control) : 0;
}

/* A socket that its maker has used goes to a child, which does nothing with it. */
static void hand_over(int takes)
{
	static int pair[2];
	int fd, pidfd;

	need(!net(PAIR, AF_UNIX, STREAM, 0, AT(pair), 0), "pair");
	fill_message(!takes);
	if (!make(FORK, 0, 0, 0, 0, 0)) {
		need(net(RECVMSG, pair[1], AT(&message), 0, 0, 0) == 1, "recvmsg");
		if (takes) {
			pidfd = make(PIDFD_OPEN, make(GETPPID, 0, 0, 0, 0, 0), 0, 0, 0, 0);
			need(pidfd >= 0 && make(PIDFD_GETFD, pidfd, byte, 0, 0, 0) >= 0, "pidfd_getfd");
		}
		say("child");
		return;
	}
	fd = net(SOCKET, AF_INET, DATAGRAM, 0, 0, 0);
	need(fd >= 0 && !net(CONNECT, fd, AT(&peer), sizeof(peer), 0, 0), "connect");
	need(net(SENDTO, fd, AT(&byte), 1, 0, 0) == 1, "send");
	say("parent");
	control.fd = byte = fd;
	need(net(SENDMSG, pair[0], AT(&message), 0, 0, 0) == 1, "sendmsg");
}

__attribute__((used)) void begin(long *stack)
{
	char **words = (char **)(stack + 1);
	int fd;

	need(stack[0] == 5, "words");
	by_socketcall = same(words[1], "call");
	read_peer(words[3], words[4]);
	if (same(words[2], "bind")) {
		net(BIND, net(SOCKET, AF_INET, STREAM, 0, 0, 0), AT(&peer), sizeof(peer), 0, 0);
	} else if (same(words[2], "connect")) {
		net(CONNECT, net(SOCKET, AF_INET, STREAM, 0, 0, 0), AT(&peer), sizeof(peer), 0, 0);
	} else if (same(words[2], "packet")) {
		need(net(SOCKET, AF_PACKET, RAW, 0, 0, 0) >= 0, "packet");
	} else if (same(words[2], "listen")) {
		fd = open_bound();
		need(!net(LISTEN, open_bound(), 1, 0, 0, 0) && net(LISTEN, fd, 1, 0, 0, 0), "listen");
	} else if (same(words[2], "accept")) {
		fd = open_bound();
		need(!net(LISTEN, fd, 5, 0, 0, 0), "listen");
		if (!make(FORK, 0, 0, 0, 0, 0)) {
			say("child");
			need(net(ACCEPT, fd, 0, 0, 0, 0) >= 0, "accept");
			make(PAUSE, 0, 0, 0, 0, 0);
		}
	} else {
		hand_over(same(words[2], "take"));
	}
	if (!same(words[2], "receive") && !same(words[2], "take"))
		say("done");
	make(PAUSE, 0, 0, 0, 0, 0);
	make(EXIT, 0, 0, 0, 0, 0);
}

#ifdef __x86_64__
__asm__(".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call begin\n");
#else
__asm__(".globl _start\n_start: mov %esp, %eax\n and $-16, %esp\n push %eax\n call begin\n");
#endif
