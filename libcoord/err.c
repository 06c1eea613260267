// SPDX-License-Identifier: GPL-2.0
/* Errors: a code, the kernel's errno, and a sentence. */
#include <stdio.h>

#include "internal.h"

static void append(char *buf, size_t size, const char *fmt, va_list ap)
{
	size_t used = strlen(buf);

	vsnprintf(buf + used, size - used, fmt, ap);
}

int lc_err(struct coord_err *err, enum coord_code code, int errnum,
	   const char *fmt, ...)
{
	va_list ap;

	err->code = code;
	err->err = errnum;
	err->why = COK_WHY_NONE;
	err->text[0] = '\0';
	va_start(ap, fmt);
	append(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return -1;
}

void lc_err_more(struct coord_err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	append(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
}

bool lc_append(char *buf, size_t size, const char *fmt, ...)
{
	size_t used = strlen(buf);
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf + used, size - used, fmt, ap);
	va_end(ap);
	return n >= 0 && (size_t)n < size - used;
}
