// SPDX-License-Identifier: GPL-2.0
/* cokctl list */
#include <stdlib.h>

#include "verbs.h"

struct held {
	unsigned int cpus;
	uint64_t memory;
};

static struct held held_by(const struct coord_lease *l, ssize_t n, uint32_t id)
{
	struct held h = { 0 };
	ssize_t i;

	for (i = 0; i < n; i++) {
		if (l[i].enclave != id)
			continue;
		if (l[i].kind == COK_RES_CPU)
			h.cpus++;
		else
			h.memory += l[i].size;
	}
	return h;
}

static void print_table(const struct coord_enclave *e, ssize_t n,
			const struct coord_lease *l, ssize_t nl)
{
	struct table *t = table_new(6, "NAME", "STATE", "CPUS", "MEMORY",
				    "SINCE", "REASON");
	char cpus[16], mem[24], since[32];
	struct held h;
	ssize_t i;

	for (i = 0; i < n; i++) {
		h = held_by(l, nl, e[i].id);
		snprintf(cpus, sizeof(cpus), "%u", h.cpus);
		table_row(t, e[i].name, coord_state_name(e[i].state), cpus,
			  coord_size_format(h.memory, mem, sizeof(mem)),
			  since_text(e[i].time_ns, since, sizeof(since)),
			  e[i].reason);
	}
	table_print(t);
}

static int print_json(const struct coord_enclave *e, ssize_t n,
		      const struct coord_lease *l, ssize_t nl)
{
	cJSON *all = cJSON_CreateArray(), *o;
	struct held h;
	ssize_t i;

	for (i = 0; i < n; i++) {
		h = held_by(l, nl, e[i].id);
		o = cJSON_CreateObject();
		cJSON_AddStringToObject(o, "name", e[i].name);
		json_u64(o, "id", e[i].id);
		cJSON_AddStringToObject(o, "state",
					coord_state_name(e[i].state));
		cJSON_AddStringToObject(o, "reason", e[i].reason);
		json_u64(o, "cpus", h.cpus);
		json_u64(o, "memory", h.memory);
		json_u64(o, "since_ns", e[i].time_ns);
		json_u64(o, "owner", e[i].uid);
		cJSON_AddItemToArray(all, o);
	}
	return json_print(all);
}

int verb_list(const struct verb *v, int argc, char **argv)
{
	struct coord_enclave *e = NULL;
	struct coord_lease *l = NULL;
	struct coord_err err;
	struct coord *c;
	bool json = false;
	const struct opt opts[] = { OPT_JSON(json), OPT_END };
	int first, ret = options(v, opts, argc, argv, 0, 0, &first);
	ssize_t n, nl;

	if (ret >= 0)
		return ret;
	ret = cli_open(&c);
	if (ret >= 0)
		return ret;
	n = coord_enclaves(c, &e, &err);
	nl = n < 0 ? -1 : coord_leases(c, &l, &err);
	if (nl < 0) {
		ret = cli_fail(&err);
	} else if (json) {
		ret = print_json(e, n, l, nl);
	} else {
		print_table(e, n, l, nl);
		ret = EX_DONE;
	}
	if (n > 0)
		coord_enclaves_free(e, (size_t)n);
	free(l);
	coord_close(c);
	return ret;
}
