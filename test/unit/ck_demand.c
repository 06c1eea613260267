// sources: cokernel/lib/demand.c
// SPDX-License-Identifier: GPL-2.0
/* When the co-kernel asks for more, and when it takes that back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../cokernel/lib/demand.h"

#define GRACE 5

static struct demand d;

static int setup(void **state)
{
	(void)state;
	d = (struct demand){ 0 };
	return 0;
}

/* One look at `now`; whoever asks gets a number. */
static char look(bool needed, u64 now)
{
	switch (demand_next(&d, needed, now, GRACE)) {
	case DEMAND_ASK:
		d.number = now;
		return 'A';
	case DEMAND_CANCEL:
		return 'C';
	default:
		return '.';
	}
}

static void test_asks_once(void **state)
{
	u32 asked = 0;

	(void)state;
	for (u64 now = 0; now < 1000; now++)
		asked += look(true, now) == 'A';
	assert_int_equal(asked, 1);
	assert_int_equal(d.number, GRACE);
}

static void test_short_lack_is_none(void **state)
{
	(void)state;
	for (u64 now = 0; now < 100; now++)
		assert_int_equal(look(now % 5 != 4, now), '.');
}

static void test_cancels_once(void **state)
{
	(void)state;
	for (u64 now = 0; !d.number; now++)
		look(true, now);
	assert_int_equal(look(false, 20), 'C');
	assert_int_equal(look(false, 21), '.');
	/* Needed again before that has ended: it has to end first. */
	for (u64 now = 22; now < 50; now++)
		assert_int_equal(look(true, now), '.');
	demand_ended(&d, 60);
	assert_int_equal(look(true, 59), '.');
	assert_int_equal(look(true, 60), 'A');
}

static void test_pauses_after_a_refusal(void **state)
{
	u32 asked = 0;

	(void)state;
	for (u64 now = 0; now < 1000; now++) {
		asked += look(true, now) == 'A';
		if (d.number)
			demand_ended(&d, now + 100);
	}
	assert_int_equal(asked, 10);
}

static void test_served_is_not_cancelled(void **state)
{
	(void)state;
	for (u64 now = 0; !d.number; now++)
		look(true, now);
	d.served = true;
	assert_int_equal(look(false, 20), '.');
	demand_ended(&d, 0);
	assert_false(d.served);
	for (u64 now = 30; !d.number; now++)
		look(true, now);
	assert_int_equal(look(false, 50), 'C');
}

static void test_longest_pause_counts(void **state)
{
	(void)state;
	d.not_before = 100; /* gave some away */
	look(true, 0);
	assert_int_equal(look(true, 99), '.');
	demand_ended(&d, 50);
	assert_int_equal(look(true, 99), '.');
	assert_int_equal(look(true, 100), 'A');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_asks_once, setup),
		cmocka_unit_test_setup(test_short_lack_is_none, setup),
		cmocka_unit_test_setup(test_cancels_once, setup),
		cmocka_unit_test_setup(test_pauses_after_a_refusal, setup),
		cmocka_unit_test_setup(test_served_is_not_cancelled, setup),
		cmocka_unit_test_setup(test_longest_pause_counts, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
