// SPDX-License-Identifier: GPL-2.0
/* cokctl stop, cokctl kill, cokctl destroy */
#include <stdlib.h>

#include "verbs.h"

int verb_stop(const struct verb *v, int argc, char **argv)
{
	const char *seconds = NULL;
	const struct opt opts[] = { { "timeout", 0, "S",
				      "seconds it may take (30)", &seconds,
				      NULL },
				    OPT_END };
	unsigned int timeout = 30000;
	struct coord_err err;
	struct coord *c;
	int first, ret = options(v, opts, argc, argv, 1, 1, &first);

	if (ret >= 0)
		return ret;
	if (parse_seconds(v, "--timeout", seconds, &timeout))
		return EX_USE;
	ret = cli_open(&c);
	if (ret >= 0)
		return ret;
	ret = coord_stop(c, argv[first], timeout, &err) ? cli_fail(&err)
							: EX_DONE;
	coord_close(c);
	return ret;
}

int verb_kill(const struct verb *v, int argc, char **argv)
{
	const struct opt none[] = { OPT_END };
	struct coord_err err;
	struct coord *c;
	int first, ret = options(v, none, argc, argv, 1, 1, &first);

	if (ret >= 0)
		return ret;
	/* What it has to settle may be a deal with this enclave. */
	ret = cli_open_at_once(&c);
	if (ret >= 0)
		return ret;
	ret = coord_kill(c, argv[first], &err) ? cli_fail(&err) : EX_DONE;
	coord_close(c);
	return ret;
}

/* Carries on after a failure, and exits with the first one's status. */
static int destroy_all(struct coord *c,
		       int (*destroy)(struct coord *, const char *,
				      struct coord_err *))
{
	struct coord_enclave *e = NULL;
	struct coord_err err;
	ssize_t n = coord_enclaves(c, &e, &err), i;
	int ret = EX_DONE, status;

	if (n < 0)
		return cli_fail(&err);
	for (i = 0; i < n && !cli_interrupted(); i++) {
		if (!destroy(c, e[i].name, &err))
			continue;
		fprintf(stderr, "cokctl: '%s' could not be destroyed:\n",
			e[i].name);
		status = cli_fail(&err);
		if (ret == EX_DONE)
			ret = status;
	}
	coord_enclaves_free(e, (size_t)n);
	return cli_interrupted() ? EX_INTERRUPTED : ret;
}

int verb_destroy(const struct verb *v, int argc, char **argv)
{
	bool all = false, home = false;
	const struct opt opts[] = {
		{ "all", 0, NULL, "every enclave", NULL, &all },
		{ "home", 0, NULL, "to Linux, also what is of the pool", NULL,
		  &home },
		OPT_END
	};
	int (*destroy)(struct coord *, const char *, struct coord_err *);
	struct coord_err err;
	struct coord *c;
	int first, ret = options(v, opts, argc, argv, 0, 1, &first);

	if (ret >= 0)
		return ret;
	if (all == (first < argc))
		return usage_error(v, "give a NAME or --all");
	ret = cli_open(&c);
	if (ret >= 0)
		return ret;
	destroy = home ? coord_destroy_home : coord_destroy;
	if (all)
		ret = destroy_all(c, destroy);
	else
		ret = destroy(c, argv[first], &err) ? cli_fail(&err) : EX_DONE;
	coord_close(c);
	return ret;
}
