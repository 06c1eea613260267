// SPDX-License-Identifier: GPL-2.0
/*
 * Grow: take, offer, and give back what is declined. One offer moves up to
 * COK_TXN_MAX_RES leases, so a large change is several offers. All or nothing:
 * if a later one fails, the earlier ones are recalled. Best effort: what can be
 * had is offered, and what is agreed to is kept.
 */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

#define TAKE_LIMIT 600000 /* ms for all taking */
#define TRIES	   5	  /* the pool may change between look and take */

struct grow {
	struct coord *c;
	const struct coord_change *ch;
	struct lc_want want;
	uint64_t request;	/* that it is for; 0: none */
	struct lc_draw draw;	/* what of it comes from the pool */
	bool pool;		/* all of it, and in the ledger by number */
	size_t offered;		/* of that */
	struct lc_ledger taken; /* as it was before the first of many offers */
	struct coord_deal *deal;
	char less[400]; /* best effort: why less than all was offered */
};

static bool best_effort(const struct grow *g)
{
	return (g->ch->flags & COORD_BEST_EFFORT) != 0;
}

/* ---- taking ------------------------------------------------------------------- */

static bool can_have(struct grow *g, const struct lc_want *w,
		     struct coord_err *err)
{
	struct lc_want copy = *w;
	struct lc_draw d;

	if (lc_plan(g->c, g->ch->numa, &copy, &d, NULL, err))
		return false;
	free(d.id);
	return true;
}

/* The most memory that could be had now, by halving; 0: none. */
static uint64_t most_memory(struct grow *g, struct coord_err *err)
{
	struct lc_want w = { .mem_from = g->want.mem_from,
			     .from = g->want.from,
			     .node = LC_NODE_ANY,
			     .enclave = g->want.enclave };
	uint64_t unit = w.mem_from == COORD_MEM_BLOCKS ? g->c->info.block_size
						       : COK_CONTIG_UNIT;
	uint64_t low = 0, high = g->want.memory / unit, mid;

	while (low < high) {
		mid = low + (high - low + 1) / 2;
		w.memory = mid * unit;
		if (can_have(g, &w, err))
			low = mid;
		else
			high = mid - 1;
	}
	return low * unit;
}

static void note(struct grow *g, const struct coord_err *err)
{
	if (!g->less[0])
		snprintf(g->less, sizeof(g->less), "%.399s", err->text);
}

/* Best effort: wants no more than there is. -1: that is nothing at all. */
static int lower(struct grow *g, struct coord_err *err)
{
	struct lc_want w = g->want;

	note(g, err);
	w.memory = 0;
	while (w.cpus && !can_have(g, &w, err))
		w.cpus--;
	g->want.cpus = w.cpus;
	w = g->want;
	w.cpus = 0;
	w.cpu_list = NULL;
	if (w.memory && !can_have(g, &w, err))
		g->want.memory = most_memory(g, err);
	return g->want.cpus || g->want.memory ? 0 : -1;
}

/* Refuses, before anything is taken, what can't be. */
static int plan(struct grow *g, struct coord_err *err)
{
	const char *numa = g->ch->numa;

	if (lc_plan(g->c, numa, &g->want, &g->draw, NULL, err)) {
		/* Named CPUs are not less than they are. */
		if (!best_effort(g) || g->want.cpu_list || lower(g, err))
			return -1;
		g->want.node = LC_NODE_ANY;
		if (lc_plan(g->c, numa, &g->want, &g->draw, NULL, err))
			return -1;
	}
	g->pool = !lc_wants_anything(&g->draw.rest) && !best_effort(g);
	if (g->pool)
		g->want.from = COORD_FROM_POOL;
	return 0;
}

/* True: the change ends; else, with best effort, there is just less. */
static bool ends(struct grow *g, const struct coord_err *err)
{
	if (!best_effort(g) || err->code == COORD_E_CANCELLED ||
	    err->code == COORD_E_TIMEOUT)
		return true;
	note(g, err);
	return false;
}

static int take(struct grow *g, struct coord_err *err)
{
	const struct lc_want *rest = &g->draw.rest;
	int n;

	if (lc_take_pooled(g->c, &g->want, &g->draw, err) && ends(g, err))
		return -1;
	/* Memory first: it is what is most often refused. */
	if (rest->memory && lc_take_memory(g->c, rest, err) && ends(g, err))
		return -1;
	if (lc_take_cpus(g->c, rest, err) && ends(g, err))
		return -1;
	if (!g->less[0])
		return 0;
	n = lc_op_pooled(g->c, err);
	return n ? n > 0 ? 0 : -1
		 : lc_err(err, COORD_E_BUSY, EBUSY, "%s", g->less);
}

