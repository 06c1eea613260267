/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A printf-like formatter: %d %i %u %x %c %s %p %%, with l, ll, z, a width,
 * the flags '-', '0' and '#', and a precision for %s. No floating point.
 */
#ifndef CK_FORMAT_H
#define CK_FORMAT_H

#include "types.h"

/*
 * Writes at most size - 1 characters and a NUL (nothing if size is 0).
 * Returns how many characters were written, without the NUL.
 */
size_t ck_vformat(char *buf, size_t size, const char *fmt, va_list ap);
size_t ck_format(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif /* CK_FORMAT_H */
