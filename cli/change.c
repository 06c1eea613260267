// SPDX-License-Identifier: GPL-2.0
/* cokctl grow, cokctl shrink */
#include "verbs.h"

static struct {
	const char *cpus, *cpu_list, *mem, *mem_from, *from, *numa, *timeout;
	bool home;
} asked;

#define OPTS_BOTH \
	{ "cpus", 0, "N", "how many CPUs", &asked.cpus, NULL }, \
		{ "cpu-list",	   0,	"LIST", "these CPUs, as in 2-3,7", \
		  &asked.cpu_list, NULL }, \
		{ "mem",      0,   "SIZE", "how much memory, as in 256M or 1G", \
		  &asked.mem, NULL }, \
		{ "mem-from",	   0,	"HOW", "auto, blocks or contig", \
		  &asked.mem_from, NULL }, \
	{ \
		"timeout", 0, "S", \
			"seconds for each answer of the enclave (10)", \
			&asked.timeout, NULL \
	}

static const struct opt grow_opts[] = {
	OPTS_BOTH,
	{ "from", 0, "WHOM", "auto (pool, then Linux), pool or linux",
	  &asked.from, NULL },
	{ "numa", 0, "NODE", "from this node, or any (where it is)",
	  &asked.numa, NULL },
	OPT_END
};

static const struct opt shrink_opts[] = {
	OPTS_BOTH,
	{ "home", 0, NULL, "to Linux, also what is of the pool", NULL,
	  &asked.home },
	OPT_END
};

static int change(const struct verb *v, const struct opt *opts, int argc,
		  char **argv,
		  int (*call)(struct coord *, const struct coord_change *,
			      struct coord_err *))
{
	struct coord_change ch = { .timeout = 10000 };
	struct coord_err err;
	struct coord *c;
	unsigned long n = 0;
	int first, ret = options(v, opts, argc, argv, 1, 1, &first);

	if (ret >= 0)
		return ret;
	if (asked.cpus && asked.cpu_list)
		return usage_error(v,
				   "--cpus and --cpu-list exclude each other");
	if (!asked.cpus && !asked.cpu_list && !asked.mem)
		return usage_error(v,
				   "say how much: --cpus, --cpu-list or --mem");
	if (parse_number(v, "--cpus", asked.cpus, COK_MAX_CORES, &n) ||
	    parse_seconds(v, "--timeout", asked.timeout, &ch.timeout))
		return EX_USE;
	if (asked.mem && coord_size_parse(asked.mem, &ch.memory, &err))
		return usage_error(v, "--mem: %s", err.text);
	if (asked.mem_from &&
	    coord_mem_from_parse(asked.mem_from, &ch.mem_from, &err))
		return usage_error(v, "--mem-from: %s", err.text);
	if (asked.from && coord_from_parse(asked.from, &ch.from, &err))
		return usage_error(v, "--from: %s", err.text);
	ch.name = argv[first];
	ch.cpus = (uint32_t)n;
	ch.cpu_list = asked.cpu_list;
	ch.numa = asked.numa;
	ch.home = asked.home;
	ret = cli_open(&c);
	if (ret >= 0)
		return ret;
	ret = call(c, &ch, &err) ? cli_fail(&err) : EX_DONE;
	coord_close(c);
	return ret;
}

int verb_grow(const struct verb *v, int argc, char **argv)
{
	return change(v, grow_opts, argc, argv, coord_grow);
}

int verb_shrink(const struct verb *v, int argc, char **argv)
{
	return change(v, shrink_opts, argc, argv, coord_shrink);
}
