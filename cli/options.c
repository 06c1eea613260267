// SPDX-License-Identifier: GPL-2.0
/* Options: a verb's table gives getopt_long its input and the help its text. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "verbs.h"

#define OPTS_MAX  24
#define LONG_BASE 256 /* codes of options; letters are below */

bool verbose;

static const struct opt common[] = {
	{ "verbose", 'v', NULL, "tell each step", NULL, &verbose },
	{ "help", 'h', NULL, "this", NULL, NULL },
};

static void print_opt(const struct opt *o)
{
	char left[48];

	snprintf(left, sizeof(left), "%c%c%s--%s%s%s", o->letter ? '-' : ' ',
		 o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name,
		 o->arg ? " " : "", o->arg ? o->arg : "");
	printf("  %-24s %s\n", left, o->help);
}

static void print_help(const struct verb *v, const struct opt *opts)
{
	printf("usage: cokctl %s [OPTION]...%s%s\n\n%c%s.\n\n", v->name,
	       v->args[0] ? " " : "", v->args,
	       toupper((unsigned char)v->summary[0]), v->summary + 1);
	for (; opts->name; opts++)
		print_opt(opts);
	print_opt(&common[0]);
	print_opt(&common[1]);
}

int usage_error(const struct verb *v, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "cokctl %s: ", v->name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "; see 'cokctl %s --help'\n", v->name);
	return EX_USE;
}

/* getopt's inputs, for opts and the common ones; returns how many. */
static int build(const struct opt *opts, const struct opt **all,
		 struct option *longs, char *shorts)
{
	int i, n = 0;

	while (opts[n].name && n < OPTS_MAX) {
		all[n] = &opts[n];
		n++;
	}
	all[n++] = &common[0];
	all[n++] = &common[1];
	*shorts++ = ':'; /* tell a missing value from an unknown option */
	for (i = 0; i < n; i++) {
		longs[i] = (struct option){ all[i]->name, all[i]->arg != NULL,
					    NULL, LONG_BASE + i };
		if (all[i]->letter)
			*shorts++ = all[i]->letter;
		if (all[i]->letter && all[i]->arg)
			*shorts++ = ':';
	}
	*shorts = '\0';
	longs[n] = (struct option){ 0 };
	return n;
}

static const struct opt *lookup(const struct opt *const *all, int n, int code)
{
	int i;

	if (code >= LONG_BASE)
		return all[code - LONG_BASE];
	for (i = 0; i < n; i++)
		if (all[i]->letter == code)
			return all[i];
	return NULL;
}

int options(const struct verb *v, const struct opt *opts, int argc, char **argv,
	    int min, int max, int *first)
{
	const struct opt *all[OPTS_MAX + 2], *o;
	struct option longs[OPTS_MAX + 3];
	char shorts[2 * OPTS_MAX + 8];
	int code, n = build(opts, all, longs, shorts);

	opterr = 0;
	optind = 0;
	while ((code = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (code == ':')
			return usage_error(v, "%s needs a value",
					   argv[optind - 1]);
		if (code == '?' && optopt && optopt < LONG_BASE)
			return usage_error(v, "unknown option -%c", optopt);
		if (code == '?')
			return usage_error(v, "unknown option %s",
					   argv[optind - 1]);
		o = lookup(all, n, code);
		if (o == &common[1]) {
			print_help(v, opts);
			return EX_DONE;
		}
		if (o->arg)
			*o->value = optarg;
		else
			*o->flag = true;
	}
	*first = optind;
	if (argc - optind < min)
		return usage_error(v, "%s missing", v->args);
	if (argc - optind > max)
		return usage_error(v, "unexpected argument '%s'",
				   argv[optind + max]);
	return -1;
}

int parse_number(const struct verb *v, const char *what, const char *text,
		 unsigned long max, unsigned long *out)
{
	char *end;

	if (!text)
		return 0;
	errno = 0;
	*out = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || *end || errno || !*out ||
	    *out > max)
		return usage_error(v, "%s: '%s' is not a number from 1 to %lu",
				   what, text, max);
	return 0;
}

int parse_seconds(const struct verb *v, const char *what, const char *text,
		  unsigned int *ms)
{
	unsigned long s = *ms / 1000;
	int ret = parse_number(v, what, text, 600, &s);

	if (!ret && text)
		*ms = (unsigned int)s * 1000;
	return ret;
}
