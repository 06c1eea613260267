// SPDX-License-Identifier: GPL-2.0
/* How a negotiation went: a line, a table or JSON. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "verbs.h"

static cJSON *json_amount(const struct coord_amount *a)
{
	cJSON *o = cJSON_CreateObject();

	json_u64(o, "cpus", a->cpus);
	json_u64(o, "memory", a->memory);
	return o;
}

static void json_why(cJSON *o, uint32_t why)
{
	if (why)
		cJSON_AddStringToObject(o, "why", coord_why_text(why));
	else
		cJSON_AddNullToObject(o, "why");
}

static cJSON *json_result(const struct coord_result *r)
{
	cJSON *o = cJSON_CreateObject();

	json_u64(o, "lease", r->lease);
	cJSON_AddStringToObject(o, "kind", coord_kind_name(r->kind));
	if (r->kind == COK_RES_CPU)
		json_u64(o, "cpu", r->cpu);
	else
		json_u64(o, "start", r->start);
	json_u64(o, "asked", r->asked);
	json_u64(o, "agreed", r->agreed);
	cJSON_AddBoolToObject(o, "moved", r->moved);
	json_why(o, r->why);
	return o;
}

static const char *outcome(const struct coord_err *err)
{
	if (!err)
		return "done";
	switch (err->code) {
	case COORD_E_PARTIAL:
		return "partial";
	case COORD_E_DECLINED:
		return "declined";
	case COORD_E_TIMEOUT:
		return "timed out";
	default:
		return "failed";
	}
}

static int deal_json(const struct deal_told *t)
{
	const struct coord_deal *d = t->deal;
	cJSON *o = cJSON_CreateObject(), *list;
	uint32_t i;

	cJSON_AddStringToObject(o, "enclave", t->name);
	cJSON_AddStringToObject(o, "outcome",
				t->killed ? "killed" : outcome(t->err));
	cJSON_AddItemToObject(o, "asked", json_amount(&d->asked));
	cJSON_AddItemToObject(o, t->grown ? "offered" : "listed",
			      json_amount(&d->offered));
	cJSON_AddItemToObject(o, "agreed", json_amount(&d->agreed));
	cJSON_AddItemToObject(o, "moved", json_amount(&d->moved));
	json_why(o, t->err ? t->err->why : COK_WHY_NONE);
	if (t->err)
		cJSON_AddStringToObject(o, "error", t->err->text);
	list = cJSON_AddArrayToObject(o, "results");
	for (i = 0; i < d->nr_results; i++)
		cJSON_AddItemToArray(list, json_result(&d->results[i]));
	return json_print(o);
}

static void amount_row(struct table *t, const char *what,
		       const struct coord_amount *a)
{
	char buf[48];

	table_row(t, what, coord_amount_text(a, buf, sizeof(buf)));
}

static void print_amounts(const struct deal_told *t)
{
	struct table *table = table_new(2, "STEP", "AMOUNT");

	amount_row(table, "asked", &t->deal->asked);
	amount_row(table, t->grown ? "offered" : "listed", &t->deal->offered);
	amount_row(table, "agreed", &t->deal->agreed);
	amount_row(table, "moved", &t->deal->moved);
	table_print(table);
}

static const char *portion(const struct coord_result *r, uint64_t n, char *buf,
			   size_t size)
{
	if (!n)
		snprintf(buf, size, "-");
	else if (r->kind == COK_RES_CPU)
		snprintf(buf, size, "%" PRIu64, n);
	else
		coord_size_format(n, buf, size);
	return buf;
}

static void print_results(const struct coord_deal *d)
{
	struct table *t = table_new(6, "LEASE", "RESOURCE", "ASKED", "AGREED",
				    "MOVED", "WHY NOT MORE");
	char id[16], what[40], asked[24], agreed[24];
	uint32_t i;

	for (i = 0; i < d->nr_results; i++) {
		const struct coord_result *r = &d->results[i];

		snprintf(id, sizeof(id), "%u", r->lease);
		if (r->kind == COK_RES_CPU)
			snprintf(what, sizeof(what), "cpu %u", r->cpu);
		else
			snprintf(what, sizeof(what), "memory 0x%" PRIx64,
				 r->start);
		table_row(t, id, what,
			  portion(r, r->asked, asked, sizeof(asked)),
			  portion(r, r->agreed, agreed, sizeof(agreed)),
			  r->moved ? "yes" : "no",
			  r->why ? coord_why_text(r->why) : "");
	}
	table_print(t);
}

void tell_deal(const struct deal_told *t)
{
	char moved[48];

	if (t->json) {
		deal_json(t);
		return;
	}
	if (verbose && t->deal->nr_results) {
		print_amounts(t);
		print_results(t->deal);
	}
	if (t->deal->moved.cpus || t->deal->moved.memory)
		printf(t->grown ? "%s has got %s\n" : "%s has given %s\n",
		       t->name,
		       coord_amount_text(&t->deal->moved, moved,
					 sizeof(moved)));
}
