// SPDX-License-Identifier: GPL-2.0
/*
 * Shrink: ask for an amount, or for named CPUs; what is given goes home. One
 * recall lists up to COK_TXN_MAX_RES leases, so a large enclave may need
 * several. Each of these takes what it can get then; if all of them together
 * bring too little and it was all or nothing, the enclave is offered back what
 * it has given.
 */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

struct shrink {
	struct coord *c;
	const struct coord_change *ch;
	uint32_t id;
	struct lc_offerable from;
	struct lc_ledger before; /* its leases, as listed */
	struct coord_deal *deal;
};

static bool best_effort(const struct shrink *s)
{
	return (s->ch->flags & COORD_BEST_EFFORT) != 0;
}

/* The end of a contiguous range becomes a lease of its own, and is listed. */
static int split(struct shrink *s, const struct lc_tail *tail,
		 struct coord_err *err)
{
	uint32_t lease = 0;

	if (lc_split(s->c, tail->lease, tail->size, &lease, err))
		return -1;
	lc_pick_tail(&s->from, lease, tail->size);
	return 0;
}

static int candidates(struct shrink *s, struct coord_err *err)
{
	struct lc_ledger l;
	struct lc_tail tail;
	int ret;

	if (lc_ledger_get(s->c, &l, err))
		return -1;
	ret = lc_pick_recall(&l, s->id, s->ch, s->c->info.block_size, &s->from,
			     &tail, err);
	free(l.lease);
	if (!ret && tail.lease)
		ret = split(s, &tail, err);
	return ret || lc_ledger_get(s->c, &s->before, err) ? -1 : 0;
}

static void count_down(uint64_t *rest, uint64_t got)
{
	*rest -= got < *rest ? got : *rest;
}

static int recall_next(struct shrink *s, const uint32_t *ids, size_t n,
		       struct lc_terms *t, struct coord_err *err)
{
	struct coord_amount before = s->deal->moved;
	uint64_t cpus = s->from.rest.cpus;

	if (s->from.exact)
		t->want.cpus = 0; /* all that are listed */
	if (lc_recall(s->c, t, ids, n, s->deal, err))
		return -1;
	count_down(&cpus, s->deal->moved.cpus - before.cpus);
	s->from.rest.cpus = (uint32_t)cpus;
	count_down(&s->from.rest.memory, s->deal->moved.memory - before.memory);
	return 0;
}

/* 0 however much was given; -1: it failed, or agreed to nothing at all. */
static int recall(struct shrink *s, struct coord_err *err)
{
	uint32_t ids[COK_TXN_MAX_RES];
	struct lc_terms t = {
		.enclave = s->id,
		.timeout = s->ch->timeout,
		.best_effort = best_effort(s) || s->from.n > COK_TXN_MAX_RES,
	};
	size_t n;

	while ((n = lc_pick_next(&s->from, ids, &t.want))) {
		if (!recall_next(s, ids, n, &t, err))
			continue;
		/* Others of its leases it may give. */
		if (err->code != COORD_E_DECLINED || s->from.at == s->from.n)
			return -1;
	}
	return 0;
}

/*
 * What it gave of the pool is back there already: those leases, as ids of as
 * many as there are results. Their size in `before` becomes what was given.
 */
static size_t went_to_pool(struct shrink *s, uint32_t *ids)
{
	const struct coord_result *r = s->deal->results;
	size_t i, k, n = 0;

	for (k = 0; k < s->deal->nr_results; k++)
		for (i = 0; r[k].moved && r[k].agreed && i < s->before.n; i++) {
			struct coord_lease *l = &s->before.lease[i];

			if (l->id != r[k].lease || !l->reserved)
				continue;
			if (l->kind == COK_RES_MEM)
				l->size = r[k].agreed;
			ids[n++] = l->id;
		}
	return n;
}

static void tell_pool(struct shrink *s)
{
	uint32_t *ids = calloc(s->deal->nr_results + 1, sizeof(*ids));

	if (ids)
		lc_pool_note(s->c, &s->before, s->id, ids,
			     went_to_pool(s, ids));
	free(ids);
}

