// sources:
// SPDX-License-Identifier: GPL-2.0
/* When is somebody dead who has not been heard of? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "../../cokernel/lib/beat.h"

/* Letters are looks: '+' it grew, '.' it did not, '<' it fell (it wrapped). */
static const struct {
	const char *looks;
	u32 limit;
	bool lost; /* at the last look, and at no earlier one */
} cases[] = {
	{ "...", 3, true },    { "..", 3, false },
	{ "+...", 3, true },   { "..+..+..", 3, false },
	{ "..+...", 3, true }, { "..<..", 3, false },
	{ "..<...", 3, true }, { "........", 0, false },
	{ "+", 1, false },     { ".", 1, true },
};

static void test_beats(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t n = strlen(cases[i].looks);
		struct beat b = { 0 };
		u64 word = 0;

		for (size_t j = 0; j < n; j++) {
			word += cases[i].looks[j] == '+';
			word -= cases[i].looks[j] == '<';
			if (beat_lost(&b, word, cases[i].limit) !=
			    (j + 1 == n && cases[i].lost))
				fail_msg("'%s', look %zu", cases[i].looks, j);
		}
	}
}

static void test_stays_lost(void **state)
{
	struct beat b = { 0 };

	(void)state;
	for (int i = 0; i < 9; i++)
		beat_lost(&b, 0, 2);
	assert_true(beat_lost(&b, 0, 2));
	assert_false(beat_lost(&b, 1, 2));
	assert_false(beat_lost(&b, 1, 2));
	assert_true(beat_lost(&b, 1, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_beats),
		cmocka_unit_test(test_stays_lost),
	};

	return cmocka_run_group_tests_name("heartbeat", tests, NULL, NULL);
}
