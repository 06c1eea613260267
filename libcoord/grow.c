// SPDX-License-Identifier: GPL-2.0
/*
 * Grow: take, offer, and give back what is declined. One offer moves up to
 * COK_TXN_MAX_RES leases, so a large change is several offers; if a later one
 * fails, the earlier ones are recalled.
 */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

#define MARGIN	   15000  /* ms over the module's own deadline */
#define TAKE_LIMIT 600000 /* ms for all taking */
#define TRIES	   5	  /* the pool may change between look and take */

static int offer(struct coord *c, uint32_t id, unsigned int timeout,
		 struct coord_err *err)
{
	struct lc_req r;

	lc_req_init(c, &r, COK_CMD_OFFER, 0, "grow the enclave");
	lc_put_enclave(&r, id);
	lc_put_u32(&r, COK_A_TIMEOUT_MS, timeout);
	return lc_job(c, &r, timeout + MARGIN, err);
}

/* What this grow has given: what it drew from the pool, or what is new. */
struct given {
	const struct lc_draw *drawn;
	const struct lc_ledger *before; /* NULL: all was drawn */
};

static bool is_given(const struct given *g, uint32_t lease)
{
	size_t k;

	for (k = 0; !g->before && k < g->drawn->n; k++)
		if (g->drawn->id[k] == lease)
			return true;
	for (k = 0; g->before && k < g->before->n; k++)
		if (g->before->lease[k].id == lease)
			return false;
	return g->before != NULL;
}

static size_t given_to(const struct lc_ledger *now, const struct given *g,
		       uint32_t id, uint32_t *out, size_t room)
{
	size_t i, n = 0;

	for (i = 0; i < now->n && n < room; i++)
		if (now->lease[i].enclave == id &&
		    now->lease[i].state == COK_LS_GRANTED &&
		    is_given(g, now->lease[i].id))
			out[n++] = now->lease[i].id;
	return n;
}

static void recall_new(struct coord *c, uint32_t id, const struct given *g,
		       unsigned int timeout, struct coord_err *err)
{
	uint32_t ids[COK_TXN_MAX_RES];
	struct lc_ledger now;
	struct coord_err e;
	size_t n;

	for (;;) {
		if (lc_ledger_get(c, &now, &e))
			break;
		n = given_to(&now, g, id, ids, COK_TXN_MAX_RES);
		free(now.lease);
		if (!n)
			return;
		if (lc_recall(c, id, ids, n, timeout, &e))
			break;
	}
	lc_err_more(err, "; taking back what was granted failed: %s", e.text);
}

/* Has our operation taken what was not offered yet? -1: no telling. */
static int left(struct coord *c, struct coord_err *err)
{
	struct lc_ledger l;
	int n = 0;
	size_t i;

	if (lc_ledger_get(c, &l, err))
		return -1;
	for (i = 0; i < l.n; i++)
		n += l.lease[i].op == c->op &&
		     l.lease[i].state == COK_LS_POOLED;
	free(l.lease);
	return n;
}

static int offer_all(struct coord *c, const struct lc_want *w, size_t n,
		     unsigned int timeout, struct coord_err *err)
{
	size_t done;

	for (done = 0; done < n; done += COK_TXN_MAX_RES)
		if (lc_go_on(c, w->deadline, err) ||
		    offer(c, w->enclave, timeout, err))
			return -1;
	return 0;
}

/* Linux's part may be in more leases than one can know beforehand. */
static int offer_what_is_left(struct coord *c, const struct lc_want *w,
			      unsigned int timeout, struct coord_err *err)
{
	int n;

	while ((n = left(c, err)) > 0)
		if (offer_all(c, w, 1, timeout, err))
			return -1;
	return n;
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

/* Under our operation, which it ends. */
static int grow_from_linux(struct coord *c, const struct lc_want *w,
			   struct lc_draw *d, unsigned int timeout,
			   struct coord_err *err)
{
	struct lc_ledger before;
	const struct given g = { d, &before };
	int ret;

	if (lc_ledger_get(c, &before, err))
		return lc_op_undo(c, err);
	ret = lc_take_planned(c, w, d, err);
	if (!ret)
		ret = offer_what_is_left(c, w, timeout, err);
	if (ret)
		recall_new(c, w->enclave, &g, timeout, err);
	free(before.lease);
	return ret ? lc_op_undo(c, err) : lc_op_end(c, err);
}

/*
 * The same without a look at the ledger: what it takes is known by number.
 * COORD_E_BUSY: somebody was faster, nothing has been taken.
 */
static int grow_from_pool(struct coord *c, const struct lc_want *w,
			  struct lc_draw *d, unsigned int timeout,
			  struct coord_err *err)
{
	const struct given g = { d, NULL };
	struct lc_want only = *w;

	only.from = COORD_FROM_POOL;
	if (lc_take_planned(c, &only, d, err))
		return lc_op_undo(c, err);
	if (offer_all(c, w, d->n, timeout, err)) {
		recall_new(c, w->enclave, &g, timeout, err);
		return lc_op_undo(c, err);
	}
	return lc_op_end(c, err);
}

/* 1: it was to be all from the pool, and somebody was faster. */
static int try_grow(struct coord *c, const struct coord_change *ch,
		    struct lc_want *w, struct coord_err *err)
{
	struct lc_draw d;
	bool pool;
	int ret;

	if (lc_plan(c, ch->numa, w, &d, NULL, err))
		return -1;
	pool = !lc_wants_anything(&d.rest);
	ret = lc_op_begin(c, COK_OP_GROW, w->enclave, err);
	if (!ret && pool)
		ret = grow_from_pool(c, w, &d, ch->timeout, err);
	else if (!ret)
		ret = grow_from_linux(c, w, &d, ch->timeout, err);
	free(d.id);
	return ret && pool && err->err == EAGAIN ? 1 : ret;
}

int coord_grow(struct coord *c, const struct coord_change *ch,
	       struct coord_err *err)
{
	struct lc_want w = {
		.cpus = ch->cpu_list ? 0 : ch->cpus,
		.cpu_list = ch->cpu_list,
		.memory = ch->memory,
		.mem_from = ch->mem_from,
		.from = ch->from,
		.deadline = lc_now() + TAKE_LIMIT,
		.node = LC_NODE_ANY,
	};
	int ret, tries = 0;

	if (!lc_wants_anything(&w))
		return lc_err(
			err, COORD_E_INVALID, EINVAL,
			"nothing to grow by; give --cpus, --cpu-list or --mem");
	if (find_running(c, ch->name, &w.enclave, err))
		return -1;
	do {
		w.node = LC_NODE_ANY;
		ret = try_grow(c, ch, &w, err);
	} while (ret > 0 && ++tries < TRIES);
	return ret ? -1 : 0;
}
