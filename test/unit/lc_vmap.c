// sources: libcoord/vmap.c
// SPDX-License-Identifier: GPL-2.0
/* Page tables of the dead: what they say, and tables that make no sense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "internal.h"

#define BASE   0x40000000ULL
#define PAGES  16
#define P      1ULL
#define LARGE  (1ULL << 7)
#define NX     (1ULL << 63)
#define KERNEL 0xffffffff80000000ULL

static uint64_t mem[PAGES][512];

static int read_mem(void *ctx, uint64_t phys, void *to, size_t len)
{
	(void)ctx;
	if (phys < BASE || phys - BASE > sizeof(mem) ||
	    len > sizeof(mem) - (phys - BASE))
		return -1;
	memcpy(to, (char *)mem + (phys - BASE), len);
	return 0;
}

static const struct lc_phys phys = { .read = read_mem };

static uint64_t page(unsigned int i)
{
	return BASE + i * 4096;
}

/* Page 0: root. A kernel at KERNEL: two pages of 4 KiB; 2 MiB, and 1 GiB low. */
static void tables(void)
{
	memset(mem, 0, sizeof(mem));
	mem[0][511] = page(1) | P;
	mem[1][510] = page(2) | P;
	mem[2][0] = page(3) | P;
	mem[3][0] = page(8) | P | NX;
	mem[3][1] = page(9) | P;
	mem[3][3] = page(4) | P;
	mem[0][0] = page(5) | P;
	mem[5][2] = 0x80000000ULL | P | LARGE;
	mem[5][3] = page(6) | P;
	mem[6][7] = 0xc0e00000ULL | P | LARGE | NX;
}

static void translates(void **state)
{
	static const struct {
		uint64_t va, pa; /* pa 0: not mapped */
	} t[] = {
		{ KERNEL, BASE + 8 * 4096 },
		{ KERNEL + 0x1fff, BASE + 9 * 4096 + 0xfff },
		{ KERNEL + 0x2000, 0 },
		{ KERNEL + 0x3008, BASE + 4 * 4096 + 8 },
		{ 0x80000123, 0x80000123 },
		{ 0xbfffffff, 0xbfffffff },
		{ 0xc0e12345, 0xc0e12345 },
		{ 0xc1000000, 0 },
		{ 0, 0 },
		{ 0x0000800000000000, 0 }, /* no address at all */
		{ 0xfffe000000000000, 0 },
	};
	uint64_t got;
	size_t i;

	(void)state;
	tables();
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		bool ok = lc_vmap_translate(&phys, BASE | 0xfff, t[i].va, &got);

		assert_int_equal(ok, t[i].pa != 0);
		if (ok)
			assert_int_equal(got, t[i].pa);
	}
}

static void lists_runs(void **state)
{
	struct lc_run run[8];

	(void)state;
	tables();
	assert_int_equal(lc_vmap_runs(&phys, BASE, run, 8), 4);
	assert_int_equal(run[0].virt, 0x80000000);
	assert_int_equal(run[0].size, 1 << 30);
	assert_int_equal(run[1].virt, 0xc0e00000);
	assert_int_equal(run[1].phys, 0xc0e00000);
	assert_int_equal(run[1].size, 2 << 20);
	/* Side by side in both: one. */
	assert_int_equal(run[2].virt, KERNEL);
	assert_int_equal(run[2].phys, BASE + 8 * 4096);
	assert_int_equal(run[2].size, 2 * 4096);
	assert_int_equal(run[3].virt, KERNEL + 0x3000);
	assert_int_equal(lc_vmap_runs(&phys, BASE, run, 3), -1);
}

/* Tables elsewhere, such as the host's, are no tables of ours. */
static void leaves_what_is_not_its_own(void **state)
{
	struct lc_run run[8];
	uint64_t got;

	(void)state;
	tables();
	mem[1][510] = 0x1000 | P;
	assert_int_equal(lc_vmap_runs(&phys, BASE, run, 8), 2);
	assert_false(lc_vmap_translate(&phys, BASE, KERNEL, &got));
	assert_int_equal(lc_vmap_runs(&phys, 0x1000, run, 8), 0);
}

/* Every entry of every table is the root: 2^36 pages, were it to end by itself. */
static void ends_with_tables_that_are_each_others(void **state)
{
	static struct lc_run run[1 << 12];
	size_t i;

	(void)state;
	tables();
	for (i = 0; i < 512; i++)
		mem[0][i] = page(0) | P;
	assert_int_equal(lc_vmap_runs(&phys, BASE, run, 1 << 12), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(translates),
		cmocka_unit_test(lists_runs),
		cmocka_unit_test(leaves_what_is_not_its_own),
		cmocka_unit_test(ends_with_tables_that_are_each_others),
	};

	return cmocka_run_group_tests_name("vmap", tests, NULL, NULL);
}
