// SPDX-License-Identifier: GPL-2.0
/*
 * The system calls that a program's proxy makes (run_calls.h): what the slot
 * says is copied once, then every argument is checked against the table. An
 * offset reaches nothing but the slot's bounce pages, paths are copied out of
 * them before they are used.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cok/run_calls.h>

#include "proxy.h"

#define SELF_EXE "/proc/self/exe"

static const struct cok_call calls[] = COK_CALL_TABLE(COK_CALLS);
static const struct cok_call ioctls[] = COK_CALL_TABLE(COK_IOCTLS);
static const struct cok_call fcntls[] = COK_CALL_TABLE(COK_FCNTLS);

#define N(table) (sizeof(table) / sizeof(*(table)))

struct request {
	uint32_t nr, flags;
	uint64_t arg[6];
	const struct cok_call *call;
	uint8_t *bounce;
	char path[2][COK_PATH_MAX]; /* no call has more */
	int nr_paths;
};

/* The line of the table, or NULL and what the call fails with. */
static const struct cok_call *line_of(const struct request *r, int64_t *err)
{
	*err = -ENOSYS;
	switch (r->nr) {
	case COK_NR_IOCTL:
		*err = -ENOTTY;
		return cok_call_find(ioctls, N(ioctls), (uint32_t)r->arg[1]);
	case COK_NR_FCNTL:
		*err = -EINVAL;
		return cok_call_find(fcntls, N(fcntls), (uint32_t)r->arg[1]);
	default:
		return cok_call_find(calls, N(calls), r->nr);
	}
}

static int64_t take_path(const struct proxy *p, struct request *r, int i)
{
	uint64_t at = r->arg[i], room = COK_RUN_BOUNCE - at;
	char *path = r->path[r->nr_paths++];

	if (at >= COK_RUN_BOUNCE)
		return -EINVAL;
	if (room > COK_PATH_MAX)
		room = COK_PATH_MAX;
	memcpy(path, r->bounce + at, room);
	if (!memchr(path, '\0', room))
		return -ENAMETOOLONG;
	if (!strcmp(path, SELF_EXE))
		path = (char *)p->exe;
	r->arg[i] = (uint64_t)path;
	return 0;
}

/* `size` bytes at the offset in argument i: there, or refused. */
static int64_t take_pointer(struct request *r, int i, uint64_t size)
{
	uint64_t at = r->arg[i];

	if (at > COK_RUN_BOUNCE || size > COK_RUN_BOUNCE - at)
		return -EINVAL;
	r->arg[i] = (uint64_t)(r->bounce + at);
	return 0;
}

static int64_t take_struct(struct request *r, int i, uint64_t size)
{
	if (r->arg[i] != COK_RUN_NULL)
		return take_pointer(r, i, size);
	r->arg[i] = 0;
	return 0;
}

static bool is_own(const struct proxy *p, int fd)
{
	return fd == p->fd || (p->hidden && fd == p->hidden);
}

static int64_t take_argument(const struct proxy *p, struct request *r, int i)
{
	uint32_t a = r->call->arg[i];
	uint64_t count = r->arg[COK_ARG_INDEX(a)];

	switch (COK_ARG_WHAT(a)) {
	case COK_ARG_NONE:
		r->arg[i] = 0;
		return 0;
	case COK_ARG_VALUE:
		return 0;
	case COK_ARG_FD:
		return is_own(p, (int)r->arg[i]) ? -EBADF : 0;
	case COK_ARG_PATH:
		return take_path(p, r, i);
	case COK_ARG_IN:
	case COK_ARG_OUT:
		return take_pointer(r, i, count);
	case COK_ARG_ARRAY:
		return take_pointer(
			r, i, (uint64_t)(uint32_t)count * COK_ARG_BYTES(a));
	default:
		return take_struct(r, i, COK_ARG_BYTES(a));
	}
}

/* Copied once: what the co-kernel changes from here on is not seen. */
static void copy_request(struct request *r, const struct cok_run_slot *slot)
{
	const volatile struct cok_run_slot *s = slot;
	int i;

	r->nr = s->nr;
	r->flags = s->flags;
	for (i = 0; i < 6; i++)
		r->arg[i] = s->arg[i];
	r->nr_paths = 0;
}

/* The link is the proxy's; the program is told of its own file. */
static bool asks_for_exe(const struct proxy *p, const struct request *r)
{
	return (r->nr == SYS_readlink && r->arg[0] == (uint64_t)p->exe) ||
	       (r->nr == SYS_readlinkat && r->arg[1] == (uint64_t)p->exe);
}

static int64_t tell_exe(const struct proxy *p, const struct request *r)
{
	int i = r->nr == SYS_readlink ? 1 : 2;
	size_t len = strlen(p->exe);

	if (!r->arg[i + 1])
		return -EINVAL;
	if (len > r->arg[i + 1])
		len = r->arg[i + 1];
	memcpy((char *)r->arg[i], p->exe, len);
	return (int64_t)len;
}

static bool would_wait(const struct request *r)
{
	struct pollfd fd = { .fd = (int)r->arg[0], .events = POLLIN };

	return r->flags & COK_CALL_IF_READY && poll(&fd, 1, 0) == 0;
}

static int64_t make(const struct proxy *p, const struct request *r)
{
	const uint64_t *a = r->arg;
	long ret;

	if (asks_for_exe(p, r))
		return tell_exe(p, r);
	if (would_wait(r))
		return -EAGAIN;
	ret = syscall((long)r->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	return ret == -1 ? -errno : ret;
}

/* It was sent to this thread, which has it blocked: it is the program's. */
static void pass_on_sigpipe(struct proxy *p)
{
	const struct timespec now = { 0 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	if (sigtimedwait(&set, NULL, &now) == SIGPIPE)
		proxy_post(p, 1ULL << (SIGPIPE - 1));
}

int64_t proxy_call(struct proxy *p, uint32_t slot)
{
	struct request r; /* large: not cleared */
	int64_t err;
	int i;

	r.bounce = p->bounce + (size_t)slot * COK_RUN_BOUNCE;
	copy_request(&r, &p->slot[slot]);
	r.call = line_of(&r, &err);
	if (!r.call)
		return err;
	err = 0;
	/* Lengths are values, which stay as they came. */
	for (i = 0; i < 6 && !err; i++)
		err = take_argument(p, &r, i);
	if (err)
		return err;
	err = make(p, &r);
	if (err == -EPIPE)
		pass_on_sigpipe(p);
	return err;
}

void proxy_post(struct proxy *p, uint64_t signals)
{
	__atomic_fetch_or(&p->head->signals, signals, __ATOMIC_SEQ_CST);
}
