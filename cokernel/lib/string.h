/* SPDX-License-Identifier: GPL-2.0 */
/* The few string functions the co-kernel needs; on the host, libc's. */
#ifndef CK_STRING_H
#define CK_STRING_H

#if __STDC_HOSTED__
#include <string.h>
#else
#include "types.h"

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
#endif

#endif /* CK_STRING_H */
