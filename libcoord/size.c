// SPDX-License-Identifier: GPL-2.0
/* Sizes of memory, as people write them. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

static const char units[] = "KMGT";

int coord_size_parse(const char *text, uint64_t *out, struct coord_err *err)
{
	const char *unit = NULL;
	unsigned long long v;
	unsigned int shift = 0;
	char *end = NULL;

	errno = 0;
	v = isdigit((unsigned char)text[0]) ? strtoull(text, &end, 10) : 0;
	if (!end || errno)
		goto bad;
	if (*end) {
		unit = strchr(units, toupper((unsigned char)*end));
		if (!unit || end[1])
			goto bad;
		shift = 10 * (unsigned int)(unit - units + 1);
	}
	if (v > UINT64_MAX >> shift)
		goto bad;
	if (!v)
		return lc_err(
			err, COORD_E_INVALID, EINVAL,
			"a size of zero makes no sense; use e.g. \"128M\" or \"1G\"");
	*out = (uint64_t)v << shift;
	return 0;
bad:
	return lc_err(err, COORD_E_INVALID, EINVAL,
		      "\"%.40s\" is not a size; use e.g. \"128M\" or \"1G\"",
		      text);
}

char *coord_size_format(uint64_t size, char *buf, size_t len)
{
	int unit = -1;

	while (size && !(size & 1023) && unit < (int)sizeof(units) - 2) {
		size >>= 10;
		unit++;
	}
	if (unit < 0)
		snprintf(buf, len, "%llu", (unsigned long long)size);
	else
		snprintf(buf, len, "%llu%c", (unsigned long long)size,
			 units[unit]);
	return buf;
}

int coord_mem_from_parse(const char *text, enum coord_mem_from *out,
			 struct coord_err *err)
{
	static const char *const words[] = { "auto", "blocks", "contig" };
	unsigned int i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcmp(text, words[i]))
			continue;
		*out = (enum coord_mem_from)i;
		return 0;
	}
	return lc_err(
		err, COORD_E_INVALID, EINVAL,
		"\"%.40s\" is not where memory can be from; use auto, blocks or contig",
		text);
}

int coord_from_parse(const char *text, enum coord_from *out,
		     struct coord_err *err)
{
	static const char *const words[] = { "auto", "pool", "linux" };
	unsigned int i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcmp(text, words[i]))
			continue;
		*out = (enum coord_from)i;
		return 0;
	}
	return lc_err(
		err, COORD_E_INVALID, EINVAL,
		"\"%.40s\" is not whom to take from; use auto, pool or linux",
		text);
}

int lc_check_size(uint64_t size, uint64_t block_size, enum coord_mem_from from,
		  struct coord_err *err)
{
	bool blocks = from == COORD_MEM_BLOCKS;
	uint64_t unit = blocks ? block_size : COK_CONTIG_UNIT;
	uint64_t below = size - size % unit;
	char a[24], b[24], s[24], g[24];

	if (size && size == below)
		return 0;
	coord_size_format(size, s, sizeof(s));
	coord_size_format(unit, g, sizeof(g));
	coord_size_format(below, a, sizeof(a));
	coord_size_format(below + unit, b, sizeof(b));
	return lc_err(err, COORD_E_INVALID, EINVAL,
		      "memory of %s is not a multiple of %s, %s; use %s%s%s", s,
		      blocks ? "this host's memory block" : "what can be taken",
		      g, below ? a : "", below ? " or " : "", b);
}
