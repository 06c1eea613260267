// SPDX-License-Identifier: GPL-2.0
/*
 * hostile pointers: every system call, each with bad addresses in every
 * argument. hostile random SEED COUNT: so many calls with random numbers and
 * arguments. Whatever runs it has to survive; it ends with 0.
 *
 * Calls that are meant to end, stop, wait or harm others are left out.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALLS 460

static const int left_out[] = {
	SYS_exit,
	SYS_exit_group,
	SYS_kill,
	SYS_tkill,
	SYS_tgkill,
	SYS_pause,
	SYS_read,
	SYS_rt_sigreturn,
	SYS_fork,
	SYS_vfork,
	SYS_clone,
	SYS_select,
	SYS_pselect6,
	SYS_poll,
	SYS_ppoll,
	SYS_nanosleep,
	SYS_clock_nanosleep,
	SYS_munmap,
	SYS_mprotect,
	SYS_mremap,
	SYS_brk,
	SYS_mmap,
	SYS_arch_prctl,
	SYS_close,
	SYS_dup2,
	SYS_dup3,
	SYS_madvise,
	SYS_fchmod,
	SYS_fchown,
	SYS_ftruncate,
	SYS_sync,
	SYS_readv,
	SYS_pread64,
	SYS_preadv,
	SYS_splice,
	SYS_flock,
	SYS_setrlimit,
	SYS_prlimit64,
	SYS_fallocate,
	SYS_fchdir,
	SYS_umask,
	SYS_rt_sigaction,
	SYS_futex,
};

static const uint64_t bad[] = {
	0,
	1,
	4095,
	0x10000, /* not mapped */
	0x7ffffffff000 - 1,
	0x7ffffffff000,
	0x7fffffffffff,
	0x800000000000, /* not canonical */
	0xffff7fffffffffff,
	0xffff800000000000, /* the kernel's */
	0xffff800000100000,
	0xffffff0000000000,
	0xffffffff80000000,
	0xfffffffffffff000,
	0xffffffffffffffff,
};

#define N(a) (sizeof(a) / sizeof(*(a)))

static int is_left_out(long nr)
{
	size_t i;

	for (i = 0; i < N(left_out); i++)
		if (nr == left_out[i])
			return 1;
	return 0;
}

/* What a call wrote is not of interest, only that it came back. */
static void pointers(void)
{
	long nr;
	size_t i, j;

	for (nr = 0; nr < CALLS; nr++) {
		if (is_left_out(nr))
			continue;
		for (i = 0; i < N(bad); i++) {
			uint64_t b = bad[i];

			syscall(nr, b, b, b, b, b, b);
			for (j = 0; j < 6; j++)
				syscall(nr, j == 0 ? b : 99, j == 1 ? b : 64,
					j == 2 ? b : 64, j == 3 ? b : 64,
					j == 4 ? b : 64, j == 5 ? b : 64);
		}
	}
}

static uint64_t state;

static uint64_t next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint64_t argument(void *page)
{
	switch (next() % 6) {
	case 0:
		return next() % 16;
	case 1:
		return bad[next() % N(bad)];
	case 2:
		return (uint64_t)page + next() % 8192; /* half of it mapped */
	case 3:
		return next() % 65537;
	case 4:
		return (uint64_t)-1 - next() % 256;
	default:
		return next();
	}
}

static void random_calls(unsigned long count)
{
	uint8_t *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(page + 4096, 4096);
	while (count--) {
		long nr = (long)(next() % CALLS);

		if (is_left_out(nr) || nr == SYS_write || nr == SYS_writev)
			continue;
		memset(page, (int)next(), 64);
		syscall(nr, argument(page), argument(page), argument(page),
			argument(page), argument(page), argument(page));
	}
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "pointers")) {
		pointers();
	} else if (argc == 4 && !strcmp(argv[1], "random")) {
		state = strtoul(argv[2], NULL, 0) * 2654435761 + 1;
		random_calls(strtoul(argv[3], NULL, 0));
	} else {
		return 2;
	}
	puts("survived");
	return 0;
}
