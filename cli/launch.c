// SPDX-License-Identifier: GPL-2.0
/* cokctl launch */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "verbs.h"

#define RANGES_SHOWN 16 /* of what may be many small ones */

/* Words of the command line, and the configuration's key each one sets. */
static struct {
	const char *name, *cpus, *cpu_list, *mem, *mem_from, *from, *numa,
		*image, *cmdline, *mode, *owner, *timeout;
	bool dry_run, json;
} asked;

static const struct opt opts[] = {
	{ "name", 0, "NAME", "its name", &asked.name, NULL },
	{ "cpus", 0, "N", "how many CPUs; cokctl chooses", &asked.cpus, NULL },
	{ "cpu-list", 0, "LIST", "these CPUs, as in 2-3,7", &asked.cpu_list,
	  NULL },
	{ "mem", 0, "SIZE", "how much memory, as in 256M or 1G", &asked.mem,
	  NULL },
	{ "mem-from", 0, "HOW", "auto, blocks or contig", &asked.mem_from,
	  NULL },
	{ "from", 0, "WHOM", "auto (pool, then Linux), pool or linux",
	  &asked.from, NULL },
	{ "numa", 0, "NODE", "all from this node, or any (one node)",
	  &asked.numa, NULL },
	{ "image", 0, "FILE", "the kernel to boot", &asked.image, NULL },
	{ "cmdline", 0, "TEXT", "its command line", &asked.cmdline, NULL },
	{ "mode", 0, "MODE", "native, the only one so far", &asked.mode, NULL },
	{ "owner", 0, "USER", "who may use its device node (root)",
	  &asked.owner, NULL },
	{ "timeout", 0, "S", "seconds until it must be ready (60)",
	  &asked.timeout, NULL },
	{ "dry-run", 0, NULL, "only tell what would be taken", NULL,
	  &asked.dry_run },
	OPT_JSON(asked.json),
	OPT_END
};

static int configure(struct coord_config *cfg, const char *file)
{
	const struct {
		const char *key, *option, *word;
	} words[] = {
		{ "name", "--name", asked.name },
		{ "cpus", "--cpus", asked.cpus },
		{ "cpu_list", "--cpu-list", asked.cpu_list },
		{ "memory", "--mem", asked.mem },
		{ "mem_from", "--mem-from", asked.mem_from },
		{ "from", "--from", asked.from },
		{ "numa", "--numa", asked.numa },
		{ "image", "--image", asked.image },
		{ "cmdline", "--cmdline", asked.cmdline },
		{ "mode", "--mode", asked.mode },
		{ "owner", "--owner", asked.owner },
		{ "timeout", "--timeout", asked.timeout },
	};
	struct coord_err err;
	size_t i;

	coord_config_init(cfg);
	if (file && coord_config_read(cfg, file, &err))
		return cli_fail(&err);
	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (words[i].word &&
		    coord_config_set(cfg, words[i].key, words[i].word,
				     words[i].option, &err))
			return cli_fail(&err);
	return -1;
}

static int plan_json(const struct coord_config *cfg, const struct coord_plan *p)
{
	cJSON *o = cJSON_CreateObject(), *list, *range;
	uint32_t i;

	cJSON_AddStringToObject(o, "name", cfg->name);
	cJSON_AddStringToObject(o, "image", p->image);
	list = cJSON_AddObjectToObject(o, "pool");
	cJSON_AddStringToObject(list, "cpus", p->pool_cpus);
	json_u64(list, "memory", p->pool_memory);
	cJSON_AddStringToObject(o, "cpus", p->cpus);
	json_node(o, "numa", p->numa);
	cJSON_AddStringToObject(o, "warning", p->warning);
	json_u64(o, "block_size", p->block_size);
	json_u64(o, "blocks", p->nr_blocks);
	list = cJSON_AddArrayToObject(o, "candidates");
	for (i = 0; i < p->nr_candidates; i++)
		cJSON_AddItemToArray(
			list, cJSON_CreateNumber((double)(p->candidates[i] /
							  p->block_size)));
	json_u64(o, "contig", p->contig);
	list = cJSON_AddArrayToObject(o, "ranges");
	for (i = 0; i < p->nr_ranges; i++) {
		range = cJSON_CreateObject();
		json_u64(range, "start", p->ranges[i].start);
		json_u64(range, "size", p->ranges[i].size);
		cJSON_AddItemToArray(list, range);
	}
	return json_print(o);
}

