// SPDX-License-Identifier: GPL-2.0
/*
 * badproxy NODE CASE PROGRAM: a proxy that breaks the rules of run.h and uapi.h. Ends
 * with 0 if it was refused as it should be.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cok/run.h>
#include <cok/uapi.h>

#define WAIT_MS 5000

static int fd;
static struct cok_run_head *head;
static struct cok_run_slot *slot;
static uint8_t *bounce;

static void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static void refused(const char *what, bool was, int with)
{
	if (was && errno == with)
		return;
	fprintf(stderr, "%s: %s, not %s\n", what,
		was ? strerror(errno) : "done", strerror(with));
	exit(1);
}

static void *map(size_t size, int prot, int flags, off_t at)
{
	return mmap(NULL, size, prot, flags, fd, at);
}

static int wait_for(uint32_t s, uint32_t kick, uint32_t ms)
{
	struct cok_ioc_run_wait w = { sizeof(w), s, kick, ms };

	return ioctl(fd, COK_IOC_RUN_WAIT, &w);
}

static int open_channel(void)
{
	struct cok_ioc_run_open o = { .size = sizeof(o) };

	return ioctl(fd, COK_IOC_RUN_OPEN, &o);
}

static void get_channel(void)
{
	uint8_t *p;

	if (open_channel())
		fail("RUN_OPEN");
	p = map(COK_RUN_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	if (p == MAP_FAILED)
		fail("mmap");
	head = (void *)p;
	slot = (void *)(p + COK_RUN_SLOTS_AT);
	bounce = p + COK_RUN_BOUNCE_AT;
}

static void start(void)
{
	if (ioctl(fd, COK_IOC_RUN_START))
		fail("RUN_START");
}

/* One that could be run, but for what the case changes. */
static void fill(const char *program)
{
	get_channel();
	head->magic = COK_RUN_MAGIC;
	head->version = COK_RUN_VERSION;
	head->argc = 1;
	head->args_size = 8;
	memcpy(bounce, "exe\0arg", 8);
	head->exec_fd = open(program, O_RDONLY);
}

/* Answers what is asked by itself, until it ends. */
static void serve(int64_t (*answer)(const struct cok_run_slot *))
{
	while (head->state < COK_RUN_ENDED) {
		if (wait_for(0, slot->core_asleep ? slot->core : COK_RUN_NOBODY,
			     WAIT_MS))
			fail("RUN_WAIT");
		if (slot->state != COK_SLOT_REQUEST)
			continue;
		slot->ret = answer(slot);
		__atomic_store_n(&slot->state, COK_SLOT_DONE, __ATOMIC_SEQ_CST);
	}
}

static void must_fail(int with)
{
	if (head->state == COK_RUN_FAILED && head->error == with)
		return;
	fprintf(stderr, "state %u, error %d (%s), status %u, not %d\n",
		head->state, head->error, head->text, head->status, with);
	exit(1);
}

/* ---- the cases -------------------------------------------------------------- */

static void mapping(void)
{
	const int rw = PROT_READ | PROT_WRITE;
	pid_t child;
	int status;

	refused("mmap without a channel",
		map(4096, rw, MAP_SHARED, 0) == MAP_FAILED, EINVAL);
	get_channel();
	refused("part", map(4096, rw, MAP_SHARED, 0) == MAP_FAILED, EINVAL);
	refused("behind it",
		map(COK_RUN_SIZE, rw, MAP_SHARED, COK_RUN_SIZE) == MAP_FAILED,
		EINVAL);
	refused("at an offset",
		map(COK_RUN_SIZE - 4096, rw, MAP_SHARED, 4096) == MAP_FAILED,
		EINVAL);
	refused("more",
		map(COK_RUN_SIZE + 4096, rw, MAP_SHARED, 0) == MAP_FAILED,
		EINVAL);
	refused("private", map(COK_RUN_SIZE, rw, MAP_PRIVATE, 0) == MAP_FAILED,
		EINVAL);
	refused("executable",
		map(COK_RUN_SIZE, rw | PROT_EXEC, MAP_SHARED, 0) == MAP_FAILED,
		EINVAL);
	refused("executable later",
		mprotect(head, COK_RUN_SIZE, rw | PROT_EXEC) != 0, EACCES);
	child = fork();
	if (!child) {
		head->argc = 1; /* not its: SIGSEGV */
		_exit(0);
	}
	waitpid(child, &status, 0);
	refused("in a child", WIFSIGNALED(status), errno);
}

