// sources: cokernel/lib/words.c
// SPDX-License-Identifier: GPL-2.0
/* Command lines into words, words into numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "../../cokernel/lib/words.h"

static void test_options(void **state)
{
	static const struct {
		const char *line, *key[4], *value[4]; /* value NULL: none */
		int n;
	} cases[] = {
		{ "", { 0 }, { 0 }, 0 },
		{ "   ", { 0 }, { 0 }, 0 },
		{ "mute", { "mute" }, { NULL }, 1 },
		{ " a=1  b", { "a", "b" }, { "1", NULL }, 2 },
		{ "init=\"mem; cpus\" x",
		  { "init", "x" },
		  { "mem; cpus", NULL },
		  2 },
		{ "k=", { "k" }, { "" }, 1 },
		{ "k=a=b", { "k" }, { "a=b" }, 1 },
		{ "open=\"to the end", { "open" }, { "to the end" }, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *p = cases[i].line;
		struct option o;

		for (int n = 0; n < cases[i].n; n++) {
			assert_true(option_next(&p, &o));
			assert_string_equal(o.key, cases[i].key[n]);
			assert_int_equal(o.has_value, !!cases[i].value[n]);
			if (o.has_value)
				assert_string_equal(o.value, cases[i].value[n]);
		}
		assert_false(option_next(&p, &o));
	}
}

static void test_long_words_are_cut(void **state)
{
	char line[3 * WORD_MAX];
	const char *p = line;
	struct option o;

	(void)state;
	memset(line, 'x', sizeof(line));
	line[WORD_MAX + 10] = '=';
	line[sizeof(line) - 1] = '\0';
	assert_true(option_next(&p, &o));
	assert_int_equal(strlen(o.key), WORD_MAX - 1);
	assert_int_equal(strlen(o.value), WORD_MAX - 1);
	assert_false(option_next(&p, &o));
}

static void test_split(void **state)
{
	char line[] = "  spin 1\t 20 ", empty[] = " ", many[] = "a b c d";
	char *w[3];

	(void)state;
	assert_int_equal(words_split(line, w, 3), 3);
	assert_string_equal(w[0], "spin");
	assert_string_equal(w[1], "1");
	assert_string_equal(w[2], "20");
	assert_int_equal(words_split(empty, w, 3), 0);
	assert_int_equal(words_split(many, w, 3), 4);
	assert_string_equal(w[2], "c");
}

static void test_numbers(void **state)
{
	static const struct {
		const char *word;
		bool dec_ok, hex_ok;
		u64 dec, hex;
	} cases[] = {
		{ "0", true, true, 0, 0 },
		{ "10", true, true, 10, 16 },
		{ "0x1F", true, true, 31, 31 },
		{ "ff", false, true, 0, 255 },
		{ "", false, false, 0, 0 },
		{ "0x", false, false, 0, 0 },
		{ "1z", false, false, 0, 0 },
		{ "-1", false, false, 0, 0 },
		{ "18446744073709551615", true, false, ~0ULL, 0 },
		{ "18446744073709551616", false, false, 0, 0 },
		{ "0xffffffffffffffff", true, true, ~0ULL, ~0ULL },
		{ "0x10000000000000000", false, false, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		u64 v;

		assert_int_equal(word_number(cases[i].word, &v),
				 cases[i].dec_ok);
		if (cases[i].dec_ok)
			assert_true(v == cases[i].dec);
		assert_int_equal(word_hex(cases[i].word, &v), cases[i].hex_ok);
		if (cases[i].hex_ok)
			assert_true(v == cases[i].hex);
	}
}

static void test_sizes(void **state)
{
	static const struct {
		const char *word;
		bool ok;
		u64 value;
	} cases[] = {
		{ "4096", true, 4096 },
		{ "0x1000", true, 4096 },
		{ "4K", true, 4096 },
		{ "64M", true, 64 * MIB },
		{ "2G", true, 2048 * MIB },
		{ "0x10M", true, 16 * MIB },
		{ "", false, 0 },
		{ "M", false, 0 },
		{ "1T", false, 0 },
		{ "1MM", false, 0 },
		{ "M1", false, 0 },
		{ "17179869183G", true, ~0ULL << 30 },
		{ "17179869184G", false, 0 },
		{ "000000000000000000000000001M", false, 0 }, /* too long */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		u64 v = 77;

		assert_int_equal(word_size(cases[i].word, &v), cases[i].ok);
		if (cases[i].ok)
			assert_true(v == cases[i].value);
	}
}

static void test_script(void **state)
{
	const char *p = " mem ;; cpus; a long one ;";
	char buf[7];

	(void)state;
	assert_true(script_next(&p, buf, sizeof(buf)));
	assert_string_equal(buf, "mem");
	assert_true(script_next(&p, buf, sizeof(buf)));
	assert_string_equal(buf, "cpus");
	assert_true(script_next(&p, buf, sizeof(buf)));
	assert_string_equal(buf, "a long");
	assert_false(script_next(&p, buf, sizeof(buf)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_long_words_are_cut),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_script),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