/* ---- offering ------------------------------------------------------------------- */

/* What was offered and not accepted would be offered again. */
static int return_rest(struct grow *g, const struct lc_ledger *mine,
		       uint32_t from, struct coord_err *err)
{
	const struct coord_deal *d = g->deal;
	struct lc_ledger now;
	int ret = 0;
	uint32_t k;
	size_t i, m;

	if (lc_ledger_get(g->c, &now, err))
		return -1;
	for (i = 0; i < now.n && !ret; i++) {
		const struct coord_lease *l = &now.lease[i];
		bool waits = false;

		if (l->op != g->c->op || l->state != COK_LS_POOLED)
			continue;
		for (m = 0; m < mine->n; m++)
			waits |= mine->lease[m].id == l->id;
		for (k = from; k < d->nr_results; k++)
			waits &= d->results[k].lease != l->id;
		if (!waits)
			ret = lc_return(g->c, l, err);
	}
	free(now.lease);
	return ret;
}

static bool all_agreed(const struct coord_deal *d, uint32_t from)
{
	uint32_t i;

	for (i = from; i < d->nr_results; i++)
		if (d->results[i].agreed < d->results[i].asked)
			return false;
	return d->nr_results > from;
}

static int offer(struct grow *g, int left, struct coord_err *err)
{
	struct lc_terms t = { .enclave = g->want.enclave,
			      .timeout = g->ch->timeout,
			      .best_effort = best_effort(g) };
	uint32_t from = g->deal->nr_results;
	struct lc_ledger mine;
	int ret;

	/* It is met by the last offer. */
	if (left <= COK_TXN_MAX_RES)
		t.request = g->request;
	if (!best_effort(g))
		return lc_offer(g->c, &t, g->deal, err);
	if (lc_ledger_get(g->c, &mine, err))
		return -1;
	ret = lc_offer(g->c, &t, g->deal, err);
	if (ret && err->code != COORD_E_DECLINED)
		ret = -1;
	else if (all_agreed(g->deal, from))
		ret = 0;
	else
		ret = return_rest(g, &mine, from, err);
	free(mine.lease);
	return ret;
}

/*
 * How much still waits to be offered. What is all from the pool is known by
 * number; Linux's part may be in more leases than one can know beforehand.
 */
static int waiting(struct grow *g, struct coord_err *err)
{
	if (g->pool)
		return (int)(g->draw.n - g->offered);
	return lc_op_pooled(g->c, err);
}

static int offer_all(struct grow *g, struct coord_err *err)
{
	int n;

	while ((n = waiting(g, err)) > 0) {
		if (lc_go_on(g->c, g->want.deadline, err) || offer(g, n, err))
			return -1;
		g->offered += n < COK_TXN_MAX_RES ? (size_t)n : COK_TXN_MAX_RES;
	}
	return n;
}

/* ---- taking back ------------------------------------------------------------------ */

/*
 * What this grow has taken is known by its place: the number of a lease stays
 * with what is not given of it, or is given back. By number if one offer will do.
 */
static int see_taken(struct grow *g, struct coord_err *err)
{
	if (g->pool && g->draw.n <= COK_TXN_MAX_RES)
		return 0;
	return lc_ledger_get(g->c, &g->taken, err);
}

/* Is it `whole`, or part of that? */
static bool is_of(const struct coord_lease *l, const struct coord_lease *whole)
{
	if (l->kind != whole->kind)
		return false;
	if (l->kind == COK_RES_CPU)
		return l->cpu == whole->cpu;
	return l->start >= whole->start &&
	       l->start - whole->start < whole->size;
}

/* Did this grow give it? */
static bool is_given(const struct grow *g, const struct coord_lease *l)
{
	size_t k;

	for (k = 0; g->pool && k < g->draw.n; k++)
		if (g->draw.id[k] == l->id)
			return true;
	for (k = 0; k < g->taken.n; k++)
		if (g->taken.lease[k].op == g->c->op &&
		    is_of(l, &g->taken.lease[k]))
			return true;
	return false;
}

static size_t given(const struct lc_ledger *now, const struct grow *g,
		    uint32_t *out, size_t room)
{
	size_t i, n = 0;

	for (i = 0; i < now->n && n < room; i++)
		if (now->lease[i].enclave == g->want.enclave &&
		    now->lease[i].state == COK_LS_GRANTED &&
		    is_given(g, &now->lease[i]))
			out[n++] = now->lease[i].id;
	return n;
}

