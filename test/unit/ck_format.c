// sources: cokernel/lib/format.c
// SPDX-License-Identifier: GPL-2.0
/* The co-kernel's formatter against libc's, and its limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "../../cokernel/lib/format.h"

#define SAME(...) \
	do { \
		char a[200], b[200]; \
\
		snprintf(a, sizeof(a), __VA_ARGS__); \
		assert_int_equal(ck_format(b, sizeof(b), __VA_ARGS__), \
				 strlen(a)); \
		assert_string_equal(a, b); \
	} while (0)

static void test_like_libc(void **state)
{
	(void)state;
	SAME("plain");
	SAME("%d %d %d", 0, -1, 2147483647);
	SAME("%d", -2147483647 - 1);
	SAME("%u %x", 4000000000u, 0xdeadbeefu);
	SAME("%llx %llu", 0xffffffffffffffffULL, 0xffffffffffffffffULL);
	SAME("%lld", -9223372036854775807LL - 1);
	SAME("%zu %lu", (size_t)7, 8ul);
	SAME("[%5d] [%-5d] [%05d] [%05d]", 42, 42, 42, -42);
	SAME("[%016llx] [%08x]", 0x1234ULL, 0u);
	SAME("[%#x]", 255u);
	SAME("[%s] [%10s] [%-10s] [%.2s]", "abc", "abc", "abc", "abc");
	SAME("%c%c %%", 'o', 'k');
	SAME("%p", (void *)0x1000);
}

static void test_limits(void **state)
{
	char buf[8];

	(void)state;
	memset(buf, 'x', sizeof(buf));
	assert_int_equal(ck_format(buf, sizeof(buf), "%s", "0123456789"), 7);
	assert_string_equal(buf, "0123456");
	assert_int_equal(ck_format(buf, 1, "%d", 5), 0);
	assert_string_equal(buf, "");
	buf[0] = 'x';
	assert_int_equal(ck_format(buf, 0, "%d", 5), 0);
	assert_int_equal(buf[0], 'x');
}

/* What only the co-kernel promises: mistakes show and do no harm. */
static void test_mistakes(void **state)
{
	const char *volatile none = NULL; /* hidden from gcc's own check */
	const char *trailing = "50%", *unknown = "%q";
	char buf[32];

	(void)state;
	ck_format(buf, sizeof(buf), "%s", none);
	assert_string_equal(buf, "(null)");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	ck_format(buf, sizeof(buf), trailing);
	assert_string_equal(buf, "50");
	ck_format(buf, sizeof(buf), unknown);
	assert_string_equal(buf, "%q");
#pragma GCC diagnostic pop
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_like_libc),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
