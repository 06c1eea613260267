// SPDX-License-Identifier: GPL-2.0
/*
 * deals [-n TIMES] IMAGE   measures negotiations with the co-kernel IMAGE, the
 *                          dealer of test/guest/rogue, which does as it is told
 *
 * Per kind: how long the call took, and of that the deal itself (from the
 * request to the module until its job ended), as p50, p99 and maximum; and
 * messages and doorbells, both ways, for each. The first ones of each kind warm
 * up and do not count.
 */
#include "measure.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stats.h"

#define WARM_UP 5
#define MAX	10000

static struct coord *c;
static struct coord_err err;
static int console = -1;

/* ---- the time of the deal in that of the call ------------------------------------ */

static uint64_t deal_began, deal_ns;

static void end_deal(uint64_t now)
{
	if (deal_began)
		deal_ns += now - deal_began;
	deal_began = 0;
}

static void on_step(void *arg, const char *text, unsigned int ms)
{
	uint64_t now = now_ns();

	(void)arg;
	if (ms)
		return;
	end_deal(now);
	if (!strncmp(text, "grow", 4) || !strncmp(text, "shrink", 6))
		deal_began = now;
}

/* ---- the co-kernel ----------------------------------------------------------------- */

static void launch(const char *image)
{
	struct coord_config cfg;

	coord_config_init(&cfg);
	snprintf(cfg.name, sizeof(cfg.name), NAME);
	snprintf(cfg.image, sizeof(cfg.image), "%s", image);
	cfg.cpus = 1;
	cfg.memory = 16 << 20;
	cfg.mem_from = COORD_MEM_CONTIG;
	if (coord_launch(c, &cfg, NULL, &err))
		die("launch: %s", err.text);
	console = coord_dev_open(NAME, O_RDWR | O_CLOEXEC, &err);
	if (console < 0)
		die("console: %s", err.text);
}

/* Types a line, and waits for the answer to it, the next that is printed. */
static void tell(const char *text)
{
	char all[4096] = "", answer[80], line[80];
	int n = snprintf(line, sizeof(line), "%s\n", text);
	size_t used = 0;
	ssize_t got;

	snprintf(answer, sizeof(answer), "dealer: done: %s.\n", text);
	if (lseek(console, 0, SEEK_END) < 0 || write(console, line, n) != n)
		die("console: it can't be told '%s'", text);
	while (!strstr(all, answer)) {
		if (used > sizeof(all) / 2)
			used = 0;
		got = read(console, all + used, sizeof(all) - 1 - used);
		if (got <= 0)
			die("console: no answer to '%s'", text);
		used += (size_t)got;
		all[used] = '\0';
	}
}

static void counters(uint64_t *out)
{
	struct coord_enclave *e;

	if (coord_enclave(c, NAME, &e, &err))
		die("status: %s", err.text);
	memcpy(out, e->counters, sizeof(e->counters));
	coord_enclaves_free(e, 1);
}

/* ---- one of each kind ---------------------------------------------------------------- */

struct kind {
	const char *name;
	const char *policy; /* that it is told before; NULL: the same */
	bool grow;
	const char *ask; /* it asks for that, which is granted */
	struct coord_change change;
	enum coord_code ends;
};

#define UNIT  (2ULL << 20)
#define HOW   .name = NAME, .timeout = 10000
#define RANGE HOW, .mem_from = COORD_MEM_CONTIG

static const struct kind kinds[] = {
	{ "grow 2M, from Linux",
	  "agree",
	  true,
	  NULL,
	  { RANGE, .memory = UNIT },
	  COORD_OK },
	{ "shrink 2M", NULL, false, NULL, { RANGE, .memory = UNIT }, COORD_OK },
	{ "grow a CPU, from Linux",
	  NULL,
	  true,
	  NULL,
	  { HOW, .cpus = 1 },
	  COORD_OK },
	{ "shrink a CPU", NULL, false, NULL, { HOW, .cpus = 1 }, COORD_OK },
	{ "request 2M, granted", NULL, true, "ask mem 2", { RANGE }, COORD_OK },
	{ "shrink 2M again",
	  NULL,
	  false,
	  NULL,
	  { RANGE, .memory = UNIT },
	  COORD_OK },
	{ "grow 4M, in part",
	  "half",
	  true,
	  NULL,
	  { RANGE, .memory = 2 * UNIT, .flags = COORD_BEST_EFFORT },
	  COORD_E_PARTIAL },
	{ "shrink 2M a third time",
	  "agree",
	  false,
	  NULL,
	  { RANGE, .memory = UNIT },
	  COORD_OK },
	{ "grow 2M, declined",
	  "refuse",
	  true,
	  NULL,
	  { RANGE, .memory = UNIT },
	  COORD_E_DECLINED },
};

