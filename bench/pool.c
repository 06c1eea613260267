// SPDX-License-Identifier: GPL-2.0
/*
 * pool [-n TRANSACTIONS]   measures launches and grows from the pool against
 *                          fork+exec+wait of a static binary, as CSV:
 *                          measure,transaction,part,value,unit
 *
 * Each transaction is one of each, one after the other, so what drifts drifts
 * for all. `cokctl` and `idle` lie beside this program, or in PATH. The phases
 * of a launch are the module's own: what it announces has its time on it. The
 * table behind the CSV is in comments.
 */
#include "measure.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "stats.h"

#define MOST 2000 /* transactions */

extern char **environ;

static struct coord *c;
static struct coord_events *events;
static struct coord_err err;
static uint64_t block_size;

/* ---- what is measured ----------------------------------------------------------- */

enum {
	IDLE,
	HELP,
	LAUNCH,
	STARTED,
	LOADED,
	BOOTED,
	ENDED,
	GROW_CPU,
	GROW_BLOCK,
	SHRINK_CPU,
	SHRINK_BLOCK,
	GROW_CPU_CMD,
	GROW_BLOCK_CMD,
	DESTROY,
	NR_PARTS
};

static const struct {
	const char *name;
	double aim; /* times IDLE; 0: none */
} parts[NR_PARTS] = {
	[IDLE] = { "fork+exec+wait, static", 0 },
	[HELP] = { "cokctl help: exec and linking", 0 },
	[LAUNCH] = { "launch, exec of cokctl to its exit", 3 },
	[STARTED] = { "- exec to ENCLAVE_NEW", 0 },
	[LOADED] = { "- to LOADED", 0 },
	[BOOTED] = { "- to RUNNING (READY)", 0 },
	[ENDED] = { "- to cokctl's exit", 0 },
	[GROW_CPU] = { "grow by a CPU, call", 1 },
	[GROW_BLOCK] = { "grow by a block, call", 1 },
	[SHRINK_CPU] = { "shrink by a CPU, call", 0 },
	[SHRINK_BLOCK] = { "shrink by a block, call", 0 },
	[GROW_CPU_CMD] = { "grow by a CPU, exec of cokctl to its exit", 0 },
	[GROW_BLOCK_CMD] = { "grow by a block, exec of cokctl to its exit", 0 },
	[DESTROY] = { "destroy to the pool, call", 0 },
};

static posix_spawn_file_actions_t quiet; /* the CSV is ours alone */
static double value[NR_PARTS][MOST], ratio[NR_PARTS][MOST]; /* ms */
static unsigned int at; /* the transaction; 0 warms up */

static void put(int part, uint64_t ns)
{
	if (!at)
		return;
	value[part][at - 1] = (double)ns / 1e6;
	ratio[part][at - 1] = value[part][at - 1] / value[IDLE][at - 1];
	row("pool", at, parts[part].name, (double)ns / 1e6, "ms");
}

/* ---- programs ------------------------------------------------------------------------ */

/* On the clock of the module's events. */
static uint64_t boottime_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void run(int part, const char *const *argv)
{
	uint64_t began = boottime_now();
	int status, e;
	pid_t pid;

	e = posix_spawnp(&pid, argv[0], &quiet, NULL, (char *const *)argv,
			 environ);
	if (e)
		die("cannot run %s: %s", argv[0], strerror(e));
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
	    WEXITSTATUS(status))
		die("%s %s failed", argv[0], argv[1] ? argv[1] : "");
	put(part, boottime_now() - began);
}

/* ---- launch, with its phases -------------------------------------------------------------- */

/* When the enclave came into this state; events of other kinds are dropped. */
static uint64_t await_state(uint32_t state)
{
	struct coord_event e;

	for (;;) {
		if (coord_events_next(events, 1000, &e, &err) != 1)
			die("no event that it is %s", coord_state_name(state));
		if (e.kind == COK_EV_STATE && e.state == state)
			return e.time_ns;
	}
}

static void launch(void)
{
	static char mem[24];
	const char *const argv[] = { "cokctl", "launch", "--name", NAME,
				     "--cpus", "1",	 "--mem",  mem,
				     "--from", "pool",	 NULL };
	uint64_t began, created, loaded, running, ended;

	coord_size_format(block_size, mem, sizeof(mem));
	began = boottime_now();
	run(LAUNCH, argv);
	ended = boottime_now();
	created = await_state(COK_ST_CREATED);
	loaded = await_state(COK_ST_LOADED);
	running = await_state(COK_ST_RUNNING);
	put(STARTED, created - began);
	put(LOADED, loaded - created);
	put(BOOTED, running - loaded);
	put(ENDED, ended - running);
}

/* ---- grow, shrink, destroy ------------------------------------------------------------------- */

