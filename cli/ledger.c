// SPDX-License-Identifier: GPL-2.0
/* cokctl ledger */
#include <stdlib.h>

#include "verbs.h"

static void print_table(const struct coord_lease *l, ssize_t n)
{
	struct table *t = table_new(7, "LEASE", "RESOURCE", "STATE", "ENCLAVE",
				    "OPERATION", "ZONE", "USE");
	char id[16], what[64], enclave[16], op[32];
	ssize_t i;

	for (i = 0; i < n; i++) {
		snprintf(id, sizeof(id), "%u", l[i].id);
		snprintf(enclave, sizeof(enclave), l[i].enclave ? "%u" : "-",
			 l[i].enclave);
		snprintf(op, sizeof(op), l[i].op ? "%u%s" : "-", l[i].op,
			 l[i].op_alive ? "" : " (abandoned)");
		table_row(t, id, lease_text(&l[i], what, sizeof(what)),
			  coord_lease_state_name(l[i].state), enclave, op,
			  l[i].zone[0] ? l[i].zone : "-",
			  l[i].boot ? l[i].reserved ? "boot, pool" : "boot"
			  : l[i].reserved ? "pool"
					  : "");
	}
	table_print(t);
}

int verb_ledger(const struct verb *v, int argc, char **argv)
{
	struct coord_lease *l = NULL;
	struct coord_err err;
	struct coord *c;
	bool json = false;
	const struct opt opts[] = { OPT_JSON(json), OPT_END };
	int first, ret = options(v, opts, argc, argv, 0, 0, &first);
	ssize_t n, i;
	cJSON *all;

	if (ret >= 0)
		return ret;
	ret = cli_open(&c);
	if (ret >= 0)
		return ret;
	n = coord_leases(c, &l, &err);
	if (n < 0) {
		ret = cli_fail(&err);
	} else if (json) {
		all = cJSON_CreateArray();
		for (i = 0; i < n; i++)
			cJSON_AddItemToArray(all, json_lease(&l[i]));
		ret = json_print(all);
	} else {
		print_table(l, n);
		ret = EX_DONE;
	}
	free(l);
	coord_close(c);
	return ret;
}
