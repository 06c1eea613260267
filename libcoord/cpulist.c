// SPDX-License-Identifier: GPL-2.0
/* Sets of CPUs, and the kernel's way to write them: "0-3,7"; nodes. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

void lc_cpus_add(struct lc_cpus *s, uint32_t cpu)
{
	if (cpu < LC_MAX_CPUS)
		s->bits[cpu / 64] |= 1ULL << (cpu % 64);
}

void lc_cpus_del(struct lc_cpus *s, uint32_t cpu)
{
	if (cpu < LC_MAX_CPUS)
		s->bits[cpu / 64] &= ~(1ULL << (cpu % 64));
}

bool lc_cpus_has(const struct lc_cpus *s, uint32_t cpu)
{
	return cpu < LC_MAX_CPUS && (s->bits[cpu / 64] >> (cpu % 64) & 1);
}

uint32_t lc_cpus_count(const struct lc_cpus *s)
{
	uint32_t i, n = 0;

	for (i = 0; i < LC_MAX_CPUS / 64; i++)
		n += (uint32_t)__builtin_popcountll(s->bits[i]);
	return n;
}

/* A number at *p, which is moved behind it; -1 if there is none. */
static long number(const char **p)
{
	char *end;
	long v;

	if (!isdigit((unsigned char)**p))
		return -1;
	v = strtol(*p, &end, 10);
	*p = end;
	return v < LC_MAX_CPUS ? v : -1;
}

int lc_cpulist_parse(const char *text, struct lc_cpus *set,
		     struct coord_err *err)
{
	const char *p = text;
	long first, last, i;

	memset(set, 0, sizeof(*set));
	do {
		if (p != text)
			p++; /* the comma */
		first = last = number(&p);
		if (first >= 0 && *p == '-') {
			p++;
			last = number(&p);
		}
		if (first < 0 || last < first || (*p && *p != ','))
			return lc_err(
				err, COORD_E_INVALID, EINVAL,
				"\"%.60s\" is not a list of CPUs (0..%d); use e.g. \"2-3,7\"",
				text, LC_MAX_CPUS - 1);
		for (i = first; i <= last; i++)
			lc_cpus_add(set, (uint32_t)i);
	} while (*p);
	return 0;
}

bool lc_cpulist_format(const struct lc_cpus *set, char *buf, size_t size)
{
	uint32_t i, last;
	size_t used = 0;
	char word[32];

	buf[0] = '\0';
	for (i = 0; i < LC_MAX_CPUS; i = last + 1) {
		last = i;
		if (!lc_cpus_has(set, i))
			continue;
		while (lc_cpus_has(set, last + 1))
			last++;
		snprintf(word, sizeof(word), last > i ? "%s%u-%u" : "%s%u",
			 used ? "," : "", i, last);
		if (used + strlen(word) + sizeof("...") > size) {
			snprintf(buf + used, size - used, "...");
			return false;
		}
		strcpy(buf + used, word);
		used += strlen(word);
	}
	return true;
}

int lc_cpus_read(const char *root, struct lc_cpus *s, const char *path)
{
	struct coord_err err;
	char text[8192]; /* sysfs gives at most a page */

	memset(s, 0, sizeof(*s));
	if (lc_read(root, text, sizeof(text), "%s", path) || !text[0])
		return -1;
	return lc_cpulist_parse(text, s, &err);
}

int lc_numa_parse(const char *text, int *node, struct coord_err *err)
{
	const char *p = text;
	long n = number(&p);

	*node = strcmp(text, "any") ? (int)n : LC_NODE_ANY;
	if (!strcmp(text, "any") || (n >= 0 && !*p))
		return 0;
	return lc_err(
		err, COORD_E_INVALID, EINVAL,
		"\"%.40s\" is not a NUMA node; use a node's number, or any",
		text);
}
