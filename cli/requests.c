// SPDX-License-Identifier: GPL-2.0
/* cokctl requests, cokctl deny; grant is with grow. */
#include <inttypes.h>
#include <stdlib.h>

#include "verbs.h"

static cJSON *json_request(const struct coord_request *r)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "name", r->name);
	json_u64(o, "enclave", r->enclave);
	json_u64(o, "number", r->number);
	cJSON_AddStringToObject(o, "kind", coord_kind_name(r->kind));
	json_u64(o, "cpus", r->amount.cpus);
	json_u64(o, "memory", r->amount.memory);
	cJSON_AddStringToObject(o, "urgency", coord_urgency_name(r->urgency));
	json_u64(o, "time_ns", r->time_ns);
	return o;
}

static void print_table(const struct coord_request *r, ssize_t n)
{
	struct table *t =
		table_new(4, "REQUEST", "ASKS FOR", "URGENCY", "WAITS");
	char id[COK_NAME_MAX + 24], amount[48], since[32];
	ssize_t i;

	for (i = 0; i < n; i++) {
		snprintf(id, sizeof(id), "%s:%" PRIu64, r[i].name, r[i].number);
		table_row(t, id,
			  coord_amount_text(&r[i].amount, amount,
					    sizeof(amount)),
			  coord_urgency_name(r[i].urgency),
			  since_text(r[i].time_ns, since, sizeof(since)));
	}
	table_print(t);
}

int verb_requests(const struct verb *v, int argc, char **argv)
{
	struct coord_request *r = NULL;
	struct coord_err err;
	struct coord *c;
	bool json = false;
	const struct opt opts[] = { OPT_JSON(json), OPT_END };
	int first, ret = options(v, opts, argc, argv, 0, 1, &first);
	ssize_t n, i;
	cJSON *all;

	if (ret >= 0)
		return ret;
	ret = cli_open(&c);
	if (ret >= 0)
		return ret;
	n = coord_requests(c, first < argc ? argv[first] : NULL, &r, &err);
	if (n < 0) {
		ret = cli_fail(&err);
	} else if (json) {
		all = cJSON_CreateArray();
		for (i = 0; i < n; i++)
			cJSON_AddItemToArray(all, json_request(&r[i]));
		ret = json_print(all);
	} else {
		print_table(r, n);
		ret = EX_DONE;
	}
	free(r);
	coord_close(c);
	return ret;
}

int verb_deny(const struct verb *v, int argc, char **argv)
{
	const struct opt none[] = { OPT_END };
	char name[COK_NAME_MAX];
	struct coord_err err;
	struct coord *c;
	uint64_t number;
	int first, ret = options(v, none, argc, argv, 1, 1, &first);

	if (ret >= 0)
		return ret;
	if (coord_request_parse(argv[first], name, &number, &err))
		return usage_error(v, "%s", err.text);
	ret = cli_open(&c);
	if (ret >= 0)
		return ret;
	ret = coord_deny(c, name, number, &err) ? cli_fail(&err) : EX_DONE;
	coord_close(c);
	return ret;
}
