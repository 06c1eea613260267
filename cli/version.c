// SPDX-License-Identifier: GPL-2.0
/* cokctl version */
#include <unistd.h>

#include "verbs.h"

int verb_version(const struct verb *v, int argc, char **argv)
{
	const struct coord_info *i = NULL;
	struct coord *c = NULL;
	struct coord_err err;
	bool json = false;
	const struct opt opts[] = { OPT_JSON(json), OPT_END };
	int first, ret = options(v, opts, argc, argv, 0, 0, &first);
	cJSON *o;

	if (ret >= 0)
		return ret;
	/* No recovery and no loading here: it only looks. */
	if (!geteuid() && !coord_open(&c, NULL, &err))
		coord_info(c, &i, &err);
	if (json) {
		o = cJSON_CreateObject();
		cJSON_AddStringToObject(o, "cokctl", coord_version());
		if (i)
			cJSON_AddStringToObject(o, "module", i->version);
		if (i)
			json_u64(o, "abi_major", i->abi_major);
		if (i)
			json_u64(o, "abi_minor", i->abi_minor);
		ret = json_print(o);
	} else {
		printf("cokctl %s\n", coord_version());
		if (i)
			printf("module %s, ABI %u.%u\n", i->version,
			       i->abi_major, i->abi_minor);
		ret = EX_DONE;
	}
	coord_close(c);
	return ret;
}
