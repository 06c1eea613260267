// sources: libcoord/proxy.c
// SPDX-License-Identifier: GPL-2.0
/*
 * The table of offloaded calls, and the proxy's checks of what a slot asks for:
 * nothing but the slot's bounce pages may be reached.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <fcntl.h>
#include <unistd.h>

#include <cmocka.h>

#include <cok/run_calls.h>

#include "proxy.h"

#define END COK_RUN_BOUNCE

static const struct cok_call calls[] = COK_CALL_TABLE(COK_CALLS);
static const struct cok_call ioctls[] = COK_CALL_TABLE(COK_IOCTLS);
static const struct cok_call fcntls[] = COK_CALL_TABLE(COK_FCNTLS);

#define N(a) (sizeof(a) / sizeof(*(a)))

/* ---- the table ------------------------------------------------------------- */

static void check_line(const struct cok_call *c)
{
	int buffers = 0, paths = 0, i;

	for (i = 0; i < 6; i++) {
		uint32_t a = c->arg[i], what = COK_ARG_WHAT(a);
		uint32_t length = c->arg[COK_ARG_INDEX(a)];

		paths += what == COK_ARG_PATH;
		buffers += what == COK_ARG_IN || what == COK_ARG_OUT;
		switch (what) {
		case COK_ARG_IN:
		case COK_ARG_OUT:
			assert_int_equal(COK_ARG_WHAT(length), COK_ARG_VALUE);
			break;
		case COK_ARG_ARRAY:
			assert_int_equal(COK_ARG_WHAT(length), COK_ARG_VALUE);
			assert_true(COK_ARG_BYTES(a) > 0);
			break;
		case COK_ARG_READ:
		case COK_ARG_WRITTEN:
		case COK_ARG_BOTH:
			assert_in_range(COK_ARG_BYTES(a), 1, 4096);
			break;
		default:
			assert_in_range(what, COK_ARG_NONE, COK_ARG_PATH);
		}
	}
	/* What the code on both sides has room for. */
	assert_true(paths <= 2 && buffers <= 1);
	assert_true(c->flags == COK_CALL_ONCE || c->flags == COK_CALL_CHECK ||
		    buffers == 1);
}

static void check_table(const struct cok_call *t, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		check_line(&t[i]);
		if (i)
			assert_true(t[i].nr > t[i - 1].nr);
		assert_ptr_equal(cok_call_find(t, (uint32_t)n, t[i].nr), &t[i]);
	}
	assert_null(cok_call_find(t, (uint32_t)n, ~0U));
	assert_null(cok_call_find(t, 0, t[0].nr));
}

static void table(void **state)
{
	(void)state;
	check_table(calls, N(calls));
	check_table(ioctls, N(ioctls));
	check_table(fcntls, N(fcntls));
	assert_null(cok_call_find(calls, N(calls), SYS_execve));
	assert_null(cok_call_find(calls, N(calls), SYS_ptrace));
}

/* ---- the proxy ------------------------------------------------------------------ */

/* The bounce pages of slot 0, with what must not be touched around them. */
static struct {
	uint8_t before[64];
	uint8_t bounce[COK_RUN_BOUNCE];
	uint8_t behind[64];
} mem;

static struct cok_run_head head;
static struct cok_run_slot slot;
static struct proxy proxy = {
	.fd = 77,
	.head = &head,
	.slot = &slot,
	.bounce = mem.bounce,
	.exe = "/the/program",
};

static int64_t ask(uint32_t nr, uint64_t a0, uint64_t a1, uint64_t a2,
		   uint64_t a3, uint64_t a4)
{
	slot = (struct cok_run_slot){ .nr = nr, .arg = { a0, a1, a2, a3, a4 } };
	return proxy_call(&proxy, 0);
}

static int setup(void **state)
{
	(void)state;
	memset(&mem, 0xaa, sizeof(mem));
	return 0;
}

static int around_is_untouched(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(mem.before); i++)
		if (mem.before[i] != 0xaa || mem.behind[i] != 0xaa)
			return -1;
	return 0;
}

