// sources: cokernel/lib/areas.c
// SPDX-License-Identifier: GPL-2.0
/* Areas of a program's memory: the rules, and a long run against a map of pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../cokernel/lib/areas.h"

#define BASE  0x100000ULL
#define PAGES 64

static struct areas m;

static uint64_t at(uint64_t page)
{
	return BASE + page * AREA_PAGE;
}

static void ranges(void **state)
{
	static const struct {
		uint64_t addr, len;
		bool good;
	} cases[] = {
		{ 0, 0, false },
		{ 0, 1, false },
		{ USER_START - 1, 1, false },
		{ USER_START, 1, true },
		{ USER_START, USER_END - USER_START, true },
		{ USER_START, USER_END - USER_START + 1, false },
		{ USER_END - 1, 1, true },
		{ USER_END - 1, 2, false },
		{ USER_END, 0, false },
		{ USER_END, 1, false },
		{ USER_START, ~0ULL, false },
		{ USER_END - 1, ~0ULL, false },
		{ 0x800000000000, 1, false },
		{ 0xffff800000000000, 8, false },
		{ ~0ULL, 1, false },
		{ ~0ULL, ~0ULL, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (user_range(cases[i].addr, cases[i].len) != cases[i].good)
			fail_msg("0x%llx + 0x%llx",
				 (unsigned long long)cases[i].addr,
				 (unsigned long long)cases[i].len);
}

static void joins_and_splits(void **state)
{
	(void)state;
	m.n = 0;
	assert_true(areas_put(&m, at(0), at(2), AREA_R, 0));
	assert_true(areas_put(&m, at(2), at(4), AREA_R, 0));
	assert_int_equal(m.n, 1);
	assert_true(areas_put(&m, at(4), at(5), AREA_R, 1));
	assert_int_equal(m.n, 2); /* of another kind */
	assert_true(areas_protect(&m, at(1), at(2), AREA_W));
	assert_int_equal(m.n, 4);
	assert_true(areas_protect(&m, at(1), at(2), AREA_R));
	assert_int_equal(m.n, 2);
	assert_true(areas_cut(&m, at(1), at(3)));
	assert_null(areas_at(&m, at(1)));
	assert_non_null(areas_at(&m, at(3)));
	assert_true(areas_cut(&m, at(20), at(30)));
	assert_int_equal(m.n, 3);
}

static void gaps(void **state)
{
	(void)state;
	m.n = 0;
	assert_int_equal(areas_gap(&m, AREA_PAGE, at(0), at(10)), at(9));
	assert_int_equal(areas_gap(&m, 10 * AREA_PAGE, at(0), at(10)), at(0));
	assert_int_equal(areas_gap(&m, 11 * AREA_PAGE, at(0), at(10)), 0);
	assert_int_equal(areas_gap(&m, 0, at(0), at(10)), 0);
	areas_put(&m, at(8), at(12), AREA_R, 0);
	assert_int_equal(areas_gap(&m, AREA_PAGE, at(0), at(10)), at(7));
	areas_put(&m, at(2), at(6), AREA_R, 0);
	assert_int_equal(areas_gap(&m, 2 * AREA_PAGE, at(0), at(10)), at(6));
	assert_int_equal(areas_gap(&m, 3 * AREA_PAGE, at(0), at(10)), 0);
	assert_int_equal(areas_gap(&m, 2 * AREA_PAGE, at(0), at(5)), at(0));
}

static void full_table(void **state)
{
	uint64_t i;

	(void)state;
	m.n = 0;
	for (i = 0; areas_put(&m, at(2 * i), at(2 * i + 1), AREA_R, 0); i++)
		assert_true(m.n <= AREAS_MAX);
	assert_true(m.n > AREAS_MAX - 3);
	/* Nothing has changed, and what needs no entry of its own still fails. */
	assert_null(areas_at(&m, at(2 * i)));
	assert_false(areas_cut(&m, at(0), at(1)));
}

/* ---- against a map of pages ----------------------------------------------------- */

static uint8_t pages[PAGES]; /* 0, or 1 + prot + 8 * kind */

static void same(void)
{
	uint64_t p, end = 0;
	uint32_t i;

	for (i = 0; i < m.n; i++) {
		assert_true(m.area[i].start < m.area[i].end);
		assert_true(m.area[i].start >= end);
		end = m.area[i].end;
	}
	for (p = 0; p < PAGES; p++) {
		const struct area *a = areas_at(&m, at(p) + 123);

		assert_int_equal(a ? 1 + a->prot + 8 * a->kind : 0, pages[p]);
	}
}

static void gap_is_right(uint64_t size)
{
	uint64_t found = areas_gap(&m, size * AREA_PAGE, at(0), at(PAGES));
	uint64_t p = PAGES - size + 1, run;

	while (p--) {
		for (run = 0; run < size && !pages[p + run]; run++)
			;
		if (run == size) {
			assert_int_equal(found, at(p));
			return;
		}
	}
	assert_int_equal(found, 0);
}

static bool covered(uint64_t from, uint64_t to, uint32_t prot)
{
	for (; from < to; from++)
		if (!pages[from] || ((pages[from] - 1U) & prot) != prot)
			return false;
	return true;
}

static void long_run(void **state)
{
	int i;

	(void)state;
	m.n = 0;
	memset(pages, 0, sizeof(pages));
	srandom(7);
	for (i = 0; i < 50000; i++) {
		uint64_t from = (uint64_t)random() % PAGES, p;
		uint64_t to = from + 1 + (uint64_t)random() % (PAGES - from);
		uint32_t prot = (uint32_t)random() % 8;
		uint32_t kind = (uint32_t)random() % 2;

		switch (random() % 3) {
		case 0:
			assert_true(
				areas_put(&m, at(from), at(to), prot, kind));
			memset(pages + from, (int)(1 + prot + 8 * kind),
			       to - from);
			break;
		case 1:
			assert_true(areas_cut(&m, at(from), at(to)));
			memset(pages + from, 0, to - from);
			break;
		default:
			assert_true(areas_protect(&m, at(from), at(to), prot));
			for (p = from; p < to; p++)
				if (pages[p])
					pages[p] =
						(uint8_t)(1 + prot +
							  ((pages[p] - 1) & 8));
		}
		same();
		gap_is_right(1 + (uint64_t)random() % 8);
		assert_int_equal(areas_cover(&m, at(from), at(to), prot),
				 covered(from, to, prot));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges),   cmocka_unit_test(joins_and_splits),
		cmocka_unit_test(gaps),	    cmocka_unit_test(full_table),
		cmocka_unit_test(long_run),
	};

	return cmocka_run_group_tests_name("areas", tests, NULL, NULL);
}
