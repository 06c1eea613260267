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
	assert_int_equal(frames_bitmap_bytes(P), 24);
	assert_int_equal(frames_bitmap_bytes(64 * P), 24);
	assert_int_equal(frames_bitmap_bytes(65 * P), 48);
	assert_int_equal(frames_bitmap_bytes(1ULL << 30), 96 << 10);
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
	assert_int_equal(grown->free, grown->frames);
}

static void test_overlap_and_covered(void **state)
{
	static const struct {
		u64 start, frames;
		bool overlap, covered;
	} cases[] = {
		{ 1000, 128, true, true }, /* one of them */
		{ 1000, 384, true, true }, /* two, side by side */
		{ 1128, 256, true, true },
		{ 1000, 64, true, true },  /* a part, in words */
		{ 1064, 128, true, true }, /* two parts, side by side */
		{ 1192, 64, true, true },  /* the middle of one */
		{ 1000, 63, true, false }, /* not where it may be cut */
		{ 1001, 127, true, false },
		{ 1000, 385, true, false }, /* and something beyond */
		{ 1000, 800, true, false }, /* across the gap */
		{ 1384, 10, false, false }, /* the gap */
		{ 900, 10, false, false },
		{ 1500, 10, true, true },
	};

	(void)state;
	add(0, 1128 * P, 256, false); /* granted in this order */
	add(1, 1000 * P, 128, false);
	add(2, 1500 * P, 10, false);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		u64 start = cases[i].start * P, size = cases[i].frames * P;

		assert_int_equal(frames_overlap(&pool, start, size),
				 cases[i].overlap);
		assert_int_equal(frames_covered(&pool, start, size, RANGE_HELD),
				 cases[i].covered);
	}
	pool.range[0].state = RANGE_RECALLED;
	assert_false(frames_covered(&pool, 1000 * P, 384 * P, RANGE_HELD));
	assert_true(frames_overlap(&pool, 1000 * P, 384 * P));
}

static void test_cut(void **state)
{
	struct frame_range *r = add(0, 1024 * P, 512, true), *tail;
	u64 used = 1024 * P;

	(void)state;
	frames_reserve(&pool, used, 3 * P);
	frames_reserve(&pool, 1500 * P, P);
	assert_int_equal(frames_use(&pool, 1088 * P, 64 * P).fixed, 0);
	assert_int_equal(frames_use(&pool, 1024 * P, 64 * P).fixed, 3);
	assert_int_equal(frames_use(&pool, 1472 * P, 64 * P).fixed, 1);
	assert_int_equal(frames_use(&pool, 1025 * P, P).fixed, 1);
	assert_int_equal(frames_use(&pool, 1000 * P, 600 * P).fixed, 4);
	assert_false(frames_shared(&pool, r));
	/* Nothing to do at its ends, nor outside. */
	assert_true(frames_cut(&pool, 1024 * P));
	assert_true(frames_cut(&pool, 1536 * P));
	assert_int_equal(frames_totals(&pool).ranges, 1);

	assert_true(frames_cut(&pool, 1088 * P));
	tail = &pool.range[1];
	assert_int_equal(r->frames, 64);
	assert_int_equal(r->free, 61);
	assert_int_equal(tail->start, 1088 * P);
	assert_int_equal(tail->frames, 448);
	assert_int_equal(tail->free, 447);
	assert_true(tail->boot);
	assert_true(frames_shared(&pool, r));
	assert_int_equal(tail->bitmap_bytes, r->bitmap_bytes);
	/* The pieces still know what is in use. */
	frames_free(&pool, 1500 * P, 1);
	assert_int_equal(tail->free, 448);
	assert_int_equal(frames_alloc(&pool, 61), 1027 * P);
	assert_int_equal(frames_alloc(&pool, 448), 1088 * P);
	frames_remove(tail);
	assert_false(frames_shared(&pool, r));
}

#define U 64 /* frames of a unit */

/*
 * What could be given of 16 units from frame 1024 on, in two ranges. `units`:
 * '.' free, 'm' with so many movable frames, 'F' with a fixed one.
 */
