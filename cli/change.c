// SPDX-License-Identifier: GPL-2.0
/* cokctl grow, cokctl shrink, cokctl grant */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "verbs.h"

static struct {
	const char *cpus, *cpu_list, *mem, *mem_from, *from, *numa, *timeout;
	bool all, best, json, force, yes, home;
} asked;

#define OPTS_AMOUNT \
	{ "cpus", 0, "N", "how many CPUs", &asked.cpus, NULL }, \
		{ "cpu-list",	   0,	"LIST", "these CPUs, as in 2-3,7", \
		  &asked.cpu_list, NULL }, \
	{ \
		"mem", 0, "SIZE", "how much memory, as in 256M or 1G", \
			&asked.mem, NULL \
	}
#define OPTS_HOW \
	{ \
		"mem-from",	 0,   "HOW", "auto, blocks or contig", \
		&asked.mem_from, NULL \
	}, \
		{ "timeout", \
		  0, \
		  "S", \
		  "seconds for each answer of the enclave (10)", \
		  &asked.timeout, \
		  NULL }, \
		{ "all-or-nothing", \
		  0, \
		  NULL, \
		  "part of it is not enough (so)", \
		  NULL, \
		  &asked.all }, \
		{ "best-effort", 0, NULL, "as much of it as can be had", NULL, \
		  &asked.best }, \
		OPT_JSON(asked.json)
#define OPT_NUMA \
	{ \
		"numa", 0, "NODE", "from this node, or any (where it is)", \
			&asked.numa, NULL \
	}

#define OPT_FROM \
	{ \
		"from", 0, "WHOM", "auto (pool, then Linux), pool or linux", \
			&asked.from, NULL \
	}

static const struct opt grow_opts[] = { OPTS_AMOUNT, OPTS_HOW, OPT_FROM,
					OPT_NUMA, OPT_END };
static const struct opt grant_opts[] = { OPTS_HOW, OPT_FROM, OPT_NUMA,
					 OPT_END };
static const struct opt shrink_opts[] = {
	OPTS_AMOUNT,
	OPTS_HOW,
	{ "home", 0, NULL, "to Linux, also what is of the pool", NULL,
	  &asked.home },
	{ "force", 0, NULL, "if it does not give that, kill it", NULL,
	  &asked.force },
	{ "yes", 0, NULL, "don't ask before that", NULL, &asked.yes },
	OPT_END
};

/* -1: go on; else what to exit with. */
static int parse(const struct verb *v, struct coord_change *ch)
{
	struct coord_err err;
	unsigned long n = 0;

	if (asked.cpus && asked.cpu_list)
		return usage_error(v,
				   "--cpus and --cpu-list exclude each other");
	if (asked.all && asked.best)
		return usage_error(
			v,
			"--all-or-nothing and --best-effort exclude each other");
	if (asked.force && asked.best)
		return usage_error(
			v, "--force and --best-effort exclude each other");
	if (parse_number(v, "--cpus", asked.cpus, COK_MAX_CORES, &n) ||
	    parse_seconds(v, "--timeout", asked.timeout, &ch->timeout))
		return EX_USE;
	if (asked.mem && coord_size_parse(asked.mem, &ch->memory, &err))
		return usage_error(v, "--mem: %s", err.text);
	if (asked.mem_from &&
	    coord_mem_from_parse(asked.mem_from, &ch->mem_from, &err))
		return usage_error(v, "--mem-from: %s", err.text);
	if (asked.from && coord_from_parse(asked.from, &ch->from, &err))
		return usage_error(v, "--from: %s", err.text);
	ch->cpus = (uint32_t)n;
	ch->cpu_list = asked.cpu_list;
	ch->numa = asked.numa;
	ch->home = asked.home;
	ch->flags = asked.best ? COORD_BEST_EFFORT : 0;
	return -1;
}

static int parse_amount(const struct verb *v, struct coord_change *ch)
{
	if (!asked.cpus && !asked.cpu_list && !asked.mem)
		return usage_error(v,
				   "say how much: --cpus, --cpu-list or --mem");
	return parse(v, ch);
}

/* ---- by force ---------------------------------------------------------------- */