static void recall_new(struct grow *g, struct coord_err *err)
{
	const struct lc_terms t = { .enclave = g->want.enclave,
				    .timeout = g->ch->timeout };
	struct coord_deal ignored = { 0 };
	uint32_t ids[COK_TXN_MAX_RES];
	struct lc_ledger now;
	struct coord_err e;
	size_t n;

	for (;;) {
		if (lc_ledger_get(g->c, &now, &e))
			break;
		n = given(&now, g, ids, COK_TXN_MAX_RES);
		free(now.lease);
		if (!n) {
			lc_deal_undone(g->deal);
			return;
		}
		if (lc_recall(g->c, &t, ids, n, &ignored, &e))
			break;
		coord_deal_free(&ignored);
	}
	coord_deal_free(&ignored);
	lc_err_more(err, "; taking back what was granted failed: %s", e.text);
}

/* ---- all of it ----------------------------------------------------------------------- */

static int grow(struct grow *g, struct coord_err *err)
{
	bool taken = !take(g, err) && !see_taken(g, err);
	int ret = taken ? offer_all(g, err) : -1;

	ret = lc_deal_end(g->deal, g->ch->name, ret != 0, err);
	if (ret && g->less[0] && strcmp(err->text, g->less))
		lc_err_more(err, "; %s", g->less);
	if (ret && taken && (!best_effort(g) || err->code == COORD_E_CANCELLED))
		recall_new(g, err);
	return ret;
}

/* Said before anything is taken offline for it. */
static int find_running(struct coord *c, const char *name, uint32_t *id,
			struct coord_err *err)
{
	struct coord_enclave *e;
	uint32_t state;

	if (coord_enclave(c, name, &e, err))
		return -1;
	*id = e->id;
	state = e->state;
	coord_enclaves_free(e, 1);
	if (state == COK_ST_RUNNING)
		return 0;
	return lc_err(err, COORD_E_FAILED, ENOTCONN,
		      "cannot grow '%s': it is %s, not running", name,
		      coord_state_name(state));
}

static int begin(struct grow *g, struct coord_err *err)
{
	if (!lc_wants_anything(&g->want))
		return lc_err(
			err, COORD_E_INVALID, EINVAL,
			"nothing to grow by; give --cpus, --cpu-list or --mem");
	return find_running(g->c, g->ch->name, &g->want.enclave, err);
}

/* 1: it was to be all from the pool, and somebody was faster. */
static int try_grow(struct grow *g, struct coord_err *err)
{
	int ret;

	if (plan(g, err))
		return -1;
	ret = lc_op_begin(g->c, COK_OP_GROW, g->want.enclave, err);
	if (!ret)
		ret = grow(g, err) ? lc_op_undo(g->c, err)
				   : lc_op_end(g->c, err);
	free(g->taken.lease);
	free(g->draw.id);
	g->taken = (struct lc_ledger){ 0 };
	return ret && g->pool && err->err == EAGAIN ? 1 : ret;
}

int lc_grow(struct coord *c, const struct coord_change *ch, uint64_t request,
	    struct coord_deal *deal, struct coord_err *err)
{
	const struct lc_want want = {
		.cpus = ch->cpu_list ? 0 : ch->cpus,
		.cpu_list = ch->cpu_list,
		.memory = ch->memory,
		.mem_from = ch->mem_from,
		.from = ch->from,
		.deadline = lc_now() + TAKE_LIMIT,
		.node = LC_NODE_ANY,
	};
	struct coord_deal own = { 0 };
	struct grow g = {
		.c = c,
		.ch = ch,
		.want = want,
		.request = request,
		.deal = deal ? deal : &own,
	};
	int tries = 0, ret = lc_deal_begin(g.deal, ch, err);
	uint32_t id;

	if (!ret)
		ret = begin(&g, err);
	id = g.want.enclave;
	while (!ret) {
		g.want = want;
		g.want.enclave = id;
		ret = try_grow(&g, err);
		if (ret <= 0 || ++tries == TRIES)
			break;
		ret = 0;
	}
	coord_deal_free(&own);
	return ret ? -1 : 0;
}

int coord_grow(struct coord *c, const struct coord_change *ch,
	       struct coord_deal *deal, struct coord_err *err)
{
	return lc_grow(c, ch, 0, deal, err);
}