struct run_case {
	const char *units;
	u64 unit; /* 0: all or nothing */
	u64 max;  /* units */
	u64 moves;
	u64 at, size, movable; /* in units; size 0: none */
};

static const struct run_case runs[] = {
	{ "................", 1, 99, 99, 0, 16, 0 },
	{ "................", 0, 99, 99, 0, 16, 0 },
	{ "................", 0, 15, 99, 0, 0, 0 },
	{ "................", 1, 3, 99, 13, 3, 0 }, /* the last ones */
	{ "................", 1, 0, 99, 0, 0, 0 },
	{ ".......F........", 1, 99, 99, 8, 8, 0 },
	{ "........F.......", 1, 99, 99, 0, 8, 0 },
	{ "F..............F", 1, 99, 99, 1, 14, 0 },
	{ "F..............F", 2, 99, 99, 2, 12, 0 }, /* units of its own */
	{ "F..............F", 0, 99, 99, 0, 0, 0 },
	{ "FFFFFFFFFFFFFFFF", 1, 99, 99, 0, 0, 0 },
	{ "mmmmmmmmmmmmmmmm", 1, 99, 99, 0, 16, 16 },
	{ "mmmmmmmmmmmmmmmm", 1, 99, 0, 0, 0, 0 },
	{ "mmmmmmmmmmmmmmmm", 0, 99, 99, 0, 16, 16 },
	{ "mm..mm....mmmmmm", 1, 99, 0, 6, 4, 0 },
	{ "mm..mm....mmmmmm", 1, 2, 99, 8, 2, 0 }, /* the least to move */
	{ "mmm.mmFmmmmFmmmm", 1, 4, 99, 2, 4, 3 }, /* ties: 3 to move */
	{ "m.m.m.F.m.mFm.m.", 1, 99, 99, 0, 6, 3 },
	{ "mmmmmmmm........", 1, 99, 3, 5, 11,
	  3 }, /* as far as there is room */
	{ "m..m..m..m..m..m", 1, 99, 2, 7, 8, 2 },
	{ "m..m..m..m..m..m", 1, 4, 1, 11, 4, 1 },
	{ "m..m..m..m..m..m", 1, 4, 9, 11, 4, 1 },
	{ "mmmmmmmmmmmmmmmm", 0, 99, 15, 0, 0, 0 },
};

static void fill(const char *units)
{
	for (u64 i = 0; i < 16; i++) {
		struct frame_range *r = &pool.range[i >= 8];
		u64 f = i % 8 * U + i * 3; /* somewhere in the unit */

		if (units[i] == '.')
			continue;
		r->used[f / 64] |= 1ULL << f % 64;
		if (units[i] == 'm')
			r->movable[f / 64] |= 1ULL << f % 64;
		r->free--;
	}
}

static void test_find_run(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		const struct run_case *c = &runs[i];
		struct frame_run run;
		bool found;

		setup(NULL);
		add(0, 1024 * P, 8 * U, false);
		add(1, (1024 + 8 * U) * P, 8 * U, false);
		fill(c->units);
		found = frames_find_run(&pool, 1024 * P, 16 * U * P,
					c->unit * U * P, c->max * U * P,
					c->moves, &run);
		if (found != !!c->size ||
		    (found && (run.at != (1024 + c->at * U) * P ||
			       run.size != c->size * U * P ||
			       run.movable != c->movable)))
			fail_msg("%zu '%s': found %d, at %llu, %llu, %llu", i,
				 c->units, found, run.at / P - 1024,
				 run.size / P, run.movable);
	}
}

/* What is recalled, or claimed, or not where it may be cut, is no run. */
static void test_find_run_states(void **state)
{
	struct frame_run run;
	struct frame_range *r = add(0, 1024 * P, 8 * U, false);

	(void)state;
	assert_true(frames_find_run(&pool, 1024 * P, 8 * U * P, U * P, ~0ULL,
				    ~0ULL, &run));
	r->state = RANGE_RECALLED;
	assert_false(frames_find_run(&pool, 1024 * P, 8 * U * P, U * P, ~0ULL,
				     ~0ULL, &run));
	r->state = RANGE_HELD;
	assert_false(
		frames_find_run(&pool, 1025 * P, U * P, 0, ~0ULL, ~0ULL, &run));
	assert_false(frames_find_run(&pool, 1024 * P, 9 * U * P, 0, ~0ULL,
				     ~0ULL, &run));
	frames_claim(r, 1);
	assert_false(frames_find_run(&pool, 1024 * P, 8 * U * P, U * P, ~0ULL,
				     ~0ULL, &run));
	frames_unclaim(r);
	assert_true(frames_find_run(&pool, 1024 * P, 8 * U * P, U * P, ~0ULL,
				    ~0ULL, &run));
}

