// SPDX-License-Identifier: GPL-2.0
/* cokctl reclaim */
#include <stdlib.h>
#include <unistd.h>

#include "verbs.h"

int verb_reclaim(const struct verb *v, int argc, char **argv)
{
	const struct opt none[] = { OPT_END };
	struct coord_err err;
	struct coord *c;
	char report[512];
	int first, ret = options(v, none, argc, argv, 0, 0, &first);

	if (ret >= 0)
		return ret;
	/* This already does and reports it; what is left is a failure. */
	ret = cli_open(&c);
	if (ret >= 0)
		return ret;
	ret = coord_reclaim(c, report, sizeof(report), &err) < 0
		      ? cli_fail(&err)
		      : EX_DONE;
	coord_close(c);
	return ret;
}
