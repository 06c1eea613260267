// SPDX-License-Identifier: GPL-2.0
/*
 * measure [-n PAIRS]   measures libcoord and cok.ko against Linux's own means,
 *                      as CSV: measure,pair,part,value,unit
 *
 * Each pair measures the same resource both ways, one right after the other,
 * in turns which is first: part "raw" is what Linux alone takes (sysfs), or a
 * bare round trip; part "ours" the whole of ours. "phase NAME" is a part of
 * ours. Pair 0 warms up and is not written.
 */
#include "measure.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stats.h"

static struct coord *c;
static struct coord_err err;
static uint64_t block_size;

#define MUST(call) \
	do { \
		if ((call) < 0) \
			die("%s: %s", #call, err.text); \
	} while (0)

/* ---- phases: from one step that libcoord announces to the next ------------------ */

static const struct {
	const char *begins; /* how libcoord's words begin */
	const char *phase;
} names[] = {
	{ "write offline", "block offline (Linux)" },
	{ "write online", "block online (Linux)" },
	{ "take memory", "verify and scrub" },
	{ "take CPU", "CPU offline (Linux) and park" },
	{ "return CPU", "CPU online (Linux)" },
	{ "return memory", "return block" },
	{ "load", "load image" },
	{ "boot", "boot to READY" },
	{ "grow", "offer to commit" },
	{ "shrink", "recall to commit" },
	{ "destroy", "destroy" },
	{ "kill", "kill" },
};

#define NR_NAMES (sizeof(names) / sizeof(*names))
static uint64_t spent[NR_NAMES + 1]; /* the last: plan, bookkeeping, other */
static size_t phase = NR_NAMES;
static uint64_t phase_began;

static void begin_phase(size_t next)
{
	uint64_t now = now_ns();

	spent[phase] += now - phase_began;
	phase = next;
	phase_began = now;
}

static void on_step(void *arg, const char *text, unsigned int ms)
{
	size_t i;

	(void)arg;
	if (ms)
		return;
	for (i = 0; i < NR_NAMES; i++)
		if (!strncmp(text, names[i].begins, strlen(names[i].begins)))
			break;
	begin_phase(i);
}

static void phases_begin(void)
{
	memset(spent, 0, sizeof(spent));
	phase = NR_NAMES;
	phase_began = now_ns();
}

/* Ends them; their sum, ns. */
static uint64_t phases_end(const char *measure, unsigned int pair)
{
	uint64_t sum = 0;
	char part[64];
	size_t i;

	begin_phase(NR_NAMES);
	for (i = 0; i <= NR_NAMES; i++) {
		sum += spent[i];
		if (!spent[i] || !pair)
			continue;
		snprintf(part, sizeof(part), "phase %s",
			 i < NR_NAMES ? names[i].phase
				      : "plan and bookkeeping");
		row(measure, pair, part, (double)spent[i] / 1e6, "ms");
	}
	return sum;
}

static void pair_row(const char *measure, unsigned int pair, const char *part,
		     uint64_t ns)
{
	if (pair)
		row(measure, pair, part, (double)ns / 1e6, "ms");
}

/* ---- what would be taken next, so that Linux alone can be given the same --------- */

struct target {
	char cpus[256];
	unsigned int cpu;
	uint64_t block;	      /* its number */
	uint64_t refused[16]; /* blocks that are tried before it, and stay */
	unsigned int nr_refused;
};

/* What Linux takes to give that block, refusals before it included. */
static uint64_t raw_offline(const struct target *t)
{
	uint64_t ns = 0;
	unsigned int i;

	for (i = 0; i < t->nr_refused; i++)
		if (block_try(t->refused[i], "offline", &ns))
			die("block %" PRIu64 " went offline, and never before",
			    t->refused[i]);
	return ns + block_write(t->block, "offline");
}

/* The first candidate that Linux does give. */
static void choose_block(struct target *t, const struct coord_plan *plan)
{
	uint64_t ns = 0;
	unsigned int i;

	t->nr_refused = 0;
	for (i = 0; i < plan->nr_candidates && t->nr_refused < 16; i++) {
		t->block = plan->candidates[i] / block_size;
		if (block_try(t->block, "offline", &ns)) {
			block_write(t->block, online_word(t->block));
			return;
		}
		t->refused[t->nr_refused++] = t->block;
	}
	die("no memory block goes offline");
}

static void choose(struct target *t)
{
	struct coord_config cfg;
	struct coord_plan plan;

	coord_config_init(&cfg);
	snprintf(cfg.name, sizeof(cfg.name), "plan");
	cfg.cpus = 1;
	cfg.memory = block_size;
	MUST(coord_plan(c, &cfg, &plan, &err));
	snprintf(t->cpus, sizeof(t->cpus), "%s", plan.cpus);
	t->cpu = (unsigned int)atoi(plan.cpus);
	choose_block(t, &plan);
	coord_plan_free(&plan);
}

/* Was it the block that we gave Linux, too? The newest one is asked for. */
static void check_block(const struct target *t)
{
	struct coord_lease *l;
	uint64_t start = 0;
	ssize_t n = coord_leases(c, &l, &err), i;

	MUST(n);
	for (i = 0; i < n; i++)
		if (l[i].kind == COK_RES_MEM)
			start = l[i].start;
	free(l);
	if (start != t->block * block_size)
		die("block %" PRIu64
		    " refused, so pairs would compare different blocks: boot with movablecore=1G",
		    t->block);
}

/* ---- launch, and home again ----------------------------------------------------------- */

static void launch(const struct target *t)
{
	struct coord_config cfg;
	char *log = NULL;

	coord_config_init(&cfg);
	snprintf(cfg.name, sizeof(cfg.name), NAME);
	snprintf(cfg.cpu_list, sizeof(cfg.cpu_list), "%s", t->cpus);
	cfg.memory = block_size;
	if (coord_launch(c, &cfg, &log, &err))
		die("launch: %s\n%s", err.text, log ? log : "");
	free(log);
}

static void cost_rows(unsigned int pair, int64_t used)
{
	double bytes;

	if (!pair)
		return;
	row("memory", pair, "ours", (double)used, "KiB");
	if (bench_file_there() && bench_file("memory " NAME, &bytes, NULL, 1))
		row("memory", pair, "phase counted by the module", bytes / 1024,
		    "KiB");
}

static void starts_rows(unsigned int pair)
{
	double ns[16], step[16];
	size_t i, n;

	if (!bench_file_there())
		return;
	n = bench_file("starts", ns, step, 16);
	for (i = 0; pair && i < n; i++) {
		row("core start", pair, "ours", ns[i] / 1e6, "ms");
		row("core start", pair, "attempt", step[i] + 1, "");
	}
}

static void launch_ours(const struct target *t, unsigned int pair)
{
	int64_t used = used_kib();

	starts_rows(0);
	phases_begin();
	launch(t);
	pair_row("launch", pair, "ours", phases_end("launch", pair));
	cost_rows(pair, used_kib() - used);
	check_block(t);
	starts_rows(pair);

	phases_begin();
	MUST(coord_kill(c, NAME, &err));
	MUST(coord_destroy(c, NAME, &err));
	pair_row("kill to home", pair, "ours",
		 phases_end("kill to home", pair));
}

static void launch_raw(const struct target *t, unsigned int pair)
{
	const char *online = online_word(t->block);
	int64_t used = used_kib();
	uint64_t ns;

	ns = raw_offline(t) + cpu_write(t->cpu, "0");
	pair_row("launch", pair, "raw", ns);
	if (pair)
		row("memory", pair, "raw", (double)(used_kib() - used), "KiB");
	ns = cpu_write(t->cpu, "1") + block_write(t->block, online);
	pair_row("kill to home", pair, "raw", ns);
}

/* ---- grow and shrink -------------------------------------------------------------------- */

static void change(const char *measure, unsigned int pair, bool grow,
		   const char *cpus, uint64_t memory)
{
	const struct coord_change ch = { .name = NAME,
					 .cpu_list = cpus,
					 .memory = memory,
					 .timeout = 10000 };

	int tries = 0, ret;

	/* A core that was granted a moment ago may still be on its way up. */
	do {
		if (tries)
			usleep(10000);
		phases_begin();
		ret = grow ? coord_grow(c, &ch, NULL, &err)
			   : coord_shrink(c, &ch, NULL, &err);
	} while (ret && err.why == COK_WHY_IN_USE && ++tries < 500);
	if (ret)
		die("%s: %s", measure, err.text);
	pair_row(measure, pair, "ours", phases_end(measure, pair));
}

static void cpu_ours(const struct target *t, unsigned int pair)
{
	change("grow by a CPU", pair, true, t->cpus, 0);
	change("shrink by a CPU", pair, false, t->cpus, 0);
}

static void cpu_raw(const struct target *t, unsigned int pair)
{
	pair_row("grow by a CPU", pair, "raw", cpu_write(t->cpu, "0"));
	pair_row("shrink by a CPU", pair, "raw", cpu_write(t->cpu, "1"));
}

static void block_ours(const struct target *t, unsigned int pair)
{
	change("grow by a block", pair, true, NULL, block_size);
	check_block(t);
	change("shrink by a block", pair, false, NULL, block_size);
}

static void block_raw(const struct target *t, unsigned int pair)
{
	const char *online = online_word(t->block);

	pair_row("grow by a block", pair, "raw", raw_offline(t));
	pair_row("shrink by a block", pair, "raw",
		 block_write(t->block, online));
}

/* ---- round trips: each value is the median of TRIPS ----------------------------------------- */

static int dev = -1;

static void trip_row(const char *measure, unsigned int pair, const char *part,
		     double ns)
{
	if (pair)
		row(measure, pair, part, ns / 1e3, "us");
}

static double file_median(const char *command)
{
	double ns[TRIPS];

	return median_of(ns, bench_file(command, ns, NULL, TRIPS)).mid;
}

static void doorbell_ours(const struct target *t, unsigned int pair)
{
	double ns[TRIPS];
	uint64_t rtt;
	int i;

	(void)t;
	for (i = 0; i < TRIPS; i++) {
		MUST(coord_dev_ping(dev, 5000, &rtt, &err));
		ns[i] = (double)rtt;
	}
	trip_row("ping by doorbell", pair, "ours", median_of(ns, TRIPS).mid);
}

static void doorbell_raw(const struct target *t, unsigned int pair)
{
	char command[32];

	(void)t;
	snprintf(command, sizeof(command), "ipi %d %d", ECHOER, TRIPS);
	trip_row("ping by doorbell", pair, "raw", file_median(command));
}

static void polled_ours(const struct target *t, unsigned int pair)
{
	char command[64];

	(void)t;
	snprintf(command, sizeof(command), "ping " NAME " %d", TRIPS);
	trip_row("ping, polled", pair, "ours", file_median(command));
}

static void polled_raw(const struct target *t, unsigned int pair)
{
	(void)t;
	trip_row("ping, polled", pair, "raw", cache_line_ns());
}

/* ---- the order of things ----------------------------------------------------------------------- */

typedef void (*way)(const struct target *t, unsigned int pair);

/* Interleaved, in turns which is first: what drifts hits both alike. */
static void pairs(unsigned int n, const struct target *t, way raw, way ours)
{
	unsigned int pair;

	for (pair = 0; pair <= n; pair++) {
		if (pair % 2)
			raw(t, pair);
		ours(t, pair);
		if (pair % 2 == 0)
			raw(t, pair);
	}
}

static void print_setting(unsigned int n)
{
	const struct coord_info *info;

	MUST(coord_info(c, &info, &err));
	block_size = info->block_size;
	print_machine();
	printf("# block: %" PRIu64 " MiB\n# module: %s, %s\n# pairs: %u\n",
	       block_size >> 20, info->version,
	       info->test ? "test build" : "normal build", n);
	puts("measure,pair,part,value,unit");
}

static void round_trips(unsigned int n)
{
	static const char poll[] = "poll 3600\n";

	MUST(dev = coord_dev_open(NAME, O_RDWR, &err));
	if (!bench_file_there()) {
		puts("# not measured: pings (load the test build of cok.ko)");
	} else {
		pairs(n, NULL, doorbell_raw, doorbell_ours);
		if (write(dev, poll, sizeof(poll) - 1) < 0)
			die("cannot type at the console");
		/* It has heard it by the time that it answers this. */
		sleep(1);
		pairs(n, NULL, polled_raw, polled_ours);
	}
	close(dev);
}

int main(int argc, char **argv)
{
	const struct coord_hooks hooks = { .step = on_step };
	struct target t;
	int n = 30;

	if (argc == 3 && !strcmp(argv[1], "-n"))
		n = atoi(argv[2]);
	else if (argc != 1)
		n = 0;
	if (n < 1 || n > 1000) {
		fputs("usage: measure [-n PAIRS]   (1 to 1000)\n", stderr);
		return 2;
	}
	pin_to(0);
	MUST(coord_open(&c, NULL, &err));
	coord_set_hooks(c, &hooks);
	print_setting((unsigned int)n);

	choose(&t);
	pairs((unsigned int)n, &t, launch_raw, launch_ours);
	launch(&t);
	choose(&t);
	pairs((unsigned int)n, &t, cpu_raw, cpu_ours);
	pairs((unsigned int)n, &t, block_raw, block_ours);
	round_trips((unsigned int)n);
	MUST(coord_destroy(c, NAME, &err));
	coord_close(c);
	puts("# complete");
	return 0;
}
