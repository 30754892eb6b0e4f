/* Requests of io_uring, one at a time, without a library. */
#ifndef RING_H
#define RING_H

#include <errno.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct ring {
	int fd;
	struct io_uring_params parameters;
	struct io_uring_sqe *entries;
	unsigned char *queue;
};

/* Returns false, and says why in errno, if the kernel gives none. */
static int open_ring(struct ring *ring)
{
	struct io_uring_params *p = &ring->parameters;

	ring->fd = syscall(SYS_io_uring_setup, 4, p);
	if (ring->fd < 0)
		return 0;
	ring->queue = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd, IORING_OFF_SQ_RING);
	ring->entries = mmap(NULL, p->sq_entries * sizeof(*ring->entries), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd,
			     IORING_OFF_SQES);
	return ring->queue != MAP_FAILED && ring->entries != MAP_FAILED;
}

/* The oldest result that nobody has taken yet; it waits for one. */
static int take_result(struct ring *ring)
{
	unsigned *head = (unsigned *)(ring->queue + ring->parameters.cq_off.head);
	unsigned *tail = (unsigned *)(ring->queue + ring->parameters.cq_off.tail);
	struct io_uring_cqe *results = (struct io_uring_cqe *)(ring->queue + ring->parameters.cq_off.cqes);
	int result;

	while (*head == __atomic_load_n(tail, __ATOMIC_ACQUIRE))
		if (syscall(SYS_io_uring_enter, ring->fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0 && errno != EINTR)
			return -errno;
	result = results[*head & (ring->parameters.cq_entries - 1)].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return result;
}

/* Returns what the request does: a number, or an error below 0. */
static int request(struct ring *ring, struct io_uring_sqe entry)
{
	unsigned *tail = (unsigned *)(ring->queue + ring->parameters.sq_off.tail);
	unsigned place = *tail & (ring->parameters.sq_entries - 1);

	ring->entries[place] = entry;
	((unsigned *)(ring->queue + ring->parameters.sq_off.array))[place] = place;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring->fd, 1, 0, 0, NULL, 0) != 1)
		return -errno;
	return take_result(ring);
}

#endif