static void test_movable(void **state)
{
	struct frame_range *boot = add(0, 16 * P, 70, true);
	struct frame_range *grown = add(1, 1024 * P, 2 * U, false);

	(void)state;
	/* Grown ranges first; of boot ranges some stay free. */
	for (u64 i = 0; i < 2 * U; i++)
		assert_int_equal(frames_alloc_one(&pool, i & 1, 60),
				 (1024 + i) * P);
	for (u64 i = 0; i < 10; i++)
		assert_int_equal(frames_alloc_one(&pool, true, 60),
				 (16 + i) * P);
	assert_true(frames_alloc_one(&pool, true, 60) == FRAME_NONE);
	assert_int_equal(boot->free, 60);
	assert_int_equal(grown->free, 0);
	assert_int_equal(frames_use(&pool, 1024 * P, 2 * U * P).movable, U);
	assert_int_equal(frames_use(&pool, 1024 * P, 2 * U * P).fixed, U);
	assert_int_equal(frames_first_movable(&pool, 1024 * P, 2 * U * P),
			 1025 * P);
	/* One that was freed is not movable when it is used again. */
	frames_free(&pool, 1025 * P, 1);
	assert_int_equal(frames_first_movable(&pool, 1024 * P, 2 * U * P),
			 1027 * P);
	assert_int_equal(frames_alloc_one(&pool, false, 60), 1025 * P);
	assert_int_equal(frames_use(&pool, 1024 * P, 2 * U * P).fixed, U + 1);
	/* A piece knows its own. */
	assert_true(frames_cut(&pool, (1024 + U) * P));
	assert_int_equal(frames_first_movable(&pool, (1024 + U) * P, U * P),
			 (1025 + U) * P);
}

static void test_fixed(void **state)
{
	struct frame_range *grown = add(0, 1024 * P, U, false);
	struct frame_range *boot = add(1, 16 * P, U, true);

	(void)state;
	/* Boot ranges first, as long as enough of them stays free. */
	for (u64 i = 0; i < U - 60; i++)
		assert_int_equal(frames_alloc_fixed(&pool, 60), (16 + i) * P);
	for (u64 i = 0; i < U; i++)
		assert_int_equal(frames_alloc_fixed(&pool, 60), (1024 + i) * P);
	assert_true(frames_alloc_fixed(&pool, 60) == FRAME_NONE);
	assert_int_equal(boot->free, 60);
	assert_int_equal(grown->free, 0);
	assert_true(frames_first_movable(&pool, 16 * P, U * P) == FRAME_NONE);
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
	assert_int_not_equal(r->free, r->frames);
	frames_unclaim(r);
	assert_int_equal(r->free, 129);
	assert_int_equal(frames_first_free(r), 16 * P);
	frames_free(&pool, 17 * P, 1);
	assert_int_equal(r->free, r->frames);
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
	assert_int_equal(r->free, r->frames);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_bitmap_size, setup),
		cmocka_unit_test_setup(test_alloc_and_free, setup),
		cmocka_unit_test_setup(test_grown_ranges_stay_free, setup),
		cmocka_unit_test_setup(test_overlap_and_covered, setup),
		cmocka_unit_test_setup(test_cut, setup),
		cmocka_unit_test_setup(test_find_run, setup),
		cmocka_unit_test_setup(test_find_run_states, setup),
		cmocka_unit_test_setup(test_movable, setup),
		cmocka_unit_test_setup(test_fixed, setup),
		cmocka_unit_test_setup(test_claim, setup),
		cmocka_unit_test_setup(test_table_full, setup),
		cmocka_unit_test_setup(test_random, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
