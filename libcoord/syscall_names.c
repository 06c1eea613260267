// SPDX-License-Identifier: GPL-2.0
/* System calls by name; the Makefile makes the list. */
#include "internal.h"

static const char *const names[] = {
#include "syscall_names.h"
};

const char *coord_syscall_name(uint32_t nr)
{
	return nr < sizeof(names) / sizeof(*names) ? names[nr] : NULL;
}
