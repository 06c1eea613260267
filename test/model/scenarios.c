// SPDX-License-Identifier: GPL-2.0
/*
 * model [--long] [NAME]: explores each scenario, and prints TAP. It ends at the
 * first state in which a property does not hold, with the way there.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "model.h"

#define MEMORY 0x7
#define CPU    (1 << CORE)

static const struct scenario scenarios[] = {
	{
		.name = "give, as much as it likes",
		.plan = { { COK_MSG_OFFER, MEMORY | CPU, .best_effort = true } },
		.parts = true,
		.budget = {
			{ .faults = 1, .ticks = 3, .kills = 1, .crashes = 1, .stuck = 1, .unstarted = 1 },
			{ .faults = 2, .ticks = 6, .kills = 1, .crashes = 1, .stuck = 1, .unstarted = 1 },
		},
	},
	{
		.name = "give, all or nothing",
		.plan = { { COK_MSG_OFFER, MEMORY | CPU } },
		.parts = true,
		.budget = {
			{ .faults = 2, .ticks = 2, .crashes = 1 },
			{ .faults = 2, .ticks = 6, .kills = 1, .crashes = 1, .stuck = 1 },
		},
	},
	{
		.name = "take, as much as it gives",
		.plan = { { COK_MSG_RECALL, MEMORY | CPU, .best_effort = true } },
		.held = MEMORY | CPU,
		.parts = true,
		.budget = {
			{ .faults = 1, .ticks = 3, .kills = 1, .crashes = 1, .stuck = 1 },
			{ .faults = 2, .ticks = 6, .kills = 1, .crashes = 1, .stuck = 1 },
		},
	},
	{
		.name = "take two granules of three",
		.plan = { { COK_MSG_RECALL, MEMORY | CPU, .want_mem = 2 } },
		.held = MEMORY | CPU,
		.parts = true,
		.budget = {
			{ .faults = 1, .ticks = 3, .crashes = 1 },
			{ .faults = 2, .ticks = 6, .kills = 1, .crashes = 1, .stuck = 1 },
		},
	},
	{
		.name = "take, then give again",
		.plan = { { COK_MSG_RECALL, MEMORY },
			  { COK_MSG_OFFER, MEMORY | CPU } },
		.held = MEMORY,
		.budget = {
			{ .faults = 1, .ticks = 2, .kills = 1, .stuck = 1 },
			{ .faults = 1, .ticks = 3, .kills = 1, .stuck = 1 },
		},
	},
	{
		.name = "give, then take back",
		.plan = { { COK_MSG_OFFER, MEMORY | CPU },
			  { COK_MSG_RECALL, MEMORY | CPU } },
		.budget = {
			{ .faults = 1, .ticks = 2, .kills = 1, .stuck = 1 },
			{ .faults = 1, .ticks = 3, .kills = 1, .stuck = 1 },
		},
	},
	{
		.name = "give and take at the same time",
		.plan = { { COK_MSG_RECALL, 0x3 }, { COK_MSG_OFFER, 0x4 | CPU } },
		.held = 0x3,
		.concurrent = true,
		.budget = {
			{ .faults = 1, .ticks = 1 },
			{ .faults = 2, .ticks = 4, .kills = 1, .stuck = 1 },
		},
	},
	{
		.name = "a request, an offer for it, a cancel, a denial",
		.plan = { { COK_MSG_OFFER, MEMORY, .best_effort = true, .for_request = true } },
		.budget = {
			{ .faults = 1, .ticks = 2, .kills = 1, .requests = 1, .cancels = 1, .denials = 1 },
			{ .faults = 2, .ticks = 6, .kills = 1, .requests = 1, .cancels = 1, .denials = 1, .crashes = 1 },
		},
	},
	{
		.name = "a release beside a take",
		.plan = { { COK_MSG_RECALL, MEMORY | CPU, .best_effort = true } },
		.held = MEMORY | CPU,
		.release = 0x2 | CPU,
		.budget = {
			{ .faults = 1, .ticks = 2, .kills = 1, .stuck = 1, .releases = 1 },
			{ .faults = 2, .ticks = 6, .kills = 1, .stuck = 1, .releases = 2, .crashes = 1 },
		},
	},
	{
		.name = "a release and a take at the same time",
		.plan = { { COK_MSG_RECALL, MEMORY | CPU, .best_effort = true } },
		.held = MEMORY | CPU,
		.release = 0x2 | CPU,
		.concurrent = true,
		.budget = {
			{ .faults = 1, .ticks = 1, .kills = 1, .stuck = 1, .releases = 1 },
			{ .faults = 1, .ticks = 3, .kills = 1, .stuck = 1, .releases = 1 },
		},
	},
	{
		.name = "a release, given again, released again",
		.plan = { { COK_MSG_OFFER, 0x2 }, { COK_MSG_OFFER, 0x2 } },
		.held = MEMORY,
		.release = 0x2,
		.budget = {
			{ .faults = 1, .ticks = 2, .kills = 1, .stuck = 1, .releases = 2 },
			{ .faults = 2, .ticks = 5, .releases = 2, .kills = 1, .stuck = 1 },
		},
	},
};

#define NR (sizeof(scenarios) / sizeof(scenarios[0]))

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void print_budget(const struct budget *b)
{
	printf("#     faults %u, ticks %u, kills %u, crashes %u, stuck cores %u, unstarted cores %u, requests %u, cancels %u, denials %u, releases %u\n",
	       b->faults, b->ticks, b->kills, b->crashes, b->stuck,
	       b->unstarted, b->requests, b->cancels, b->denials, b->releases);
}

static bool is_meant(const struct scenario *s, const char *name)
{
	return !name || strstr(s->name, name);
}

static uint64_t check(const struct scenario *s, const struct budget *b)
{
	double start = seconds();
	struct counts c;

	world_init(s, b);
	explore(&c);
	printf("ok - %s\n", s->name);
	printf("#     %llu states, %llu transitions, depth %u, %llu ends, %.1f s\n",
	       (unsigned long long)c.states, (unsigned long long)c.transitions,
	       c.depth, (unsigned long long)c.ends, seconds() - start);
	print_budget(b);
	return c.states;
}

int main(int argc, char **argv)
{
	int bound = argc > 1 && !strcmp(argv[1], "--long");
	const char *name = argc > 1 + bound ? argv[1 + bound] : NULL;
	unsigned long long all = 0;
	struct rusage use;
	size_t n = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; i < NR; i++)
		n += is_meant(&scenarios[i], name);
	if (!n) {
		fprintf(stderr, "there is no scenario '%s'\n", name);
		return 2;
	}
	printf("1..%zu\n# bound: %d messages each way, %d granules and a core\n",
	       n, CHANNEL, UNITS);
	for (size_t i = 0; i < NR; i++)
		if (is_meant(&scenarios[i], name))
			all += check(&scenarios[i],
				     &scenarios[i].budget[bound]);
	getrusage(RUSAGE_SELF, &use);
	printf("# %llu states in all, %.1f s, %ld MiB\n", all, seconds(),
	       use.ru_maxrss / 1024);
	return 0;
}
