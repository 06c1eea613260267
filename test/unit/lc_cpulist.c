// sources: libcoord/cpulist.c libcoord/err.c libcoord/sysfs.c libcoord/step.c
// SPDX-License-Identifier: GPL-2.0
/* CPU lists: what is understood, what is refused, and the way back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "internal.h"

static const struct {
	const char *text, *back; /* back NULL: refused */
} lists[] = {
	{ "0", "0" },
	{ "3", "3" },
	{ "0-3", "0-3" },
	{ "2-3,7", "2-3,7" },
	{ "7,2,3", "2-3,7" },
	{ "1,1,1", "1" },
	{ "1-3,2-5", "1-5" },
	{ "8191", "8191" },
	{ "63,64", "63-64" },
	{ "", NULL },
	{ ",", NULL },
	{ "1,", NULL },
	{ ",1", NULL },
	{ "1,,2", NULL },
	{ "3-1", NULL },
	{ "-1", NULL },
	{ "1-", NULL },
	{ "1-2-3", NULL },
	{ "8192", NULL },
	{ "0-8192", NULL },
	{ "99999999999999999999", NULL },
	{ "1 ", NULL },
	{ " 1", NULL },
	{ "+1", NULL },
	{ "0x1", NULL },
	{ "all", NULL },
};

static void parse_and_format(void **state)
{
	struct coord_err err;
	struct lc_cpus set;
	char back[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		int ret = lc_cpulist_parse(lists[i].text, &set, &err);

		if (!lists[i].back) {
			assert_int_equal(ret, -1);
			assert_int_equal(err.code, COORD_E_INVALID);
			assert_non_null(strstr(err.text, "2-3,7"));
			continue;
		}
		assert_int_equal(ret, 0);
		assert_true(lc_cpulist_format(&set, back, sizeof(back)));
		assert_string_equal(back, lists[i].back);
	}
}

static void counting(void **state)
{
	struct coord_err err;
	struct lc_cpus set;

	(void)state;
	assert_int_equal(lc_cpulist_parse("0-8191", &set, &err), 0);
	assert_int_equal(lc_cpus_count(&set), 8192);
	lc_cpus_del(&set, 5);
	assert_int_equal(lc_cpus_count(&set), 8191);
	assert_false(lc_cpus_has(&set, 5));
	assert_false(lc_cpus_has(&set, 8192));
	lc_cpus_add(&set, 100000); /* no effect */
	assert_int_equal(lc_cpus_count(&set), 8191);
}

static void too_long_is_cut(void **state)
{
	struct lc_cpus set = { 0 };
	char back[12];
	uint32_t i;

	(void)state;
	for (i = 0; i < 100; i += 2)
		lc_cpus_add(&set, i);
	assert_false(lc_cpulist_format(&set, back, sizeof(back)));
	assert_true(strlen(back) < sizeof(back));
	assert_string_equal(back + strlen(back) - 3, "...");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_and_format),
		cmocka_unit_test(counting),
		cmocka_unit_test(too_long_is_cut),
	};

	return cmocka_run_group_tests_name("lc_cpulist", tests, NULL, NULL);
}
