// SPDX-License-Identifier: GPL-2.0
/*
 * random: the same two ends, machine and properties with the tables that the
 * programs use, and walks of up to thousands of events that are chosen at
 * random; then all is fair to the end. Each walk has its own mood: how much is
 * lost, how fast time passes, whether it can be killed.
 *
 *   SEED=N  of the first walk, the others follow (default: of the time)
 *   RUNS=N  walks (default 20000)
 *
 * Prints TAP. It ends at the first walk in which a property does not hold, with
 * the seed that does it again.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model.h"

#define TRACE 60 /* the last events, which are shown */
#define SPARE 32 /* numbers and txids, for what has begun when they run out */

static struct {
	uint64_t seed, random;
	unsigned int length;
	unsigned int weight[EV_KINDS];
	bool stuck, unstarted;
	struct event trace[TRACE];
	unsigned int ways[TRACE];
	unsigned int at;
} walk;

static struct scenario world; /* rolled anew all the time */
static uint64_t events[EV_KINDS], messages[256];
static uint64_t committed, aborted, released, requests[8];

/* ---- chance ------------------------------------------------------------------- */

/* splitmix64 */
static uint64_t roll(void)
{
	uint64_t x = walk.random += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static unsigned int below(unsigned int n)
{
	return (roll() >> 32) % n;
}

static bool one_in(unsigned int n)
{
	return !below(n);
}

/* A few units, or most of them. */
static units_t roll_units(void)
{
	uint64_t r = roll(), s = roll();

	return ALL_UNITS & (one_in(2) ? r & s : r | s);
}

/* ---- a walk -------------------------------------------------------------------- */

/* A thousand: it happens as soon as it can. */
static void roll_mood(void)
{
	static const unsigned int bad[] = { 0, 20, 100, 400 };
	unsigned int *w = walk.weight, fault = bad[below(4)];

	for (unsigned int i = 0; i < EV_KINDS; i++)
		w[i] = 1000;
	w[EV_LOSE] = w[EV_DOUBLE] = w[EV_DELAY] = fault;
	w[EV_GHOST] = 10 + below(300);
	w[EV_TICK] = 20 + below(one_in(2) ? 100 : 1000);
	w[EV_HOST_POLL] = w[EV_CK_POLL] = 100 + below(1000);
	w[EV_HALT_BEGIN] = one_in(3) ? 1 + below(8) : 0;
	w[EV_HALT_AGAIN] = 100;
	w[EV_CRASH] = one_in(8);
	w[EV_REQUEST] = w[EV_RELEASE] = below(200);
	w[EV_CANCEL] = w[EV_DENY] = below(20);
	walk.stuck = one_in(3);
	walk.unstarted = one_in(3);
	walk.length = 40 << below(7);
}

static void roll_plan(struct plan *p)
{
	*p = (struct plan){
		.ask = one_in(2) ? COK_MSG_OFFER : COK_MSG_RECALL,
		.units = roll_units(),
		.want_mem = one_in(2) ? below(UNITS) : 0,
		.want_cpus = one_in(2) ? below(CORES) : 0,
		.best_effort = !one_in(3),
	};
	p->for_request = p->ask == COK_MSG_OFFER && one_in(3);
	if (p->ask == COK_MSG_OFFER)
		p->want_mem = p->want_cpus = 0;
}

static void begin_walk(uint64_t seed)
{
	static const struct budget none;

	walk.seed = walk.random = seed;
	walk.at = 0;
	roll_mood();
	world = (struct scenario){
		.name = "at random",
		.held = roll_units(),
		.concurrent = one_in(4),
		.parts = !one_in(4),
		.stepwise = true,
	};
	for (unsigned int i = 0; i < JOBS; i++)
		roll_plan(&world.plan[i]);
	world_init(&world, &none);
}

/* A job that is over makes room for the next one. */
static void renew_jobs(void)
{
	for (unsigned int i = 0; i < JOBS; i++)
		if (W.job[i].pc == PC_OVER && !W.halting &&
		    W.last_txid + SPARE < TXNS) {
			W.job[i].pc = PC_IDLE;
			roll_plan(&world.plan[i]);
		}
}

static units_t held_units(void)
{
	units_t held = 0;

	for (unsigned int u = 0; u < ALL; u++)
		if (W.unit[u] == HELD)
			held |= 1u << u;
	return held;
}

/* What may go wrong or be wanted next: the weights say how often it does. */
static void renew_budget(void)
{
	bool asks = W.ck.number + SPARE < NUMBERS;

	if (W.halting) {
		W.left.stuck = walk.stuck;
		return;
	}
	W.left = (struct budget){
		.faults = 1,
		.ticks = 1,
		.kills = 1,
		.crashes = 1,
		.stuck = walk.stuck && one_in(64),
		.unstarted = walk.unstarted,
		.requests = asks,
		.cancels = 1,
		.denials = 1,
		.releases = asks,
	};
}

static const struct event *choose(const struct event *ev, unsigned int n)
{
	unsigned int sum = 0, at;

	for (unsigned int i = 0; i < n; i++)
		sum += walk.weight[ev[i].kind];
	if (!sum)
		return NULL;
	at = below(sum);
	for (; at >= walk.weight[ev->kind]; ev++)
		at -= walk.weight[ev->kind];
	return ev;
}

static void count(const struct event *ev)
{
	events[ev->kind]++;
	if (ev->kind == EV_TO_HOST)
		messages[W.c2h.msg[0].type & 0xff]++;
	if (ev->kind == EV_TO_CK)
		messages[W.h2c.msg[0].type & 0xff]++;
}

static void happen(const struct event *ev)
{
	static struct world before;
	bool may_block = W.halting && !W.halt_over;

	count(ev);
	if (may_block)
		before = W;
	blocked = false;
	choice = below(8);
	for (unsigned int i = 2; i < WAYS; i++)
		ways[i] = roll_units();
	walk.trace[walk.at % TRACE] = *ev;
	walk.ways[walk.at++ % TRACE] = choice;
	do_event(ev);
	if (blocked && may_block)
		W = before;
}

static void count_ends(void)
{
	for (unsigned int i = 1; i <= W.last_txid; i++) {
		committed += W.decided[i] == COK_MSG_COMMIT;
		aborted += W.decided[i] == COK_MSG_ABORT;
	}
	for (unsigned int i = 1; i <= NUMBERS; i++) {
		released += W.released[i];
		requests[W.ended[i] & 7]++;
	}
}

static void go(uint64_t seed)
{
	struct event ev[EVENTS];
	const struct event *next;

	begin_walk(seed);
	for (unsigned int i = 0; i < walk.length; i++) {
		renew_jobs();
		renew_budget();
		world.release = roll_units() & held_units();
		next = choose(ev, list_events(ev));
		if (!next)
			break;
		happen(next);
	}
	count_ends();
	blocked = false;
	fair_end();
}

void print_trace(void)
{
	unsigned int i = walk.at > TRACE ? walk.at - TRACE : 0;

	for (; i < walk.at; i++) {
		printf("# %3u  ", i);
		print_event(&walk.trace[i % TRACE]);
		printf(" [way %u]\n", walk.ways[i % TRACE]);
	}
	printf("# again: RUNS=1 SEED=%llu\n", (unsigned long long)walk.seed);
}

/* ---- all walks -------------------------------------------------------------------- */

/* What can't have been tested, because it has not happened. */
static bool all_happened(void)
{
	static const uint8_t types[] = {
		COK_MSG_OFFER,	   COK_MSG_RECALL,  COK_MSG_COMMIT,
		COK_MSG_ABORT,	   COK_MSG_QUERY,   COK_MSG_ANSWER,
		COK_MSG_ACCEPT,	   COK_MSG_DECLINE, COK_MSG_PREPARED,
		COK_MSG_PARTIAL,   COK_MSG_REQUEST, COK_MSG_CANCEL,
		COK_MSG_QUERY_END, COK_MSG_RELEASE, COK_MSG_DONE,
	};
	bool all = committed && aborted && released &&
		   requests[COK_ANSWER_GRANTED] &&
		   requests[COK_ANSWER_DENIED] &&
		   requests[COK_ANSWER_CANCELLED];

	for (unsigned int i = 0; i < EV_KINDS; i++) {
		printf("#     %10llu  %s\n", (unsigned long long)events[i],
		       event_name(i));
		all &= events[i] > 0;
	}
	for (unsigned int i = 0; i < sizeof(types); i++)
		all &= messages[types[i]] > 0;
	printf("#     %llu committed, %llu aborted, %llu RELEASEs done; REQUESTs: %llu granted, %llu denied, %llu cancelled\n",
	       (unsigned long long)committed, (unsigned long long)aborted,
	       (unsigned long long)released,
	       (unsigned long long)requests[COK_ANSWER_GRANTED],
	       (unsigned long long)requests[COK_ANSWER_DENIED],
	       (unsigned long long)requests[COK_ANSWER_CANCELLED]);
	return all;
}

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *s = getenv(name);

	return s && *s ? strtoull(s, NULL, 0) : otherwise;
}

/* Of a few walks that can't be expected. */
#define MANY 1000

int main(void)
{
	uint64_t seed = number("SEED", (uint64_t)time(NULL) * 1000000);
	uint64_t runs = number("RUNS", 20000), all = 0;
	bool good;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..%d\n# SEED=%llu RUNS=%llu: %d messages each way, %d granules and %d cores\n",
	       runs < MANY ? 1 : 2, (unsigned long long)seed,
	       (unsigned long long)runs, CHANNEL, UNITS, CORES);
	for (uint64_t i = 0; i < runs; i++)
		go(seed + i);
	for (unsigned int i = 0; i < EV_KINDS; i++)
		all += events[i];
	printf("ok - at random\n#     %llu walks, %llu events, %.1f s\n",
	       (unsigned long long)runs, (unsigned long long)all,
	       (double)clock() / CLOCKS_PER_SEC);
	good = all_happened();
	if (runs < MANY)
		return 0;
	printf("%sok - everything that can happen did\n", good ? "" : "not ");
	return !good;
}