static void buffers(void **state)
{
	int fd = open("/dev/zero", O_RDWR);
	static const struct {
		uint64_t at, size;
		bool good;
	} cases[] = {
		{ 0, END, true },	  { 0, END + 1, false },
		{ 1, END, false },	  { END - 1, 1, true },
		{ END - 1, 2, false },	  { END, 0, true },
		{ END, 1, false },	  { END + 1, 0, false },
		{ END + 4096, 1, false }, { ~0ULL, 1, false },
		{ ~0ULL - 3, 8, false },  { 8, ~0ULL, false },
		{ 8, ~0ULL - 7, false },  { 0, 1ULL << 32, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < N(cases); i++) {
		int64_t want = cases[i].good ? (int64_t)cases[i].size : -EINVAL;

		assert_int_equal(ask(SYS_read, (uint64_t)fd, cases[i].at,
				     cases[i].size, 0, 0),
				 want);
		assert_int_equal(ask(SYS_write, (uint64_t)fd, cases[i].at,
				     cases[i].size, 0, 0),
				 want);
	}
	close(fd);
}

static void structures(void **state)
{
	int64_t ret = ask(SYS_fstat, 0, END - 144, 0, 0, 0);

	(void)state;
	assert_true(ret == 0 || ret == -EBADF);
	assert_int_equal(ask(SYS_fstat, 0, END - 143, 0, 0, 0), -EINVAL);
	assert_int_equal(ask(SYS_fstat, 0, END, 0, 0, 0), -EINVAL);
	assert_int_equal(ask(SYS_fstat, 0, 1ULL << 40, 0, 0, 0), -EINVAL);
	/* NULL goes as NULL. */
	assert_int_equal(ask(SYS_pipe, COK_RUN_NULL, 0, 0, 0, 0), -EFAULT);
	/* Arrays: one too many, and a product that overflows 32 bits. */
	memset(mem.bounce, 0, END);
	assert_int_equal(ask(SYS_poll, 8, END / 8, 0, 0, 0), -EINVAL);
	assert_int_equal(ask(SYS_poll, 0, 0x20000001, 0, 0, 0), -EINVAL);
	assert_true(ask(SYS_poll, END - 8, 1, 0, 0, 0) >= 0);
}

static void paths(void **state)
{
	(void)state;
	strcpy((char *)mem.bounce, "/");
	assert_int_equal(ask(SYS_access, 0, F_OK, 0, 0, 0), 0);
	assert_int_equal(ask(SYS_access, END, F_OK, 0, 0, 0), -EINVAL);
	assert_int_equal(ask(SYS_access, ~0ULL, F_OK, 0, 0, 0), -EINVAL);
	assert_int_equal(ask(SYS_access, COK_RUN_NULL, F_OK, 0, 0, 0), -EINVAL);
	/* No NUL up to the end, or for too long. */
	memset(mem.bounce, '/', END);
	assert_int_equal(ask(SYS_access, END - 100, F_OK, 0, 0, 0),
			 -ENAMETOOLONG);
	assert_int_equal(ask(SYS_access, 0, F_OK, 0, 0, 0), -ENAMETOOLONG);
}

static void descriptors(void **state)
{
	(void)state;
	assert_int_equal(ask(SYS_close, 77, 0, 0, 0, 0), -EBADF);
	assert_int_equal(ask(SYS_dup, 77, 0, 0, 0, 0), -EBADF);
	assert_int_equal(ask(SYS_dup2, 0, 77, 0, 0, 0), -EBADF);
	assert_int_equal(ask(SYS_ioctl, 77, 0x5413, 0, 0, 0), -EBADF);
	assert_int_equal(ask(SYS_fcntl, 77, F_DUPFD, 0, 0, 0), -EBADF);
	/* The upper half of such an argument does not count. */
	assert_int_equal(ask(SYS_close, 77 | 1ULL << 32, 0, 0, 0, 0), -EBADF);
}

static void refuses_what_is_not_there(void **state)
{
	static const uint32_t numbers[] = {
		SYS_execve,   SYS_fork,	 SYS_ptrace, SYS_mmap, SYS_munmap,
		SYS_mprotect, SYS_clone, SYS_exit,   999,      ~0U
	};
	size_t i;

	(void)state;
	for (i = 0; i < N(numbers); i++)
		assert_int_equal(ask(numbers[i], 0, 0, 0, 0, 0), -ENOSYS);
	assert_int_equal(ask(SYS_ioctl, 0, 0x4b40, 0, 0, 0), -ENOTTY);
	assert_int_equal(ask(SYS_fcntl, 0, 1234, 0, 0, 0), -EINVAL);
}

static void own_file(void **state)
{
	(void)state;
	strcpy((char *)mem.bounce, "/proc/self/exe");
	assert_int_equal(ask(SYS_readlink, 0, 100, 200, 0, 0), 12);
	assert_memory_equal(mem.bounce + 100, "/the/program", 12);
	assert_int_equal(ask(SYS_readlink, 0, 100, 4, 0, 0), 4);
	assert_int_equal(ask(SYS_readlink, 0, 100, 0, 0, 0), -EINVAL);
	assert_int_equal(ask(SYS_readlink, 0, END - 4, 100, 0, 0), -EINVAL);
	assert_int_equal(ask(SYS_open, 0, O_RDONLY, 0, 0, 0), -ENOENT);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, around_is_untouched)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		T(buffers),
		T(structures),
		T(paths),
		T(descriptors),
		T(refuses_what_is_not_there),
		T(own_file),
	};

	return cmocka_run_group_tests_name("proxy", tests, NULL, NULL);
}