/* Would only killing it help? Not if it was never asked. */
static bool would_not(const struct coord_err *err, const struct coord_deal *d)
{
	switch (err->err) {
	case ECONNREFUSED:
	case EPIPE:
	case ENOTCONN:
		return true;
	case ETIMEDOUT:
	case EBUSY:
		return d->offered.cpus || d->offered.memory;
	default:
		return false;
	}
}

static bool confirmed(void)
{
	char line[16];

	if (asked.yes || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return true;
	fputs("cokctl: kill it? [y/N] ", stderr);
	return fgets(line, sizeof(line), stdin) &&
	       (line[0] == 'y' || line[0] == 'Y');
}

static int kill_for_it(struct coord *c, const char *name,
		       const struct coord_err *why)
{
	struct coord_err err;
	char *log;

	cli_warn("%s", why->text);
	cli_warn("this will kill enclave '%s' and bring home all that it has%s",
		 name, asked.home ? "" : ", or to the pool what is of that");
	if (!confirmed())
		return -1;
	log = coord_dev_tail(name, 20);
	if (log)
		fputs(log, stderr);
	free(log);
	return (asked.home ? coord_destroy_home : coord_destroy)(c, name, &err)
		       ? cli_fail(&err)
		       : EX_DONE;
}

/* ---- all three ------------------------------------------------------------------ */

/* For the request of that number, or 0. */
static int grow(struct coord *c, const struct coord_change *ch, uint64_t number)
{
	struct coord_deal deal;
	struct coord_err err;
	int ret = number ? coord_grant(c, ch, number, &deal, &err)
			 : coord_grow(c, ch, &deal, &err);

	tell_deal(&(struct deal_told){ .name = ch->name,
				       .deal = &deal,
				       .err = ret ? &err : NULL,
				       .grown = true,
				       .json = asked.json });
	coord_deal_free(&deal);
	return ret ? cli_fail(&err) : EX_DONE;
}

static int shrink(struct coord *c, const struct coord_change *ch)
{
	struct deal_told told = { .name = ch->name, .json = asked.json };
	struct coord_deal deal;
	struct coord_err err;
	int status = -1, ret = coord_shrink(c, ch, &deal, &err);

	if (ret && asked.force && would_not(&err, &deal))
		status = kill_for_it(c, ch->name, &err);
	told.deal = &deal;
	told.err = ret ? &err : NULL;
	told.killed = status == EX_DONE;
	tell_deal(&told);
	coord_deal_free(&deal);
	if (status >= 0)
		return status;
	return ret ? cli_fail(&err) : EX_DONE;
}

int verb_grow(const struct verb *v, int argc, char **argv)
{
	struct coord_change ch = { .timeout = 10000 };
	struct coord *c;
	int first, ret = options(v, grow_opts, argc, argv, 1, 1, &first);

	if (ret < 0)
		ret = parse_amount(v, &ch);
	if (ret < 0)
		ret = cli_open(&c);
	if (ret >= 0)
		return ret;
	ch.name = argv[first];
	ret = grow(c, &ch, 0);
	coord_close(c);
	return ret;
}

int verb_shrink(const struct verb *v, int argc, char **argv)
{
	struct coord_change ch = { .timeout = 10000 };
	struct coord *c;
	int first, ret = options(v, shrink_opts, argc, argv, 1, 1, &first);

	if (ret < 0)
		ret = parse_amount(v, &ch);
	if (ret < 0)
		ret = cli_open(&c);
	if (ret >= 0)
		return ret;
	ch.name = argv[first];
	ret = shrink(c, &ch);
	coord_close(c);
	return ret;
}

int verb_grant(const struct verb *v, int argc, char **argv)
{
	struct coord_change ch = { .timeout = 10000 };
	char name[COK_NAME_MAX];
	struct coord_err err;
	struct coord *c;
	uint64_t number;
	int first, ret = options(v, grant_opts, argc, argv, 1, 1, &first);

	if (ret < 0)
		ret = parse(v, &ch);
	if (ret >= 0)
		return ret;
	if (coord_request_parse(argv[first], name, &number, &err))
		return usage_error(v, "%s", err.text);
	ret = cli_open(&c);
	if (ret >= 0)
		return ret;
	ch.name = name;
	ret = grow(c, &ch, number);
	coord_close(c);
	return ret;
}
