// sources: cli/load.c
// SPDX-License-Identifier: GPL-2.0
/* What `cokctl top` makes of two looks at a stats page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "load.h"

#define KHZ 1000000 /* a TSC of 1 GHz */

static void between_two_looks(void **state)
{
	const struct cok_stats before = { .cycles_idle = 100,
					  .cycles_kernel = 200,
					  .cycles_user = 300,
					  .irqs = 5,
					  .doorbells = 1,
					  .heartbeat = 10 };
	const struct cok_stats now = { .cycles_idle = 600,
				       .cycles_kernel = 450,
				       .cycles_user = 550,
				       .irqs = 25,
				       .doorbells = 1,
				       .heartbeat = 30 };
	struct load l;

	(void)state;
	load_of(&l, &now, &before, 2000, KHZ);
	assert_int_equal(l.ms, 2000);
	assert_float_equal(l.idle, 50, 0.001);
	assert_float_equal(l.kernel, 25, 0.001);
	assert_float_equal(l.user, 25, 0.001);
	assert_float_equal(l.irqs, 10, 0.001);
	assert_float_equal(l.doorbells, 0, 0.001);
	assert_float_equal(l.beats, 10, 0.001);
}

static void since_it_came_up(void **state)
{
	const struct cok_stats s = { .cycles_idle = 300,
				     .cycles_kernel = 100,
				     .irqs = 40,
				     .tsc_online = 1000,
				     .tsc_heartbeat = 1000 + 4000ULL * KHZ };
	struct load l;

	(void)state;
	load_of(&l, &s, NULL, 77, KHZ);
	assert_int_equal(l.ms, 4000);
	assert_float_equal(l.idle, 75, 0.001);
	assert_float_equal(l.irqs, 10, 0.001);
}

/* Claims may be anything. */
static void lies(void **state)
{
	const struct cok_stats high = { .cycles_idle = UINT64_MAX,
					.cycles_kernel = UINT64_MAX,
					.cycles_user = UINT64_MAX,
					.irqs = UINT64_MAX,
					.heartbeat = UINT64_MAX,
					.tsc_online = UINT64_MAX };
	const struct cok_stats zero = { 0 };
	struct load l;

	(void)state;
	load_of(&l, &zero, &high, 1000, KHZ); /* backwards */
	assert_float_equal(l.idle + l.kernel + l.user, 0, 0);
	assert_float_equal(l.irqs, 0, 0);
	load_of(&l, &high, &zero, 1000, KHZ);
	assert_float_equal(l.idle + l.kernel + l.user, 100, 0.001);
	/* No time, or an impossible one: nothing is known. */
	load_of(&l, &high, NULL, 1000, KHZ);
	assert_int_equal(l.ms, 0);
	assert_float_equal(l.irqs, 0, 0);
	load_of(&l, &high, &zero, 0, KHZ);
	assert_int_equal(l.ms, 0);
	load_of(&l, &zero, NULL, 1000, 0);
	assert_int_equal(l.ms, 0);
}

static const struct {
	double kernel, user, idle;
	const char *bar;
} bars[] = {
	{ 0, 0, 0, "          " },	    { 0, 0, 100, ".........." },
	{ 100, 0, 0, "##########" },	    { 0, 100, 0, "++++++++++" },
	{ 20, 30, 50, "##+++....." },	    { 4, 4, 92, "+........." },
	{ 33.4, 33.3, 33.3, "###++++..." }, { 1, 1, 98, ".........." },
	{ 50, 50, 0, "#####+++++" },
};

static void bar(void **state)
{
	char buf[16];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bars) / sizeof(*bars); i++) {
		const struct load l = { .ms = 1,
					.kernel = bars[i].kernel,
					.user = bars[i].user,
					.idle = bars[i].idle };

		memset(buf, 'x', sizeof(buf));
		load_bar(&l, buf, 10);
		assert_string_equal(buf, bars[i].bar);
		assert_int_equal(buf[11], 'x');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(between_two_looks),
		cmocka_unit_test(since_it_came_up),
		cmocka_unit_test(lies),
		cmocka_unit_test(bar),
	};

	return cmocka_run_group_tests_name("cli_load", tests, NULL, NULL);
}
