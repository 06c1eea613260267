// SPDX-License-Identifier: GPL-2.0
/*
 * Policy: which of the listed resources go, and how much of them. First what is
 * cheapest to give: cores without work, memory with the least in it to move.
 */
#include "kernel.h"
#include "mm.h"
#include "negotiate.h"
#include "string.h"
#include "work.h"

/* ---- cores ---------------------------------------------------------------- */

/* 0: idle; 1: with work that others can do; 2: with a job of its own. */
static int core_cost(const struct cpu *c)
{
	if (__atomic_load_n(&c->job, __ATOMIC_ACQUIRE))
		return 2;
	return work_on(c->slot) ? 1 : 0;
}

/* How many may go, after those that the options say to keep. */
static u64 cores_spare(void)
{
	u64 online = slots_online();

	return online > options.keep ? online - options.keep : 0;
}

static struct cok_res *cheapest_core(struct cok_ck_txn *t)
{
	struct cok_res *best = NULL;
	int best_cost = 0;

	for (u16 i = 0; i < t->total; i++) {
		struct cok_res *r = &t->res[i].res;
		int cost;

		if (r->kind != COK_RES_CPU || r->given ||
		    r->why != COK_WHY_WANTED)
			continue;
		cost = core_cost(&cpus[r->size]);
		if (!best || cost < best_cost) {
			best = r;
			best_cost = cost;
		}
	}
	return best;
}

void choose_cores(struct cok_ck_txn *t)
{
	u64 want = t->want_cpus ? t->want_cpus : COK_TXN_MAX_RES;
	u64 spare = t->ask == COK_MSG_RELEASE ? want : cores_spare();
	struct cok_res *r;

	for (u16 i = 0; i < t->total; i++) {
		u16 why;

		r = &t->res[i].res;
		if (r->kind != COK_RES_CPU)
			continue;
		why = slot_recall_check(r->size, r->start);
		cok_res_give_none(r, why ? why : COK_WHY_WANTED);
	}
	while (want && (r = cheapest_core(t))) {
		/* One that never came is no loss. */
		bool counts = slot_state(&cpus[r->size]) == SLOT_ONLINE;

		if (counts && !spare) {
			cok_res_give_none(r, COK_WHY_REFUSED);
			continue;
		}
		spare -= counts;
		cok_res_give_all(r);
		want--;
	}
}

/* ---- memory ---------------------------------------------------------------- */

/* What may go before less than the threshold is left. */
static u64 memory_spare(void)
{
	u64 free = frames_totals(&pool).free * FRAME_SIZE;

	if (!options.want_mem)
		return ~0ULL;
	return free > options.want_mem ? free - options.want_mem : 0;
}

/* Frames that can be moved have to go where nothing is listed. */
static u64 room_elsewhere(const struct cok_ck_txn *t)
{
	u64 free = 0;

	for (size_t i = 0; i < FRAME_RANGES; i++) {
		const struct frame_range *r = &pool.range[i];
		u64 size = r->frames * FRAME_SIZE;
		u64 keep = r->boot ? KEEP_FRAMES : 0;
		bool listed = false;

		for (u16 j = 0; j < t->total; j++) {
			const struct cok_res *l = &t->res[j].res;

			listed |= l->kind == COK_RES_MEM &&
				  l->start < r->start + size &&
				  r->start < l->start + l->size;
		}
		if (r->state == RANGE_HELD && !listed && r->free > keep)
			free += r->free - keep;
	}
	return free;
}

/* In what the table of ranges can be cut, if the host can, too. */
static u64 unit_of(const struct cok_res *r)
{
	u64 unit = 1ULL << r->granule;

	if (!r->granule)
		return 0;
	return unit > FRAME_CUT ? unit : FRAME_CUT;
}

static bool find_run(const struct cok_res *r, u64 max, u64 room,
		     struct frame_run *run)
{
	return frames_find_run(&pool, r->start, r->size, unit_of(r), max, room,
			       run);
}

/* What each could give, found when it is first needed. Size 0: nothing. */
static struct frame_run runs[COK_TXN_MAX_RES];
static bool found[COK_TXN_MAX_RES];

static bool is_open(const struct cok_res *r)
{
	return r->kind == COK_RES_MEM && !r->given && r->why == COK_WHY_WANTED;
}

/* The i-th's, within what is left. */
static const struct frame_run *run_of(const struct cok_res *r, u16 i, u64 max,
				      u64 room)
{
	if (!found[i] || runs[i].size > max || runs[i].movable > room)
		find_run(r, max, room, &runs[i]);
	found[i] = true;
	return &runs[i];
}