static void calls(void)
{
	struct cok_ioc_run_open o = { .size = 12 };
	struct cok_ioc_run_wait w = { sizeof(w), 0, COK_RUN_NOBODY, 60001 };

	refused("wait, no channel", wait_for(0, COK_RUN_NOBODY, 1), EBADFD);
	refused("start, no channel", ioctl(fd, COK_IOC_RUN_START), EBADFD);
	refused("size", ioctl(fd, COK_IOC_RUN_OPEN, &o), EINVAL);
	o = (struct cok_ioc_run_open){ .size = sizeof(o), .reserved = 1 };
	refused("reserved", ioctl(fd, COK_IOC_RUN_OPEN, &o), EINVAL);
	refused("address", ioctl(fd, COK_IOC_RUN_OPEN, (void *)8), EFAULT);
	get_channel();
	refused("twice", open_channel(), EALREADY);
	refused("not started", wait_for(0, COK_RUN_NOBODY, 1), ENOTCONN);
	refused("slot", wait_for(COK_RUN_SLOTS + 1, COK_RUN_NOBODY, 1), EINVAL);
	refused("slot", wait_for(~0U, COK_RUN_NOBODY, 1), EINVAL);
	refused("kick", wait_for(0, 64, 1), EINVAL);
	refused("time", ioctl(fd, COK_IOC_RUN_WAIT, &w), EINVAL);
	start(); /* a channel of zeroes */
	refused("start twice", ioctl(fd, COK_IOC_RUN_START), EALREADY);
	if (wait_for(COK_RUN_SLOTS, 63, WAIT_MS))
		fail("wait for the end");
	must_fail(EINVAL);
}

static int64_t no_call(const struct cok_run_slot *s)
{
	(void)s;
	return -EBADF;
}

static void no_file(void)
{
	fill("/nosuch");
	start();
	serve(no_call);
	must_fail(EBADF);
}

static int64_t too_much(const struct cok_run_slot *s)
{
	return (int64_t)s->arg[2] + 1;
}

static int64_t least(const struct cok_run_slot *s)
{
	(void)s;
	return INT64_MIN;
}

static void lies(void)
{
	fill("/nosuch");
	start();
	serve(too_much);
	must_fail(EIO);
}

static void strange_error(void)
{
	fill("/nosuch");
	start();
	serve(least);
	if (head->state != COK_RUN_FAILED)
		must_fail(0);
}

static const char *self;

static int64_t reads(const struct cok_run_slot *s)
{
	if (s->nr != 17) /* pread64 */
		return 0;
	return pread((int)s->arg[0], bounce + s->arg[1], s->arg[2],
		     (off_t)s->arg[3]);
}

static void arguments(uint32_t argc, uint32_t envc, uint32_t size,
		      const char *strings, int with)
{
	fill(self);
	head->argc = argc;
	head->envc = envc;
	head->args_size = size;
	memcpy(bounce, strings, strlen(strings));
	start();
	serve(reads);
	must_fail(with);
}

static void many_arguments(void)
{
	arguments(~0U, 0, 8, "exe", E2BIG);
}

static void no_arguments(void)
{
	arguments(0, 0, 8, "exe", E2BIG);
}

static void large_arguments(void)
{
	arguments(1, 0, ~0U, "exe", E2BIG);
}

static void missing_strings(void)
{
	arguments(500, 500, 8, "exe", EINVAL);
}

static void endless_string(void)
{
	arguments(1, 0, 8, "exeargexearg", EINVAL);
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "mapping", mapping },
	{ "calls", calls },
	{ "no-file", no_file },
	{ "lies", lies },
	{ "strange-error", strange_error },
	{ "many-arguments", many_arguments },
	{ "no-arguments", no_arguments },
	{ "large-arguments", large_arguments },
	{ "missing-strings", missing_strings },
	{ "endless-string", endless_string },
};

int main(int argc, char **argv)
{
	size_t i;

	if (argc != 4)
		return 2;
	self = argv[3]; /* a static program */
	fd = open(argv[1], O_RDWR);
	if (fd < 0)
		fail(argv[1]);
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (!strcmp(argv[2], cases[i].name)) {
			cases[i].run();
			return 0;
		}
	return 2;
}
