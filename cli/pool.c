// SPDX-License-Identifier: GPL-2.0
/* cokctl reserve, cokctl release, cokctl pool */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "verbs.h"

#define LEASES_MAX 4096

static struct {
	const char *cpus, *cpu_list, *mem, *mem_from, *numa, *lease;
	bool all, json;
} asked;

static const struct opt reserve_opts[] = {
	{ "cpus", 0, "N", "how many CPUs; cokctl chooses", &asked.cpus, NULL },
	{ "cpu-list", 0, "LIST", "these CPUs, as in 2-3,7", &asked.cpu_list,
	  NULL },
	{ "mem", 0, "SIZE", "how much memory, as in 256M or 1G", &asked.mem,
	  NULL },
	{ "mem-from", 0, "HOW", "auto, blocks or contig", &asked.mem_from,
	  NULL },
	{ "numa", 0, "NODE", "all from this node, or any (one node)",
	  &asked.numa, NULL },
	OPT_END
};

static const struct opt release_opts[] = {
	{ "all", 0, NULL, "everything in the pool", NULL, &asked.all },
	{ "cpus", 0, "N", "how many CPUs", &asked.cpus, NULL },
	{ "mem", 0, "SIZE", "how much memory, as in 256M or 1G", &asked.mem,
	  NULL },
	{ "mem-from", 0, "HOW", "auto, blocks or contig", &asked.mem_from,
	  NULL },
	{ "lease", 0, "IDS", "these leases, as in 4,7", &asked.lease, NULL },
	OPT_END
};

/* Numbers and sizes of the command line; -1, or the exit status. */
static int parse(const struct verb *v, unsigned long *cpus, uint64_t *memory,
		 enum coord_mem_from *mem_from)
{
	struct coord_err err;

	if (parse_number(v, "--cpus", asked.cpus, 8192, cpus))
		return EX_USE;
	if (asked.mem && coord_size_parse(asked.mem, memory, &err))
		return usage_error(v, "--mem: %s", err.text);
	if (asked.mem_from &&
	    coord_mem_from_parse(asked.mem_from, mem_from, &err))
		return usage_error(v, "--mem-from: %s", err.text);
	return -1;
}

int verb_reserve(const struct verb *v, int argc, char **argv)
{
	struct coord_change ch = { 0 };
	struct coord_err err;
	unsigned long cpus = 0;
	struct coord *c;
	int first, ret = options(v, reserve_opts, argc, argv, 0, 0, &first);

	if (ret >= 0)
		return ret;
	if (asked.cpus && asked.cpu_list)
		return usage_error(v,
				   "--cpus and --cpu-list exclude each other");
	if (!asked.cpus && !asked.cpu_list && !asked.mem)
		return usage_error(v,
				   "say how much: --cpus, --cpu-list or --mem");
	ret = parse(v, &cpus, &ch.memory, &ch.mem_from);
	if (ret >= 0)
		return ret;
	ch.cpus = (uint32_t)cpus;
	ch.cpu_list = asked.cpu_list;
	ch.numa = asked.numa;
	ret = cli_open(&c);
	if (ret >= 0)
		return ret;
	ret = coord_reserve(c, &ch, &err) ? cli_fail(&err) : EX_DONE;
	coord_close(c);
	return ret;
}

/* "4,7" to numbers; how many, or -1. */
static long parse_ids(const char *text, uint32_t *ids, size_t room)
{
	unsigned long id;
	size_t n = 0;
	char *end;

	for (;; text = end + 1) {
		if (!isdigit((unsigned char)*text) || n == room)
			return -1;
		errno = 0;
		id = strtoul(text, &end, 10);
		if (errno || !id || id > UINT32_MAX || (*end && *end != ','))
			return -1;
		ids[n++] = (uint32_t)id;
		if (!*end)
			return (long)n;
	}
}