static int plan_text(const struct coord_config *cfg, const struct coord_plan *p)
{
	char a[24], b[24];
	uint32_t i;

	printf("would launch '%s': %s\n", cfg->name, p->image);
	if (p->pool_cpus[0] || p->pool_memory)
		printf("from the pool: CPUs %s, %s of memory\n",
		       p->pool_cpus[0] ? p->pool_cpus : "none",
		       coord_size_format(p->pool_memory, a, sizeof(a)));
	if (p->cpus[0])
		printf("CPUs %s\n", p->cpus);
	if (p->nr_blocks) {
		printf("%s of memory in blocks of %s, tried in this order:",
		       coord_size_format(p->nr_blocks * p->block_size, a,
					 sizeof(a)),
		       coord_size_format(p->block_size, b, sizeof(b)));
		for (i = 0; i < p->nr_candidates; i++)
			printf(" %" PRIu64, p->candidates[i] / p->block_size);
		putchar('\n');
	}
	if (p->contig) {
		printf("%s of contiguous memory, tried in this order:",
		       coord_size_format(p->contig, a, sizeof(a)));
		for (i = 0; i < p->nr_ranges && i < RANGES_SHOWN; i++)
			printf(" 0x%" PRIx64 "+%s", p->ranges[i].start,
			       coord_size_format(p->ranges[i].size, b,
						 sizeof(b)));
		puts(i < p->nr_ranges ? " ..." : "");
	}
	if (p->numa >= 0)
		printf("all from NUMA node %d\n", p->numa);
	if (p->warning[0])
		cli_warn("note: %s", p->warning);
	return EX_DONE;
}

static int dry_run(struct coord *c, const struct coord_config *cfg)
{
	struct coord_plan plan;
	struct coord_err err;
	int ret;

	if (coord_plan(c, cfg, &plan, &err))
		return cli_fail(&err);
	ret = asked.json ? plan_json(cfg, &plan) : plan_text(cfg, &plan);
	coord_plan_free(&plan);
	return ret;
}

static int launch(struct coord *c, const struct coord_config *cfg)
{
	struct coord_err err;
	char *log = NULL;
	cJSON *o;
	int ret;

	if (coord_launch(c, cfg, &log, &err)) {
		if (log)
			fprintf(stderr, "%s%s", log,
				log[0] && log[strlen(log) - 1] == '\n' ? ""
								       : "\n");
		ret = cli_fail(&err);
	} else if (asked.json) {
		o = cJSON_CreateObject();
		cJSON_AddStringToObject(o, "name", cfg->name);
		cJSON_AddStringToObject(o, "state", "running");
		ret = json_print(o);
	} else {
		printf("%s is running\n", cfg->name);
		ret = EX_DONE;
	}
	free(log);
	return ret;
}

int verb_launch(const struct verb *v, int argc, char **argv)
{
	struct coord_config cfg;
	struct coord *c;
	int first, ret = options(v, opts, argc, argv, 0, 1, &first);

	if (ret >= 0)
		return ret;
	if (asked.cpus && asked.cpu_list)
		return usage_error(v,
				   "--cpus and --cpu-list exclude each other");
	ret = configure(&cfg, first < argc ? argv[first] : NULL);
	if (ret >= 0)
		return ret;
	ret = cli_open(&c);
	if (ret >= 0)
		return ret;
	ret = asked.dry_run ? dry_run(c, &cfg) : launch(c, &cfg);
	coord_close(c);
	return ret;
}
