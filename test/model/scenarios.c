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
		.release_mask = 0x2 | CPU,
		.budget = {
			{ .faults = 1, .ticks = 2, .kills = 1, .stuck = 1, .releases = 1 },
			{ .faults = 2, .ticks = 6, .kills = 1, .stuck = 1, .releases = 2, .crashes = 1 },
		},
	},
	{
		.name = "a release and a take at the same time",
		.plan = { { COK_MSG_RECALL, MEMORY | CPU, .best_effort = true } },
		.held = MEMORY | CPU,
		.release_mask = 0x2 | CPU,
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
		.release_mask = 0x2,
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

int main(int argc, char **argv)
{
	int bound = argc > 1 && !strcmp(argv[1], "--long");
	const char *only = argc > 1 + bound ? argv[1 + bound] : NULL;
	struct rusage use;
	struct counts c;
	uint64_t all = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("# bound: %d messages each way, %d granules and a core\n",
	       CHANNEL, UNITS);
	for (size_t i = 0; i < NR; i++) {
		const struct scenario *s = &scenarios[i];
		double start = seconds();

		if (only && !strstr(s->name, only))
			continue;
		world_init(s, &s->budget[bound]);
		explore(&c);
		all += c.states;
		printf("ok %zu - %s\n", i + 1, s->name);
		printf("#     %llu states, %llu transitions, depth %u, %llu ends, %.1f s\n",
		       (unsigned long long)c.states,
		       (unsigned long long)c.transitions, c.depth,
		       (unsigned long long)c.ends, seconds() - start);
		print_budget(&s->budget[bound]);
	}
	getrusage(RUSAGE_SELF, &use);
	printf("# %llu states in all, %.1f s, %ld MiB\n1..%zu\n",
	       (unsigned long long)all, seconds(), use.ru_maxrss / 1024, NR);
	return 0;
}
