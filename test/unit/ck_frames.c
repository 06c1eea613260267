// sources: cokernel/lib/frames.c
// SPDX-License-Identifier: GPL-2.0
/* The frame allocator's bookkeeping. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "../../cokernel/lib/frames.h"

#define P FRAME_SIZE

static struct frame_pool pool;
static u64 maps[8][64];

static struct frame_range *add(int map, u64 start, u64 frames, bool boot)
{
	assert_true(frames_bitmap_bytes(frames * P) <= sizeof(maps[0]));
	return frames_add(&pool, start, frames * P, boot, RANGE_HELD,
			  maps[map]);
}

static int setup(void **state)
{
	(void)state;
	memset(&pool, 0, sizeof(pool));
	memset(maps, 0, sizeof(maps));
	return 0;
}

static void test_bitmap_size(void **state)
{
	(void)state;
	assert_int_equal(frames_bitmap_bytes(P), 16);
	assert_int_equal(frames_bitmap_bytes(64 * P), 16);
	assert_int_equal(frames_bitmap_bytes(65 * P), 32);
	assert_int_equal(frames_bitmap_bytes(1ULL << 30), 64 << 10);
}

static void test_alloc_and_free(void **state)
{
	struct frame_range *r = add(0, 16 * P, 200, true);

	(void)state;
	frames_reserve(&pool, 16 * P, 3 * P + 1); /* the image, rounded out */
	assert_int_equal(r->free, 196);
	assert_int_equal(frames_alloc(&pool, 1), 20 * P);
	assert_int_equal(frames_alloc(&pool, 100), 21 * P);
	assert_true(frames_alloc(&pool, 100) == FRAME_NONE);
	assert_int_equal(frames_alloc(&pool, 95), 121 * P);
	assert_int_equal(r->free, 0);
	assert_true(frames_alloc(&pool, 1) == FRAME_NONE);
	assert_true(frames_first_free(r) == FRAME_NONE);
	frames_free(&pool, 21 * P, 100);
	frames_free(&pool, 21 * P, 1);	 /* twice: counted once */
	frames_free(&pool, 9999 * P, 1); /* not ours */
	assert_int_equal(r->free, 100);
	assert_int_equal(frames_alloc(&pool, 70), 21 * P);
}

static void test_grown_ranges_stay_free(void **state)
{
	struct frame_range *grown = add(0, 1000 * P, 64, false);

	(void)state;
	add(1, 16 * P, 2, true);
	assert_int_equal(frames_alloc(&pool, 2), 16 * P);
	assert_true(frames_alloc(&pool, 1) == FRAME_NONE);
	assert_true(frames_idle(grown));
}

static void test_overlap_and_exact(void **state)
{
	static const struct {
		u64 start, frames;
		bool overlap, exact;
	} cases[] = {
		{ 100, 10, true, true }, /* one of them */
		{ 100, 30, true, true }, /* two, side by side */
		{ 110, 20, true, true },
		{ 100, 9, true, false }, /* a piece */
		{ 101, 9, true, false },
		{ 105, 25, true, false },  /* a piece and a whole one */
		{ 100, 31, true, false },  /* and something beyond */
		{ 100, 50, true, false },  /* across the gap */
		{ 130, 10, false, false }, /* the gap */
		{ 90, 10, false, false },
		{ 140, 10, true, true },
	};

	(void)state;
	add(0, 110 * P, 20, false); /* granted in this order */
	add(1, 100 * P, 10, false);
	add(2, 140 * P, 10, false);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		u64 start = cases[i].start * P, size = cases[i].frames * P;

		assert_int_equal(frames_overlap(&pool, start, size),
				 cases[i].overlap);
		assert_int_equal(frames_exact(&pool, start, size, RANGE_HELD),
				 cases[i].exact);
	}
	pool.range[0].state = RANGE_RECALLED;
	assert_false(frames_exact(&pool, 100 * P, 30 * P, RANGE_HELD));
	assert_true(frames_overlap(&pool, 100 * P, 30 * P));
}

static void test_claim(void **state)
{
	struct frame_range *r = add(0, 16 * P, 130, false);

	(void)state;
	frames_reserve(&pool, 17 * P, P);
	assert_int_equal(frames_claim(r, 2), 2);
	assert_true(frames_is_claimed(r, 0));
	assert_false(frames_is_claimed(r, 1)); /* was in use */
	assert_true(frames_is_claimed(r, 2));
	assert_int_equal(frames_claim(r, ~0ULL), 127);
	assert_int_equal(r->free, 0);
	assert_false(frames_idle(r));
	frames_unclaim(r);
	assert_int_equal(r->free, 129);
	assert_int_equal(frames_first_free(r), 16 * P);
	frames_free(&pool, 17 * P, 1);
	assert_true(frames_idle(r));
}

static void test_table_full(void **state)
{
	(void)state;
	for (u64 i = 0; i < FRAME_RANGES; i++)
		assert_non_null(frames_add(&pool, (i + 1) * P, P, false,
					   RANGE_HELD, maps[0]));
	assert_null(
		frames_add(&pool, 0x100000000, P, false, RANGE_HELD, maps[0]));
	assert_int_equal(frames_totals(&pool).ranges, FRAME_RANGES);
	frames_remove(&pool.range[7]);
	assert_ptr_equal(frames_add(&pool, 0x100000000, P, false, RANGE_OFFERED,
				    maps[0]),
			 &pool.range[7]);
	assert_int_equal(frames_totals(&pool).total, FRAME_RANGES - 1);
}

/* Random allocations never overlap, and all of it comes back. */
static void test_random(void **state)
{
	struct frame_range *r = add(0, 16 * P, 1000, true);
	struct {
		u64 phys, n;
	} held[50] = { 0 };
	u8 owner[1000] = { 0 };

	(void)state;
	srand(1);
	for (int round = 0; round < 20000; round++) {
		int i = rand() % 50;

		if (held[i].n) {
			memset(owner + held[i].phys / P - 16, 0, held[i].n);
			frames_free(&pool, held[i].phys, held[i].n);
			held[i].n = 0;
			continue;
		}
		held[i].n = (u64)(rand() % 40 + 1);
		held[i].phys = frames_alloc(&pool, held[i].n);
		if (held[i].phys == FRAME_NONE) {
			held[i].n = 0;
			continue;
		}
		for (u64 f = 0; f < held[i].n; f++)
			assert_int_equal(owner[held[i].phys / P - 16 + f]++, 0);
	}
	for (int i = 0; i < 50; i++)
		frames_free(&pool, held[i].phys, held[i].n);
	assert_true(frames_idle(r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_bitmap_size, setup),
		cmocka_unit_test_setup(test_alloc_and_free, setup),
		cmocka_unit_test_setup(test_grown_ranges_stay_free, setup),
		cmocka_unit_test_setup(test_overlap_and_exact, setup),
		cmocka_unit_test_setup(test_claim, setup),
		cmocka_unit_test_setup(test_table_full, setup),
		cmocka_unit_test_setup(test_random, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
