// sources: libcoord/cpulist.c libcoord/size.c libcoord/err.c libcoord/sysfs.c libcoord/step.c
// SPDX-License-Identifier: GPL-2.0
/* Lists of CPUs and sizes: what is written again reads as the same. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define MUST(x) \
	do { \
		if (!(x)) \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void cpus(const char *text)
{
	struct lc_cpus set, again;
	struct coord_err err = { 0 };
	char list[32768];

	if (lc_cpulist_parse(text, &set, &err)) {
		MUST(err.text[0]);
		return;
	}
	MUST(lc_cpulist_format(&set, list, sizeof(list)));
	MUST(!lc_cpulist_parse(list, &again, &err));
	MUST(!memcmp(&set, &again, sizeof(set)));
}

static void size(const char *text)
{
	uint64_t v, again;
	struct coord_err err = { 0 };
	char buf[24];

	if (coord_size_parse(text, &v, &err)) {
		MUST(err.text[0]);
		return;
	}
	MUST(v);
	coord_size_format(v, buf, sizeof(buf));
	MUST(!coord_size_parse(buf, &again, &err) && v == again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1);

	MUST(text);
	memcpy(text, data, len);
	text[len] = '\0';
	cpus(text);
	size(text);
	free(text);
	return 0;
}
