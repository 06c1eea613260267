// SPDX-License-Identifier: GPL-2.0
/*
 * What offers, recalls and releases do to the machine: functions that
 * module/core/txn_ck.c calls. Both are done for as much of the list as can be,
 * and that is the answer.
 */
#include "kernel.h"
#include "mm.h"
#include "negotiate.h"

#define REPEAT_MS 500 /* an outcome or an answer that does not come */
#define LEAVE_MS  250 /* before the deadline what is not drained stays; .. */
#define LEAVE_OF  4   /* .. or with that part of the time left, if it is less */

/* How far the work on a transaction is; parallel to ck.open[]. */
static struct progress {
	u64 since; /* TSC */
	enum { ANSWER_LATER, CORES, MEMORY, MOVING } phase;
} progress[COK_CK_OPEN];

struct cok_ck ck;
struct deals deals;

static struct progress *progress_of(const struct cok_ck_txn *t)
{
	return &progress[t - ck.open];
}

/* ---- offer ------------------------------------------------------------- */

/* What of it our tables hold: all, or half of it, or half of that, .. */
static void offer_memory(struct cok_ck_res *r)
{
	u64 unit = r->res.granule ? 1ULL << r->res.granule : r->res.size;
	u64 size = r->res.size;
	u16 why;

	for (;;) {
		why = memory_offer(r->res.start, size, r->res.granule);
		if (why != COK_WHY_NO_SPACE || size / 2 < unit)
			break;
		size = size / 2 / unit * unit;
	}
	if (why)
		cok_res_give_none(&r->res, why);
	else
		r->touched = cok_res_give_part(&r->res, r->res.start, size,
					       COK_WHY_NO_SPACE);
}

static void offer_core(struct cok_ck_res *r)
{
	u16 why = slot_offer((u32)r->res.size, (u32)r->res.start, &r->entry,
			     &r->arg);

	if (why) {
		cok_res_give_none(&r->res, why);
		return;
	}
	cok_res_give_all(&r->res);
	r->touched = true;
}

static enum cok_ck_step offer_work(struct cok_ck_txn *t)
{
	u64 taken = 0;

	for (u16 i = 0; i < t->total; i++) {
		struct cok_ck_res *r = &t->res[i];

		if (taken >= options.take)
			cok_res_give_none(&r->res, COK_WHY_NO_SPACE);
		else if (r->res.kind == COK_RES_MEM)
			offer_memory(r);
		else
			offer_core(r);
		taken += r->touched;
	}
	return COK_CK_DONE;
}

/* ---- recall and release: cores first, they take longer ------------------- */

static void cores_begin(struct cok_ck_txn *t)
{
	choose_cores(t);
	for (u16 i = 0; i < t->total; i++) {
		struct cok_ck_res *r = &t->res[i];

		if (r->res.kind != COK_RES_CPU || !r->res.given)
			continue;
		slot_recall_begin((u32)r->res.size);
		r->touched = true;
	}
}

static bool time_is_short(const struct cok_ck_txn *t)
{
	u64 reserve = ms_to_tsc(LEAVE_MS);
	u64 all = t->deadline - progress_of(t)->since;

	if (t->deadline == COK_NEVER)
		return false;
	if (reserve > all / LEAVE_OF)
		reserve = all / LEAVE_OF;
	return rdtsc() + reserve >= t->deadline;
}

/* All asleep? Who does not get there in time stays. */
static bool cores_drained(struct cok_ck_txn *t)
{
	bool all = true, late = time_is_short(t);

	for (u16 i = 0; i < t->total; i++) {
		struct cok_ck_res *r = &t->res[i];

		if (r->res.kind != COK_RES_CPU || !r->touched ||
		    slot_recall_drained((u32)r->res.size))
			continue;
		if (!late) {
			all = false;
			continue;
		}
		slot_recall_undo((u32)r->res.size);
		r->touched = false;
		cok_res_give_none(&r->res, COK_WHY_IN_USE);
	}
	return all;
}

static void memory_begin(struct cok_ck_txn *t, bool move)
{
	choose_memory(t, move);
	for (u16 i = 0; i < t->total; i++) {
		struct cok_ck_res *r = &t->res[i];
		u16 why;

		if (r->res.kind != COK_RES_MEM || !r->res.given)
			continue;
		why = memory_recall_begin(r->res.at, r->res.given,
					  r->res.granule);
		r->touched = !why;
		if (why)
			cok_res_give_none(&r->res, why);
	}
}

static void memory_stays(struct cok_ck_res *r)
{
	memory_recall_undo(r->res.at, r->res.given);
	r->touched = false;
	cok_res_give_none(&r->res, COK_WHY_IN_USE);
}

/* One step of it; true: all that goes is empty. */
static bool memory_moved(struct cok_ck_txn *t)
{
	for (u16 i = 0; i < t->total; i++) {
		struct cok_ck_res *r = &t->res[i];

		if (r->res.kind != COK_RES_MEM || !r->touched)
			continue;
		switch (memory_move_out(r->res.at, r->res.given)) {
		case MEMORY_MORE:
			return false;
		case MEMORY_FULL: /* somebody took what there was room for */
			memory_stays(r);
			break;
		case MEMORY_EMPTY:
			break;
		}
	}
	return true;
}