static bool all_from_linux(struct shrink *s)
{
	uint32_t *ids = calloc(s->deal->nr_results + 1, sizeof(*ids));
	bool all = ids && !went_to_pool(s, ids);

	free(ids);
	return all;
}

/* On its way home nothing went to the pool, but what was of that is so no more. */
static void was_reserved(struct shrink *s, struct coord_err *err)
{
	lc_deal_undone(s->deal);
	lc_err_more(
		err,
		"; it has that again, but what was of the pool will go home when it gives it");
}

/*
 * All or nothing, and it was only part: it gets that back, but for what is of
 * the pool and went there.
 */
static void give_back(struct shrink *s, struct coord_err *err)
{
	struct lc_terms t = { .enclave = s->id, .timeout = s->ch->timeout };
	struct coord_deal ignored = { 0 };
	struct coord_err e;
	int n;

	while ((n = lc_op_pooled(s->c, &e)) > 0)
		if (lc_offer(s->c, &t, &ignored, &e))
			break;
	coord_deal_free(&ignored);
	if (n)
		lc_err_more(err, "; giving back what it gave failed: %s",
			    e.text);
	else if (all_from_linux(s))
		lc_deal_undone(s->deal);
	else if (s->ch->home)
		was_reserved(s, err);
	else
		lc_err_more(err, "; what it gave of the pool is there now");
}

/* What all recalls together have brought; `failed`: the last one did. */
static bool judge(struct shrink *s, bool failed, struct coord_err *err)
{
	const struct coord_amount *moved = &s->deal->moved;

	/* What it declined beside what it gave is part of the deal. */
	if (best_effort(s))
		return failed && ((!moved->cpus && !moved->memory) ||
				  err->code != COORD_E_DECLINED);
	if (failed || lc_amount_covers(moved, &s->deal->asked))
		return failed;
	lc_err(err, COORD_E_DECLINED, ECONNREFUSED,
	       "cannot shrink the enclave: enclave %s declined (%s)",
	       s->ch->name, coord_why_text(COK_WHY_PARTIAL));
	err->why = COK_WHY_PARTIAL;
	return true;
}

static int shrink(struct shrink *s, struct coord_err *err)
{
	bool failed;

	if (candidates(s, err))
		return -1;
	failed = judge(s, recall(s, err) != 0, err);
	failed = lc_deal_end(s->deal, s->ch->name, failed, err) != 0;
	if (!s->ch->home)
		tell_pool(s);
	if (!failed)
		return 0;
	if (!best_effort(s) && (s->deal->moved.cpus || s->deal->moved.memory))
		give_back(s, err);
	return -1;
}

static int begin(struct shrink *s, struct coord_err *err)
{
	const struct coord_change *ch = s->ch;

	if (!ch->cpus && !ch->cpu_list && !ch->memory)
		return lc_err(
			err, COORD_E_INVALID, EINVAL,
			"nothing to shrink by; give --cpus, --cpu-list or --mem");
	if ((ch->memory && lc_check_size(ch->memory, s->c->info.block_size,
					 ch->mem_from, err)) ||
	    lc_enclave_id(s->c, ch->name, &s->id, err))
		return -1;
	return (ch->home ? lc_op_begin_home : lc_op_begin)(s->c, COK_OP_SHRINK,
							   s->id, err);
}

int coord_shrink(struct coord *c, const struct coord_change *ch,
		 struct coord_deal *deal, struct coord_err *err)
{
	struct coord_deal own = { 0 };
	struct shrink s = { .c = c, .ch = ch, .deal = deal ? deal : &own };
	int ret;

	ret = lc_deal_begin(s.deal, ch, err);
	if (!ret)
		ret = begin(&s, err);
	if (!ret) {
		/* What was given goes home, whatever else went wrong. */
		ret = shrink(&s, err) || lc_op_return(c, 0, err)
			      ? lc_op_undo(c, err)
			      : lc_op_end(c, err);
	}
	free(s.from.lease);
	free(s.before.lease);
	coord_deal_free(&own);
	return ret;
}