int verb_release(const struct verb *v, int argc, char **argv)
{
	static uint32_t ids[LEASES_MAX];
	struct coord_release rel = { .leases = ids };
	struct coord_err err;
	unsigned long cpus = 0;
	long n = 0;
	struct coord *c;
	int first, ret = options(v, release_opts, argc, argv, 0, 0, &first);

	if (ret >= 0)
		return ret;
	if (asked.all + !!asked.lease + (asked.cpus || asked.mem) != 1)
		return usage_error(
			v, "give --all, or --lease, or --cpus and --mem");
	ret = parse(v, &cpus, &rel.memory, &rel.mem_from);
	if (ret >= 0)
		return ret;
	if (asked.lease)
		n = parse_ids(asked.lease, ids, LEASES_MAX);
	if (n < 0)
		return usage_error(v, "--lease: '%s' is not a list as in 4,7",
				   asked.lease);
	rel.all = asked.all;
	rel.cpus = (uint32_t)cpus;
	rel.nr_leases = (size_t)n;
	ret = cli_open(&c);
	if (ret >= 0)
		return ret;
	ret = coord_release(c, &rel, &err) ? cli_fail(&err) : EX_DONE;
	coord_close(c);
	return ret;
}

/* ---- pool ---------------------------------------------------------------------- */

struct sums {
	uint32_t cpus, cpus_used;
	uint64_t memory, memory_used;
};

static void add_up(struct sums *s, const struct coord_lease *l)
{
	bool in = coord_lease_in_pool(l);

	if (!l->reserved)
		return;
	if (l->kind == COK_RES_CPU) {
		s->cpus += in;
		s->cpus_used += !in;
	} else {
		s->memory += in ? l->size : 0;
		s->memory_used += in ? 0 : l->size;
	}
}

static cJSON *json_sum(uint32_t cpus, uint64_t memory)
{
	cJSON *o = cJSON_CreateObject();

	json_u64(o, "cpus", cpus);
	json_u64(o, "memory", memory);
	return o;
}

static int pool_json(struct coord *c, const struct coord_lease *l, ssize_t n,
		     const struct sums *s)
{
	cJSON *o = cJSON_CreateObject(), *list, *lease;
	ssize_t i;

	cJSON_AddItemToObject(o, "free", json_sum(s->cpus, s->memory));
	cJSON_AddItemToObject(o, "used",
			      json_sum(s->cpus_used, s->memory_used));
	list = cJSON_AddArrayToObject(o, "leases");
	for (i = 0; i < n; i++) {
		if (!coord_lease_in_pool(&l[i]))
			continue;
		lease = json_lease(&l[i]);
		json_node(lease, "numa", coord_lease_numa(c, &l[i]));
		cJSON_AddItemToArray(list, lease);
	}
	return json_print(o);
}

static int pool_text(struct coord *c, const struct coord_lease *l, ssize_t n,
		     const struct sums *s)
{
	struct table *t = table_new(3, "LEASE", "RESOURCE", "NODE");
	char id[16], what[64], node[16], a[24], b[24];
	ssize_t i;

	for (i = 0; i < n; i++) {
		int at = coord_lease_in_pool(&l[i]) ? coord_lease_numa(c, &l[i])
						    : -1;

		if (!coord_lease_in_pool(&l[i]))
			continue;
		snprintf(id, sizeof(id), "%u", l[i].id);
		snprintf(node, sizeof(node), at < 0 ? "-" : "%d", at);
		table_row(t, id, lease_text(&l[i], what, sizeof(what)), node);
	}
	table_print(t);
	printf("free: %u CPUs, %s of memory; of the pool but in use: %u CPUs, %s\n",
	       s->cpus, coord_size_format(s->memory, a, sizeof(a)),
	       s->cpus_used, coord_size_format(s->memory_used, b, sizeof(b)));
	return EX_DONE;
}

int verb_pool(const struct verb *v, int argc, char **argv)
{
	const struct opt opts[] = { OPT_JSON(asked.json), OPT_END };
	struct coord_lease *l = NULL;
	struct sums sums = { 0 };
	struct coord_err err;
	struct coord *c;
	int first, ret = options(v, opts, argc, argv, 0, 0, &first);
	ssize_t n, i;

	if (ret >= 0)
		return ret;
	ret = cli_open(&c);
	if (ret >= 0)
		return ret;
	n = coord_leases(c, &l, &err);
	for (i = 0; i < n; i++)
		add_up(&sums, &l[i]);
	if (n < 0)
		ret = cli_fail(&err);
	else
		ret = (asked.json ? pool_json : pool_text)(c, l, n, &sums);
	free(l);
	coord_close(c);
	return ret;
}
