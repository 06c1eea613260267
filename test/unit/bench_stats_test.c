// sources: bench/stats.c
// SPDX-License-Identifier: GPL-2.0
/* Medians and their ranges. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../bench/stats.h"

/* As printed tables of the sign test have it, two-sided 5 %, plus one. */
static const struct {
	size_t n, rank;
} ranks[] = {
	{ 0, 0 },   { 1, 0 },	{ 5, 0 },   { 6, 1 },	 { 8, 1 },
	{ 9, 2 },   { 11, 2 },	{ 12, 3 },  { 20, 6 },	 { 25, 8 },
	{ 30, 10 }, { 40, 14 }, { 50, 18 }, { 100, 40 },
};

static void rank_table(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ranks) / sizeof(*ranks); i++)
		assert_int_equal(median_rank(ranks[i].n), ranks[i].rank);
}

static void small_ones(void **state)
{
	double one[] = { 7 }, two[] = { 4, 1 }, three[] = { 9, -1, 2 };
	struct median m;

	(void)state;
	assert_int_equal(median_of(NULL, 0).n, 0);
	m = median_of(one, 1);
	assert_true(m.mid == 7 && !m.has_range);
	m = median_of(two, 2);
	assert_true(m.mid == 2.5 && !m.has_range);
	m = median_of(three, 3);
	assert_true(m.mid == 2 && m.n == 3);
}

static void range(void **state)
{
	double v[30];
	struct median m;
	size_t i;

	(void)state;
	for (i = 0; i < 30; i++)
		v[i] = (double)((i * 7) % 30 + 1); /* 1..30, shuffled */
	m = median_of(v, 30);
	assert_true(m.has_range);
	assert_true(m.mid == 15.5 && m.low == 10 && m.high == 21);
}

/* Six values: the range is all of them, and an outlier moves only an end. */
static void outlier(void **state)
{
	double v[] = { 3, 1, 2, 1000, 5, 4 };
	struct median m = median_of(v, 6);

	(void)state;
	assert_true(m.mid == 3.5 && m.low == 1 && m.high == 1000);
}

/* The range must hold the true median (0.5) at least 95 times in 100. */
static void coverage(void **state)
{
	unsigned int hit = 0, run, i;
	double v[30];

	(void)state;
	srand48(1);
	for (run = 0; run < 2000; run++) {
		struct median m;

		for (i = 0; i < 30; i++)
			v[i] = drand48() < 0.5 ? drand48() / 2
					       : 0.5 + 50 * drand48();
		m = median_of(v, 30);
		hit += m.low <= 0.5 && m.high >= 0.5;
	}
	assert_in_range(hit, 1900, 2000);
}

static void quantiles(void **state)
{
	double one[] = { 7 }, v[200];
	int i;

	(void)state;
	assert_true(quantile_of(one, 0, 0.5) == 0);
	assert_true(quantile_of(one, 1, 0.5) == 7);
	assert_true(quantile_of(one, 1, 1) == 7);
	for (i = 0; i < 200; i++)
		v[i] = 200 - i;
	assert_true(quantile_of(v, 200, 0) == 1);
	assert_true(quantile_of(v, 200, 0.5) == 100);
	assert_true(quantile_of(v, 200, 0.99) == 198);
	assert_true(quantile_of(v, 200, 1) == 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rank_table), cmocka_unit_test(small_ones),
		cmocka_unit_test(range),      cmocka_unit_test(outlier),
		cmocka_unit_test(coverage),   cmocka_unit_test(quantiles),
	};

	return cmocka_run_group_tests_name("bench_stats", tests, NULL, NULL);
}
