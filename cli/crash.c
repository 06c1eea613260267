// SPDX-License-Identifier: GPL-2.0
/* cokctl crash, cokctl dump: the post-mortem of an enclave that has ended. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "status.h"
#include "verbs.h"

#define FRAMES	  32
#define LOG_LINES 20

static void print_frames(struct coord *c, const char *name, uint32_t slot,
			 const char *image)
{
	struct coord_frame f[FRAMES];
	struct coord_err err;
	ssize_t i, n = coord_backtrace(c, name, slot, image, f, FRAMES, &err);

	if (n < 0)
		printf("    no backtrace: %s\n", err.text);
	for (i = 0; i < n; i++) {
		printf("    #%zd %016" PRIx64, i, f[i].addr);
		if (f[i].symbol[0]) {
			fputs(" ", stdout);
			put_text(stdout, f[i].symbol);
			printf("+0x%" PRIx64, f[i].offset);
		}
		putchar('\n');
	}
}

static cJSON *json_frames(struct coord *c, const char *name, uint32_t slot,
			  const char *image)
{
	cJSON *o, *list = cJSON_CreateArray();
	struct coord_frame f[FRAMES];
	struct coord_err err;
	ssize_t i, n = coord_backtrace(c, name, slot, image, f, FRAMES, &err);

	for (i = 0; i < n; i++) {
		o = cJSON_CreateObject();
		json_u64(o, "address", f[i].addr);
		cJSON_AddStringToObject(o, "symbol", f[i].symbol);
		json_u64(o, "offset", f[i].offset);
		cJSON_AddItemToArray(list, o);
	}
	return list;
}

static int as_json(struct coord *c, const struct coord_enclave *e,
		   const char *image)
{
	cJSON *core, *cores, *o = cJSON_CreateObject();
	uint32_t i;

	cJSON_AddStringToObject(o, "name", e->name);
	cJSON_AddStringToObject(o, "state", coord_state_name(e->state));
	cJSON_AddStringToObject(o, "reason", e->reason);
	cores = cJSON_AddArrayToObject(o, "cores");
	for (i = 0; i < e->nr_cores; i++) {
		core = cJSON_CreateObject();
		json_u64(core, "slot", e->cores[i].slot);
		json_u64(core, "cpu", e->cores[i].cpu);
		cJSON_AddItemToObject(core, "backtrace",
				      json_frames(c, e->name, e->cores[i].slot,
						  image));
		cJSON_AddItemToArray(cores, core);
	}
	return json_print(o);
}

static int as_text(struct coord *c, const struct coord_enclave *e,
		   const char *image)
{
	char since[32], *tail = coord_dev_tail(e->name, LOG_LINES);
	uint32_t i;

	printf("%s: %s for %s%s%s\n", e->name, coord_state_name(e->state),
	       since_text(e->time_ns, since, sizeof(since)),
	       e->reason[0] ? ": " : "", e->reason);
	for (i = 0; i < e->nr_cores; i++) {
		printf("  core %u: cpu %u, apic %u\n", e->cores[i].slot,
		       e->cores[i].cpu, e->cores[i].apic_id);
		if (e->cores[i].has_regs && e->cores[i].regs.seq)
			print_regs(&e->cores[i].regs);
		print_frames(c, e->name, e->cores[i].slot, image);
	}
	if (tail)
		printf("  the last it printed:\n%s", tail);
	free(tail);
	return EX_DONE;
}

static int show(struct coord *c, const char *name, const char *image, bool json)
{
	struct coord_enclave *e;
	struct coord_err err;
	int ret;

	if (coord_enclave(c, name, &e, &err))
		return cli_fail(&err);
	if (e->state == COK_ST_STOPPED || e->state == COK_ST_FAILED) {
		ret = json ? as_json(c, e, image) : as_text(c, e, image);
	} else {
		cli_warn(
			"enclave '%s' is %s: there is a post-mortem once it has ended; see 'cokctl kill'",
			name, coord_state_name(e->state));
		ret = EX_BUSY;
	}
	coord_enclaves_free(e, 1);
	return ret;
}

int verb_crash(const struct verb *v, int argc, char **argv)
{
	const char *image = NULL;
	bool json = false;
	const struct opt opts[] = { { "image", 0, "FILE",
				      "the image, for names (the default one)",
				      &image, NULL },
				    OPT_JSON(json),
				    OPT_END };
	int first, ret = options(v, opts, argc, argv, 1, 1, &first);
	struct coord *c;

	if (ret >= 0)
		return ret;
	ret = cli_open(&c);
	if (ret >= 0)
		return ret;
	ret = show(c, argv[first], image, json);
	coord_close(c);
	return ret;
}

int verb_dump(const struct verb *v, int argc, char **argv)
{
	const struct opt opts[] = { OPT_END };
	int first, ret = options(v, opts, argc, argv, 2, 2, &first);
	struct coord_err err;
	struct coord *c;

	if (ret >= 0)
		return ret;
	ret = cli_open(&c);
	if (ret >= 0)
		return ret;
	ret = coord_dump(c, argv[first], argv[first + 1], &err) ? cli_fail(&err)
								: EX_DONE;
	coord_close(c);
	return ret;
}