static void change(int part, bool grow, uint32_t cpus, uint64_t memory)
{
	const struct coord_change ch = { .name = NAME,
					 .cpus = cpus,
					 .memory = memory,
					 .from = COORD_FROM_POOL,
					 .timeout = 10000 };
	int tries = 0, ret;
	uint64_t began;

	/* A core that was granted a moment ago may still be on its way up. */
	do {
		if (tries)
			usleep(10000);
		began = now_ns();
		ret = grow ? coord_grow(c, &ch, NULL, &err)
			   : coord_shrink(c, &ch, NULL, &err);
	} while (ret && err.why == COK_WHY_IN_USE && ++tries < 500);
	if (ret)
		die("%s: %s", parts[part].name, err.text);
	put(part, now_ns() - began);
}

static void grow_command(int part, const char *option, const char *amount)
{
	const char *const argv[] = { "cokctl", "grow",	 NAME,	 option,
				     amount,   "--from", "pool", NULL };

	run(part, argv);
}

static unsigned int late; /* destroys that needed another try */

/* On a busy emulator a core may be away for longer than an ack is waited for. */
static void destroy(void)
{
	uint64_t began = now_ns();
	int tries = 0;

	while (coord_destroy(c, NAME, &err)) {
		if (err.err != EREMOTEIO || ++tries == 10)
			die("destroy: %s", err.text);
		late++;
	}
	put(DESTROY, now_ns() - began);
}

static void transaction(void)
{
	static const char *const idle[] = { "idle", NULL };
	static const char *const help[] = { "cokctl", "help", "launch", NULL };
	char mem[24];

	coord_size_format(block_size, mem, sizeof(mem));
	run(IDLE, idle);
	launch();
	change(GROW_CPU, true, 1, 0);
	change(SHRINK_CPU, false, 1, 0);
	change(GROW_BLOCK, true, 0, block_size);
	change(SHRINK_BLOCK, false, 0, block_size);
	grow_command(GROW_BLOCK_CMD, "--mem", mem);
	grow_command(GROW_CPU_CMD, "--cpus", "1");
	destroy();
	run(HELP, help);
}

/* ---- the table ----------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double percentile(const double *sorted, unsigned int n, unsigned int p)
{
	unsigned int i = (n * p + 99) / 100;

	return sorted[i ? i - 1 : 0];
}

static void print_part(int part, unsigned int n)
{
	double *v = value[part], aim = parts[part].aim;
	struct median m = median_of(ratio[part], n);

	qsort(v, n, sizeof(*v), by_value);
	printf("# %-43s %7.2f %8.2f %8.2f  %6.2f %5.2f .. %5.2f",
	       parts[part].name, percentile(v, n, 50), percentile(v, n, 99),
	       v[n - 1], m.mid, m.low, m.high);
	if (aim > 0)
		printf("  <= %.0f %s", aim,
		       !m.has_range    ? "too few values"
		       : m.high <= aim ? "met"
		       : m.low > aim   ? "MISSED"
				       : "not decided: too much noise");
	putchar('\n');
}

static void print_table(unsigned int n)
{
	int part;

	printf("#\n# %u transactions; ms, and times the static binary's, pair by pair\n",
	       n);
	printf("# %-43s %7s %8s %8s  %6s %14s  %s\n", "", "p50", "p99", "max",
	       "ratio", "95 % range", "aim");
	for (part = 0; part < NR_PARTS; part++)
		print_part(part, n);
	if (late)
		printf("# destroys tried again, for want of a core's ack: %u\n",
		       late);
}

/* ---- the order of things ------------------------------------------------------------------------------ */

static void set_up(void)
{
	const struct coord_info *info;
	struct coord_change ch = { .cpus = 2 };

	if (coord_open(&c, NULL, &err) || coord_info(c, &info, &err))
		die("%s", err.text);
	block_size = info->block_size;
	ch.memory = 2 * block_size;
	if (coord_reserve(c, &ch, &err) || coord_events_open(c, &events, &err))
		die("%s", err.text);
	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null",
					 O_WRONLY, 0);
	print_machine();
	printf("# block: %" PRIu64 " MiB\n# module: %s, %s\n", block_size >> 20,
	       info->version, info->test ? "test build" : "normal build");
	puts("measure,transaction,part,value,unit");
}

int main(int argc, char **argv)
{
	const struct coord_release all = { .all = true };
	int n = 200;

	if (argc == 3 && !strcmp(argv[1], "-n"))
		n = atoi(argv[2]);
	else if (argc != 1)
		n = 0;
	if (n < 1 || n > MOST) {
		fprintf(stderr, "usage: pool [-n TRANSACTIONS]   (1 to %d)\n",
			MOST);
		return 2;
	}
	set_up();
	for (at = 0; at <= (unsigned int)n; at++)
		transaction();
	if (coord_release(c, &all, &err))
		die("release: %s", err.text);
	coord_events_close(events);
	coord_close(c);
	print_table((unsigned int)n);
	puts("# complete");
	return 0;
}
