// sources: libcoord/symbols.c libcoord/err.c
// SPDX-License-Identifier: GPL-2.0
/* Names of functions: by this very program's own symbols. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "internal.h"

/* Where main is in the file, by a look of the test's own at the symbols. */
static uint64_t find(const struct lc_image *i, const char *name, uint64_t *size)
{
	Elf64_Sym s;
	size_t k;

	for (k = 0; k < i->nr_sym; k++) {
		memcpy(&s, (const char *)i->sym + k * sizeof(s), sizeof(s));
		if (!strcmp(i->names + s.st_name, name)) {
			*size = s.st_size;
			return s.st_value;
		}
	}
	return 0;
}

static void names_its_own_functions(void **state)
{
	uint64_t size = 0, offset = 99, at;
	struct coord_err err;
	struct lc_image i;

	(void)state;
	assert_int_equal(lc_image_open(&i, "/proc/self/exe", &err), 0);
	at = find(&i, "main", &size);
	assert_true(at && size > 2);
	assert_string_equal(lc_image_symbol(&i, at, &offset), "main");
	assert_int_equal(offset, 0);
	assert_string_equal(lc_image_symbol(&i, at + size - 1, &offset),
			    "main");
	assert_int_equal(offset, size - 1);
	assert_null(lc_image_symbol(&i, 0, &offset));
	lc_image_close(&i);
}

static void a_file_that_is_no_image_has_no_names(void **state)
{
	char path[] = "/tmp/cok-symbols.XXXXXX";
	int fd = mkstemp(path);
	struct coord_err err;
	struct lc_image i;
	uint64_t offset;

	(void)state;
	assert_int_equal(write(fd, "\177ELF and no more", 16), 16);
	assert_int_equal(lc_image_open(&i, path, &err), 0);
	assert_null(lc_image_symbol(&i, 1, &offset));
	lc_image_close(&i);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(lc_image_open(&i, path, &err), -1);
	assert_int_equal(err.err, EINVAL);
	close(fd);
	unlink(path);
	assert_int_equal(lc_image_open(&i, path, &err), -1);
	assert_int_equal(err.err, ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_its_own_functions),
		cmocka_unit_test(a_file_that_is_no_image_has_no_names),
	};

	return cmocka_run_group_tests_name("symbols", tests, NULL, NULL);
}