/* No time for more: what is empty by now. */
static void memory_as_it_is(struct cok_ck_txn *t)
{
	for (u16 i = 0; i < t->total; i++)
		if (t->res[i].res.kind == COK_RES_MEM && t->res[i].touched)
			memory_stays(&t->res[i]);
	memory_begin(t, false);
}

/* Unmaps all, then one flush. */
static void memory_unmapped(struct cok_ck_txn *t)
{
	bool any = false, ok;

	for (u16 i = 0; i < t->total; i++) {
		struct cok_ck_res *r = &t->res[i];

		if (r->res.kind != COK_RES_MEM || !r->touched)
			continue;
		memory_recall_unmap(r->res.at, r->res.given);
		any = true;
	}
	ok = !any || smp_flush_all();
	for (u16 i = 0; i < t->total; i++) {
		struct cok_ck_res *r = &t->res[i];

		if (r->res.kind != COK_RES_MEM || !r->touched)
			continue;
		if (ok)
			memory_prove_drained(r->res.at, r->res.given);
		else
			memory_stays(r);
	}
}

static enum cok_ck_step recall_work(struct cok_ck_txn *t, struct progress *p)
{
	switch (p->phase) {
	case ANSWER_LATER:
		cores_begin(t);
		p->phase = CORES;
		/* fall through */
	case CORES:
		if (!cores_drained(t))
			return COK_CK_WAIT;
		p->phase = MEMORY;
		/* fall through */
	case MEMORY:
		memory_begin(t, true);
		p->phase = MOVING;
		/* fall through */
	case MOVING:
		if (!memory_moved(t)) {
			if (!time_is_short(t))
				return COK_CK_WAIT;
			memory_as_it_is(t);
		}
		memory_unmapped(t);
	}
	return COK_CK_DONE;
}

/* ---- what txn_ck.c calls -------------------------------------------------- */

static enum cok_ck_step work(void *ctx, struct cok_ck_txn *t, u16 *why)
{
	struct progress *p = progress_of(t);
	bool own = t->ask == COK_MSG_RELEASE;

	(void)ctx;
	if (!t->begun)
		*p = (struct progress){ .since = rdtsc() };
	if (!own && p->phase == ANSWER_LATER &&
	    rdtsc() < p->since + ms_to_tsc(options.delay))
		return COK_CK_WAIT;
	if (t->ask == COK_MSG_OFFER && options.decline) {
		*why = COK_WHY_REFUSED;
		return COK_CK_REFUSE;
	}
	return t->ask == COK_MSG_OFFER ? offer_work(t) : recall_work(t, p);
}

static void commit_one(const struct cok_ck_txn *t, const struct cok_ck_res *r)
{
	bool offer = t->ask == COK_MSG_OFFER;

	if (r->res.kind == COK_RES_MEM)
		(offer ? memory_offer_commit
		       : memory_recall_commit)(r->res.at, r->res.given);
	else
		(offer ? slot_offer_commit
		       : slot_recall_commit)((u32)r->res.size);
	if (t->ask == COK_MSG_RECALL)
		demand_gave(r->res.kind);
}

static void commit(void *ctx, struct cok_ck_txn *t)
{
	(void)ctx;
	for (u16 i = 0; i < t->total; i++)
		if (t->res[i].touched)
			commit_one(t, &t->res[i]);
	if (t->ask == COK_MSG_OFFER && t->request)
		demand_served(t->request);
}

static void undo(void *ctx, struct cok_ck_txn *t)
{
	bool offer = t->ask == COK_MSG_OFFER;

	(void)ctx;
	for (u16 i = 0; i < t->total; i++) {
		struct cok_ck_res *r = &t->res[i];

		if (!r->touched)
			continue;
		if (r->res.kind == COK_RES_MEM)
			(offer ? memory_offer_undo
			       : memory_recall_undo)(r->res.at, r->res.given);
		else
			(offer ? slot_offer_undo
			       : slot_recall_undo)((u32)r->res.size);
	}
}

static void answered(void *ctx, const struct cok_ck_ask *ask, u16 answer,
		     u16 why, u64 given)
{
	(void)ctx;
	demand_answered(ask, answer, why, given);
}

static const struct cok_ck_ops ops = {
	.work = work,
	.commit = commit,
	.undo = undo,
	.answered = answered,
};

void negotiate_init(const struct cok_link *link, u32 epoch)
{
	cok_ck_init(&ck, &ops, NULL, link, epoch, ms_to_tsc(REPEAT_MS));
}

void negotiate_poll(void)
{
	cok_ck_poll(&ck, rdtsc());
	demand_poll();
}

bool negotiate_busy(void)
{
	for (size_t i = 0; i < COK_CK_OPEN; i++)
		if (ck.open[i].state == COK_CK_TXN_WORKING &&
		    !ck.open[i].ready && progress[i].phase == MOVING)
			return true;
	return false;
}
