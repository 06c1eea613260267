// sources:
// SPDX-License-Identifier: GPL-2.0
/* Ring arithmetic, at the wrap of the positions and against lies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cok/ring.h>

static void counts_across_the_wrap(void **state)
{
	static const __u32 starts[] = { 0,	    1,		63,
					0x7fffffff, 0xffffffc0, 0xffffffff };

	(void)state;
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		for (__u32 n = 0; n <= 64; n++) {
			__u32 cons = starts[i], prod = cons + n;

			assert_int_equal(cok_ring_used(prod, cons, 64), n);
			assert_int_equal(cok_ring_room(prod, cons, 64, 0),
					 64 - n);
		}
}

static void keeps_the_reserve(void **state)
{
	(void)state;
	assert_int_equal(cok_ring_room(0, 0, 64, 16), 48);
	assert_int_equal(cok_ring_room(47, 0, 64, 16), 1);
	assert_int_equal(cok_ring_room(48, 0, 64, 16), 0);
	assert_int_equal(cok_ring_room(60, 0, 64, 16), 0);
	assert_int_equal(cok_ring_room(60, 0, 64, 0), 4);
	assert_int_equal(cok_ring_room(64, 0, 64, 0), 0);
}

static void sees_impossible_positions(void **state)
{
	(void)state;
	assert_int_equal(cok_ring_used(65, 0, 64), -1);
	assert_int_equal(cok_ring_used(0, 1, 64), -1);
	assert_int_equal(cok_ring_used(0xffffffff, 0, 64), -1);
	assert_int_equal(cok_ring_room(0, 1, 64, 0), -1);
	assert_int_equal(cok_ring_room(65, 0, 64, 16), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_across_the_wrap),
		cmocka_unit_test(keeps_the_reserve),
		cmocka_unit_test(sees_impossible_positions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