/* Which of those left would give the cheapest run? Then the largest. */
static struct cok_res *cheapest_memory(struct cok_ck_txn *t, u64 max, u64 room,
				       struct frame_run *best)
{
	struct cok_res *cheapest = NULL;

	*best = (struct frame_run){ 0 };
	for (u16 i = 0; i < t->total; i++) {
		struct cok_res *r = &t->res[i].res;
		const struct frame_run *run;

		if (!is_open(r))
			continue;
		run = run_of(r, i, max, room);
		if (!run->size ||
		    (cheapest && (run->movable > best->movable ||
				  (run->movable == best->movable &&
				   run->size <= best->size))))
			continue;
		cheapest = r;
		*best = *run;
	}
	return cheapest;
}

/* Why not all of r: less could go, or no more was wanted, or is spared. */
static u16 why_not_more(const struct cok_res *r, u64 max, u64 room, u16 why_max)
{
	struct frame_run run;

	if (max >= r->size || !find_run(r, ~0ULL, room, &run) ||
	    run.size <= max)
		return memory_recall_why(r->start, r->size);
	return why_max;
}

static void list_memory(struct cok_ck_txn *t)
{
	for (u16 i = 0; i < t->total; i++) {
		struct cok_res *r = &t->res[i].res;
		u16 why;

		if (r->kind != COK_RES_MEM)
			continue;
		why = memory_recall_check(r->start, r->size);
		cok_res_give_none(r, why ? why : COK_WHY_WANTED);
	}
}

void choose_memory(struct cok_ck_txn *t, bool move)
{
	u64 want = t->want_mem ? t->want_mem : ~0ULL;
	u64 spare = t->ask == COK_MSG_RELEASE ? want : memory_spare();
	u64 left = want < spare ? want : spare;
	u16 why = want <= spare ? COK_WHY_WANTED : COK_WHY_REFUSED;
	u64 room = move ? room_elsewhere(t) : 0;
	struct frame_run run;
	struct cok_res *r;

	list_memory(t);
	memset(found, 0, sizeof(found));
	while ((r = cheapest_memory(t, left, room, &run))) {
		if (!cok_res_give_part(r, run.at, run.size,
				       why_not_more(r, left, room, why))) {
			cok_res_give_none(r, COK_WHY_PROTOCOL);
			continue; /* a granule that can't be */
		}
		left -= run.size;
		room -= run.movable;
	}
	for (u16 i = 0; i < t->total; i++) {
		r = &t->res[i].res;
		if (is_open(r))
			cok_res_give_none(r, why_not_more(r, left, room, why));
	}
}

/* ---- release: of all that we have ------------------------------------------ */

static u16 list_cores(u64 amount, struct cok_res *list)
{
	u16 n = 0;

	for (int cost = 0; cost < 3; cost++)
		for (u32 i = 1;
		     i < nr_slots && n < amount && n < COK_TXN_MAX_RES; i++)
			if (slot_state(&cpus[i]) == SLOT_ONLINE &&
			    core_cost(&cpus[i]) == cost)
				list[n++] = (struct cok_res){
					.kind = COK_RES_CPU,
					.start = cpus[i].apic_id,
					.size = i,
				};
	return n;
}

/* A range as the host gave it, or all of one that may be parted. */
static bool range_as_res(const struct frame_range *f, struct cok_res *r)
{
	*r = (struct cok_res){
		.kind = COK_RES_MEM,
		.start = f->start,
		.size = f->frames * FRAME_SIZE,
		.granule = f->granule,
	};
	return f->state == RANGE_HELD && cok_res_valid(r) &&
	       !cok_ck_names(&ck, r);
}

static u16 list_ranges(u64 amount, struct cok_res *list)
{
	static struct cok_ck_txn t; /* what choose_memory() needs of one */
	u16 n = 0;

	t = (struct cok_ck_txn){ .ask = COK_MSG_RELEASE, .want_mem = amount };
	for (size_t i = 0; i < FRAME_RANGES && t.total < COK_TXN_MAX_RES; i++)
		if (range_as_res(&pool.range[i], &t.res[t.total].res))
			t.total++;
	choose_memory(&t, true);
	for (u16 i = 0; i < t.total; i++) {
		struct cok_res *r = &t.res[i].res;

		if (!r->given)
			continue;
		r->start = r->at;
		r->size = r->given;
		list[n++] = *r;
	}
	return n;
}

u16 choose_release(u32 kind, u64 amount, struct cok_res *list)
{
	return kind == COK_RES_CPU ? list_cores(amount, list)
				   : list_ranges(amount, list);
}