#define NR_KINDS (sizeof(kinds) / sizeof(*kinds))

struct values {
	double call[MAX], deal[MAX];
	uint64_t sums[COK_N_COUNT];
	size_t n;
};
static struct values values[NR_KINDS];

/* The number of its request, once the host has it. */
static uint64_t request(const char *text)
{
	struct coord_request *r = NULL;
	uint64_t number = 0;
	ssize_t n;

	tell(text);
	while (!number) {
		n = coord_requests(c, NAME, &r, &err);
		if (n < 0)
			die("requests: %s", err.text);
		if (n)
			number = r[0].number;
		free(r);
		if (!number)
			usleep(1000);
	}
	return number;
}

static int change(const struct kind *k, uint64_t number)
{
	if (number)
		return coord_grant(c, &k->change, number, NULL, &err);
	return k->grow ? coord_grow(c, &k->change, NULL, &err)
		       : coord_shrink(c, &k->change, NULL, &err);
}

static void one(size_t i, bool counts)
{
	uint64_t before[COK_N_COUNT], after[COK_N_COUNT], began, ended, number;
	const struct kind *k = &kinds[i];
	struct values *v = &values[i];
	int ret, n;

	if (k->policy)
		tell(k->policy);
	number = k->ask ? request(k->ask) : 0;
	counters(before);
	deal_ns = deal_began = 0;
	began = now_ns();
	ret = change(k, number);
	ended = now_ns();
	end_deal(ended);
	if ((ret ? err.code : COORD_OK) != k->ends)
		die("%s: %s", k->name, ret ? err.text : "it was done");
	/* What is said after the end, as DONE is, belongs to it. */
	usleep(20000);
	counters(after);
	if (!counts)
		return;
	v->call[v->n] = (double)(ended - began) / 1e6;
	v->deal[v->n++] = (double)deal_ns / 1e6;
	for (n = 0; n < COK_N_COUNT; n++)
		v->sums[n] += after[n] - before[n];
}

/* ---- the table -------------------------------------------------------------------------- */

static double per(const struct values *v, int counter)
{
	return (double)v->sums[counter] / (double)v->n;
}

static void print(const char *name, struct values *v)
{
	printf("%-24s %4zu %8.2f %8.2f %8.2f  %8.2f %8.2f %8.2f  %5.1f %5.1f  %5.1f %5.1f\n",
	       name, v->n, quantile_of(v->call, v->n, 0.5),
	       quantile_of(v->call, v->n, 0.99), quantile_of(v->call, v->n, 1),
	       quantile_of(v->deal, v->n, 0.5),
	       quantile_of(v->deal, v->n, 0.99), quantile_of(v->deal, v->n, 1),
	       per(v, COK_N_MSGS_OUT), per(v, COK_N_MSGS_IN),
	       per(v, COK_N_DOORBELLS_OUT), per(v, COK_N_DOORBELLS_IN));
}

static void print_all(void)
{
	size_t i;

	printf("%-24s %4s %26s  %26s  %11s  %11s\n", "", "", "call, ms",
	       "deal, ms", "messages", "doorbells");
	printf("%-24s %4s %8s %8s %8s  %8s %8s %8s  %5s %5s  %5s %5s\n", "kind",
	       "n", "p50", "p99", "max", "p50", "p99", "max", "out", "in",
	       "out", "in");
	for (i = 0; i < NR_KINDS; i++)
		print(kinds[i].name, &values[i]);
}

int main(int argc, char **argv)
{
	const struct coord_hooks hooks = { .step = on_step };
	long i, n = 200;
	size_t k;
	int opt;

	while ((opt = getopt(argc, argv, "n:")) != -1)
		n = opt == 'n' ? atol(optarg) : 0;
	if (n < 1 || n > MAX || optind != argc - 1)
		die("usage: deals [-n TIMES] IMAGE");
	if (coord_open(&c, NULL, &err))
		die("%s", err.text);
	coord_set_hooks(c, &hooks);
	launch(argv[optind]);
	for (i = -WARM_UP; i < n; i++)
		for (k = 0; k < NR_KINDS; k++)
			one(k, i >= 0);
	print_all();
	close(console);
	if (coord_destroy(c, NAME, &err))
		die("destroy: %s", err.text);
	coord_close(c);
	return 0;
}
