// SPDX-License-Identifier: GPL-2.0
/* cokctl selftest: is everything as it should be, on this very host? */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "verbs.h"

#define PINGS 100

struct test {
	struct coord *c;
	struct coord_config cfg;
	struct coord_err err;
	char *before;
	bool launched;
};

static int record(struct test *t)
{
	return coord_snapshot(NULL, &t->before, &t->err);
}

static int launch(struct test *t)
{
	const struct coord_info *info;
	char *log = NULL;
	int ret;

	if (coord_info(t->c, &info, &t->err))
		return -1;
	t->cfg.memory = info->block_size;
	t->cfg.from = COORD_FROM_LINUX;
	t->cfg.mem_from = COORD_MEM_BLOCKS;
	ret = coord_launch(t->c, &t->cfg, &log, &t->err);
	if (ret && log)
		fputs(log, stderr);
	free(log);
	t->launched = !ret;
	return ret;
}

static int ping(struct test *t)
{
	int i, ret = 0, fd = coord_dev_open(t->cfg.name, O_RDWR, &t->err);
	uint64_t ns;

	if (fd < 0)
		return -1;
	for (i = 0; i < PINGS && !ret; i++)
		ret = coord_dev_ping(fd, 5000, &ns, &t->err);
	close(fd);
	return ret;
}

static int kill_it(struct test *t)
{
	return coord_kill(t->c, t->cfg.name, &t->err);
}

static int destroy(struct test *t)
{
	t->launched = false;
	return coord_destroy(t->c, t->cfg.name, &t->err);
}

/* Names the first line that differs. */
static int compare(struct test *t)
{
	char *after, *a, *b;
	int ret = 0;

	if (coord_snapshot(NULL, &after, &t->err))
		return -1;
	for (a = t->before, b = after; *a || *b;) {
		size_t n = strcspn(a, "\n"), m = strcspn(b, "\n");

		if (n != m || strncmp(a, b, n)) {
			t->err = (struct coord_err){ .code = COORD_E_FAILED };
			snprintf(
				t->err.text, sizeof(t->err.text),
				"the host is not as before: '%.*s' became '%.*s'",
				(int)n, a, (int)m, b);
			ret = -1;
			break;
		}
		a += n + (a[n] == '\n');
		b += m + (b[m] == '\n');
	}
	free(after);
	return ret;
}

static const struct {
	const char *what;
	int (*run)(struct test *t);
} steps[] = {
	{ "record the host's CPUs, blocks and zones", record },
	{ "launch with one CPU and one memory block", launch },
	{ "exchange messages", ping },
	{ "kill", kill_it },
	{ "destroy, take everything home", destroy },
	{ "compare with what was recorded", compare },
};

static int run(struct test *t)
{
	struct coord_err err;
	size_t i;
	int ret;

	for (i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		uint64_t start = boottime_ns();

		printf("%-42s ", steps[i].what);
		fflush(stdout);
		ret = steps[i].run(t);
		printf("%s (%" PRIu64 " ms)\n", ret ? "FAILED" : "ok",
		       (boottime_ns() - start) / 1000000);
		if (!ret && !cli_interrupted())
			continue;
		ret = ret ? cli_fail(&t->err) : EX_INTERRUPTED;
		if (t->launched && coord_destroy(t->c, t->cfg.name, &err))
			cli_fail(&err);
		puts(ret == EX_INTERRUPTED
			     ? "interrupted: nothing is known"
			     : "NO GO: this host does not run enclaves");
		return ret;
	}
	puts("GO: this host runs enclaves");
	return EX_DONE;
}

int verb_selftest(const struct verb *v, int argc, char **argv)
{
	const char *image = NULL;
	const struct opt opts[] = { { "image", 0, "FILE", "the kernel to boot",
				      &image, NULL },
				    OPT_END };
	struct test t = { 0 };
	int first, ret = options(v, opts, argc, argv, 0, 0, &first);

	if (ret >= 0)
		return ret;
	coord_config_init(&t.cfg);
	snprintf(t.cfg.name, sizeof(t.cfg.name), "selftest-%d", (int)getpid());
	t.cfg.cpus = 1;
	if (image &&
	    coord_config_set(&t.cfg, "image", image, "--image", &t.err))
		return cli_fail(&t.err);
	ret = cli_open(&t.c);
	if (ret >= 0)
		return ret;
	ret = run(&t);
	free(t.before);
	coord_close(t.c);
	return ret;
}
