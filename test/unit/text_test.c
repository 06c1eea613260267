// sources: cli/out.c libcoord/size.c libcoord/names.c libcoord/err.c
// SPDX-License-Identifier: GPL-2.0
/* What others wrote must not steer the terminal it is printed to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "verbs.h"

void cli_warn(const char *fmt, ...)
{
	(void)fmt;
}

static void escaped(void **state)
{
	static const struct {
		const char *text, *out;
	} cases[] = {
		{ "", "" },
		{ "plain\tone\n", "plain\tone\n" },
		{ "\x1b[2J", "\\x1b[2J" },
		{ "back\b\r\x7f", "back\\x08\\x0d\\x7f" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "\xe2\x82\xac \xf0\x9f\x98\x80",
		  "\xe2\x82\xac \xf0\x9f\x98\x80" },
		/* A control character of eight bits, alone and as UTF-8. */
		{ "\x9b"
		  "2J",
		  "\\x9b"
		  "2J" },
		{ "\xc2\x9b"
		  "2J",
		  "\\xc2\\x9b"
		  "2J" },
		/* Cut, overlong, no first byte, too high. */
		{ "\xe2\x82", "\\xe2\\x82" },
		{ "\xc0\x9b", "\\xc0\\x9b" },
		{ "\xbf", "\\xbf" },
		{ "\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80" },
	};
	char *text;
	size_t i, len;
	FILE *f;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		f = open_memstream(&text, &len);
		assert_non_null(f);
		put_text(f, cases[i].text);
		fclose(f);
		assert_string_equal(text, cases[i].out);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(escaped) };

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
