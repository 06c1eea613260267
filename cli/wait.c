// SPDX-License-Identifier: GPL-2.0
/* cokctl wait */
#include "verbs.h"

int verb_wait(const struct verb *v, int argc, char **argv)
{
	const char *seconds = NULL;
	const struct opt opts[] = { { "timeout", 0, "S",
				      "seconds to wait at most (60)", &seconds,
				      NULL },
				    OPT_END };
	unsigned int timeout = 60000;
	struct coord_err err;
	struct coord *c;
	int state, first, ret = options(v, opts, argc, argv, 2, 2, &first);

	if (ret >= 0)
		return ret;
	if (parse_seconds(v, "--timeout", seconds, &timeout))
		return EX_USE;
	state = coord_state_by_name(argv[first + 1]);
	if (state < 0)
		return usage_error(
			v,
			"'%s' is not a state: use created, loaded, booting, running, stopping, stopped, failed or destroyed",
			argv[first + 1]);
	ret = cli_open(&c);
	if (ret >= 0)
		return ret;
	ret = coord_wait(c, argv[first], (uint32_t)state, timeout, &err)
		      ? cli_fail(&err)
		      : EX_DONE;
	coord_close(c);
	return ret;
}
