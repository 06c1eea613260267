// SPDX-License-Identifier: GPL-2.0
/* cokctl doctor */
#include <stdlib.h>
#include <unistd.h>

#include "verbs.h"

static const char *const levels[] = { "good", "note", "BAD" };

static int print_json(const struct coord_check *k, ssize_t n)
{
	static const char *const words[] = { "good", "warning", "bad" };
	cJSON *all = cJSON_CreateArray(), *o;
	ssize_t i;

	for (i = 0; i < n; i++) {
		o = cJSON_CreateObject();
		cJSON_AddStringToObject(o, "check", k[i].id);
		cJSON_AddStringToObject(o, "level", words[k[i].level]);
		cJSON_AddStringToObject(o, "text", k[i].text);
		cJSON_AddItemToArray(all, o);
	}
	return json_print(all);
}

int verb_doctor(const struct verb *v, int argc, char **argv)
{
	struct coord_check *k;
	struct coord *c = NULL;
	struct coord_err err;
	bool json = false;
	const struct opt opts[] = { OPT_JSON(json), OPT_END };
	int first, ret = options(v, opts, argc, argv, 0, 0, &first);
	ssize_t n, i;

	if (ret >= 0)
		return ret;
	cli_recover();
	if (geteuid() || coord_open(&c, NULL, &err))
		c = NULL;
	n = coord_doctor(c, &k, &err);
	coord_close(c);
	if (n < 0)
		return cli_fail(&err);
	if (json)
		print_json(k, n);
	ret = EX_DONE;
	for (i = 0; i < n; i++) {
		if (!json)
			printf("%-5s %-10s  %s\n", levels[k[i].level], k[i].id,
			       k[i].text);
		if (k[i].level == COORD_BAD)
			ret = EX_FAIL;
	}
	if (!json)
		puts(ret ? "This host can not launch enclaves as it is."
			 : "This host can launch enclaves.");
	free(k);
	return ret;
}
