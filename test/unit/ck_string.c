// sources:
// SPDX-License-Identifier: GPL-2.0
/* The co-kernel's own string functions, under other names beside libc's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

void *ck_memcpy(void *dst, const void *src, size_t n);
void *ck_memmove(void *dst, const void *src, size_t n);
void *ck_memset(void *dst, int c, size_t n);
int ck_memcmp(const void *a, const void *b, size_t n);
size_t ck_strlen(const char *s);
size_t ck_strnlen(const char *s, size_t max);
int ck_strcmp(const char *a, const char *b);

#define memcpy	ck_memcpy
#define memmove ck_memmove
#define memset	ck_memset
#define memcmp	ck_memcmp
#define strlen	ck_strlen
#define strnlen ck_strnlen
#define strcmp	ck_strcmp
#include "../../cokernel/lib/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strnlen
#undef strcmp

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

static void test_moves(void **state)
{
	char a[64], b[64];

	(void)state;
	for (size_t from = 0; from < 8; from++)
		for (size_t to = 0; to < 8; to++)
			for (size_t n = 0; n < 40; n++) {
				for (size_t i = 0; i < sizeof(a); i++)
					a[i] = b[i] = (char)i;
				memmove(a + to, a + from, n);
				assert_ptr_equal(ck_memmove(b + to, b + from,
							    n),
						 b + to);
				assert_memory_equal(a, b, sizeof(a));
			}
	ck_memset(b, 0x5a, 10);
	memset(a, 0x5a, 10);
	assert_memory_equal(a, b, sizeof(a));
	ck_memcpy(b, "0123", 4);
	assert_memory_equal(b, "0123\x5a", 5);
}

static void test_compares(void **state)
{
	static const char *const s[] = { "", "a", "ab", "b", "a\x80", "aB" };

	(void)state;
	for (size_t i = 0; i < 6; i++)
		for (size_t j = 0; j < 6; j++)
			assert_int_equal(sign(ck_strcmp(s[i], s[j])),
					 sign(strcmp(s[i], s[j])));
	assert_true(ck_memcmp("a\0b", "a\0c", 3) < 0);
	assert_true(ck_memcmp("\x80", "a", 1) > 0);
	assert_int_equal(ck_memcmp("xa", "xb", 1), 0);
	assert_int_equal(ck_strlen("four"), 4);
	assert_int_equal(ck_strnlen("four", 2), 2);
	assert_int_equal(ck_strnlen("", 2), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_moves),
		cmocka_unit_test(test_compares),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
