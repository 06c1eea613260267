// SPDX-License-Identifier: GPL-2.0
/* cokctl ping */
#include <fcntl.h>
#include <unistd.h>

#include "verbs.h"

struct times {
	uint64_t min, max, sum;
	unsigned long n;
};

static int print(const struct times *t, bool json)
{
	uint64_t mean = t->n ? t->sum / t->n : 0;
	cJSON *o;

	if (json) {
		o = cJSON_CreateObject();
		json_u64(o, "count", t->n);
		json_u64(o, "min_ns", t->min);
		json_u64(o, "avg_ns", mean);
		json_u64(o, "max_ns", t->max);
		return json_print(o);
	}
	printf("%lu answers, round trip min/avg/max %.1f/%.1f/%.1f us\n", t->n,
	       (double)t->min / 1e3, (double)mean / 1e3, (double)t->max / 1e3);
	return EX_DONE;
}

static int ping(int fd, unsigned long count, unsigned int timeout, bool json)
{
	struct times t = { .min = UINT64_MAX };
	struct coord_err err;
	uint64_t ns;

	while (t.n < count && !cli_interrupted()) {
		if (coord_dev_ping(fd, timeout, &ns, &err)) {
			if (cli_interrupted())
				break;
			return cli_fail(&err);
		}
		t.n++;
		t.sum += ns;
		t.min = ns < t.min ? ns : t.min;
		t.max = ns > t.max ? ns : t.max;
	}
	if (t.n)
		print(&t, json);
	return t.n < count ? EX_INTERRUPTED : EX_DONE;
}

int verb_ping(const struct verb *v, int argc, char **argv)
{
	const char *times = NULL, *seconds = NULL;
	bool json = false;
	const struct opt opts[] = {
		{ "count", 'c', "N", "how often (1)", &times, NULL },
		{ "timeout", 0, "S", "seconds to wait for each answer (5)",
		  &seconds, NULL },
		OPT_JSON(json),
		OPT_END
	};
	unsigned long count = 1;
	unsigned int timeout = 5000;
	struct coord_err err;
	int fd, first, ret = options(v, opts, argc, argv, 1, 1, &first);

	if (ret >= 0)
		return ret;
	if (parse_number(v, "--count", times, 100000000, &count) ||
	    parse_seconds(v, "--timeout", seconds, &timeout))
		return EX_USE;
	if (timeout > 60000) /* uapi.h */
		timeout = 60000;
	cli_recover();
	cli_catch_signals();
	fd = coord_dev_open(argv[first], O_RDWR, &err);
	if (fd < 0)
		return cli_fail(&err);
	ret = ping(fd, count, timeout, json);
	close(fd);
	return ret;
}
