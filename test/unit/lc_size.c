// sources: libcoord/size.c libcoord/err.c
// SPDX-License-Identifier: GPL-2.0
/* Sizes: words to bytes and back, and the granularity. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "internal.h"

#define M (1ULL << 20)

static const struct {
	const char *text;
	uint64_t size; /* 0: refused */
	const char *back;
} sizes[] = {
	{ "1", 1, "1" },
	{ "1k", 1024, "1K" },
	{ "128M", 128 * M, "128M" },
	{ "128m", 128 * M, "128M" },
	{ "1024M", 1024 * M, "1G" },
	{ "1G", 1024 * M, "1G" },
	{ "3T", 3072 * 1024 * M, "3T" },
	{ "4096", 4096, "4K" },
	{ "1536M", 1536 * M, "1536M" },
	{ "16777215T", 16777215ULL << 40, "16777215T" },
	{ "0", 0, NULL },
	{ "0M", 0, NULL },
	{ "", 0, NULL },
	{ "M", 0, NULL },
	{ "12Q", 0, NULL },
	{ "12MM", 0, NULL },
	{ "12MB", 0, NULL },
	{ "12 M", 0, NULL },
	{ "-1M", 0, NULL },
	{ "+1M", 0, NULL },
	{ " 1M", 0, NULL },
	{ "1.5G", 0, NULL },
	{ "0x10M", 0, NULL },
	{ "16777216T", 0, NULL },
	{ "18446744073709551616", 0, NULL },
	{ "99999999999999999999G", 0, NULL },
};

static void parse_and_format(void **state)
{
	struct coord_err err;
	char back[24];
	uint64_t size;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		int ret = coord_size_parse(sizes[i].text, &size, &err);

		if (!sizes[i].size) {
			assert_int_equal(ret, -1);
			assert_int_equal(err.code, COORD_E_INVALID);
			assert_non_null(strstr(err.text, "\"128M\""));
			continue;
		}
		assert_int_equal(ret, 0);
		assert_int_equal(size, sizes[i].size);
		assert_string_equal(coord_size_format(size, back, sizeof(back)),
				    sizes[i].back);
	}
}

static const struct {
	uint64_t size, block;
	enum coord_mem_from from;
	const char *advice; /* NULL: fine */
} checks[] = {
	{ 128 * M, 128 * M, COORD_MEM_BLOCKS, NULL },
	{ 1024 * M, 128 * M, COORD_MEM_BLOCKS, NULL },
	{ 100 * M, 128 * M, COORD_MEM_BLOCKS, "use 128M" },
	{ 200 * M, 128 * M, COORD_MEM_BLOCKS, "use 128M or 256M" },
	{ 1, 128 * M, COORD_MEM_BLOCKS, "use 128M" },
	{ 0, 128 * M, COORD_MEM_BLOCKS, "use 128M" },
	{ 3072 * M, 2048 * M, COORD_MEM_BLOCKS, "use 2G or 4G" },
	{ 200 * M, 128 * M, COORD_MEM_AUTO, NULL },
	{ 2 * M, 128 * M, COORD_MEM_CONTIG, NULL },
	{ 3 * M, 128 * M, COORD_MEM_AUTO, "use 2M or 4M" },
	{ 1, 128 * M, COORD_MEM_CONTIG, "use 2M" },
	{ 0, 128 * M, COORD_MEM_CONTIG, "use 2M" },
};

static void granularity(void **state)
{
	struct coord_err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(checks) / sizeof(*checks); i++) {
		int ret = lc_check_size(checks[i].size, checks[i].block,
					checks[i].from, &err);

		assert_int_equal(ret, checks[i].advice ? -1 : 0);
		if (checks[i].advice)
			assert_non_null(strstr(err.text, checks[i].advice));
	}
}

static void mem_from(void **state)
{
	enum coord_mem_from from = COORD_MEM_AUTO;
	struct coord_err err;

	(void)state;
	assert_int_equal(coord_mem_from_parse("contig", &from, &err), 0);
	assert_int_equal(from, COORD_MEM_CONTIG);
	assert_int_equal(coord_mem_from_parse("blocks", &from, &err), 0);
	assert_int_equal(from, COORD_MEM_BLOCKS);
	assert_int_equal(coord_mem_from_parse("auto", &from, &err), 0);
	assert_int_equal(from, COORD_MEM_AUTO);
	assert_int_equal(coord_mem_from_parse("Contig", &from, &err), -1);
	assert_non_null(strstr(err.text, "use auto, blocks or contig"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_and_format),
		cmocka_unit_test(granularity),
		cmocka_unit_test(mem_from),
	};

	return cmocka_run_group_tests_name("lc_size", tests, NULL, NULL);
}
