// SPDX-License-Identifier: GPL-2.0
/* The pool: filled, drawn from, emptied. */
#include <stdio.h>
#include <stdlib.h>

#include <netlink/netlink.h>
#include <netlink/genl/genl.h>

#include "internal.h"

#define TAKE_LIMIT 600000 /* ms for all taking */
#define TRIES	   5	  /* the pool may change between look and take */

static int take_id(struct genlmsghdr *g, void *arg)
{
	struct nlattr *tb[COK_A_COUNT];

	if (!lc_parse(g, tb))
		*(uint32_t *)arg = lc_get_u32(tb[COK_A_LEASE]);
	return 0;
}

int lc_split(struct coord *c, uint32_t lease, uint64_t size, uint32_t *tail,
	     struct coord_err *err)
{
	struct lc_req r;

	lc_req_init(c, &r, COK_CMD_LEASE_SPLIT, 0, "split a range");
	lc_put_u32(&r, COK_A_LEASE, lease);
	lc_put_u64(&r, COK_A_SIZE, size);
	return lc_call(c, &r, take_id, tail, err);
}

/* Failing with EAGAIN it took none; another may have been faster. */
static int take_ids(struct coord *c, const uint32_t *ids, size_t n,
		    struct coord_err *err)
{
	size_t part, done;
	struct lc_req r;

	for (done = 0; done < n; done += part) {
		part = n - done < COK_TXN_MAX_RES ? n - done : COK_TXN_MAX_RES;
		lc_req_init(c, &r, COK_CMD_POOL_TAKE, 0, "take from the pool");
		lc_put_data(&r, COK_A_LEASE_LIST, ids + done,
			    part * sizeof(*ids));
		if (!lc_call(c, &r, NULL, NULL, err))
			continue;
		if (err->err != ENOENT)
			return -1;
		return lc_err(err, COORD_E_BUSY, done ? EBUSY : EAGAIN,
			      "somebody else took it from the pool; try again");
	}
	return 0;
}

static int take_drawn(struct coord *c, struct lc_draw *d, struct coord_err *err)
{
	/* Parted, it is all in the pool as before. */
	if (d->split) {
		if (lc_split(c, d->split, d->tail, &d->id[d->n], err))
			return err->err == ENOENT
				       ? lc_err(err, COORD_E_BUSY, EAGAIN,
						"the pool changes; try again")
				       : -1;
		d->n++;
		d->split = 0;
	}
	return take_ids(c, d->id, d->n, err);
}

/* What was seen in the pool may be gone when it is to be taken: looks again. */
int lc_take_pooled(struct coord *c, const struct lc_want *w, struct lc_draw *d,
		   struct coord_err *err)
{
	struct lc_ledger l;
	int ret, tries;

	for (tries = 1; take_drawn(c, d, err); tries++) {
		if (err->err != EAGAIN || tries == TRIES)
			return -1;
		free(d->id);
		*d = (struct lc_draw){ 0 };
		if (lc_ledger_get(c, &l, err))
			return -1;
		ret = lc_pool_pick(c->root, c->info.block_size, &l, w, d, err);
		free(l.lease);
		if (ret) {
			/* Nothing was taken; what is lacking is not Linux's. */
			*d = (struct lc_draw){ 0 };
			err->err = EAGAIN;
			return -1;
		}
	}
	return 0;
}

int lc_take_planned(struct coord *c, const struct lc_want *w, struct lc_draw *d,
		    struct coord_err *err)
{
	if (lc_take_pooled(c, w, d, err))
		return -1;
	/* Memory first: it is what is most often refused. */
	if (d->rest.memory && lc_take_memory(c, &d->rest, err))
		return -1;
	return lc_take_cpus(c, &d->rest, err);
}

/* ---- what went there --------------------------------------------------------- */

static bool among(uint32_t id, const uint32_t *ids, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (ids[i] == id)
			return true;
	return false;
}

void lc_pool_note(struct coord *c, const struct lc_ledger *l, uint32_t enclave,
		  const uint32_t *ids, size_t n)
{
	uint64_t memory = 0;
	uint32_t cpus = 0;
	char one[24], s[24];
	size_t i;

	for (i = 0; i < l->n; i++) {
		const struct coord_lease *x = &l->lease[i];

		if (!x->reserved || x->enclave != enclave ||
		    (ids && !among(x->id, ids, n)))
			continue;
		cpus += x->kind == COK_RES_CPU;
		memory += x->size;
	}
	if (!cpus && !memory)
		return;
	coord_size_format(memory, s, sizeof(s));
	snprintf(one, sizeof(one), "%u CPU%s", cpus, cpus == 1 ? "" : "s");
	lc_warn(c,
		"%s%s%s%s went back to the pool; 'cokctl release' takes that home",
		cpus ? one : "", cpus && memory ? " and " : "", memory ? s : "",
		memory ? " of memory" : "");
}

/* ---- reserve ------------------------------------------------------------------- */

static int put(struct coord *c, struct coord_err *err)
{
	struct lc_req r;

	lc_req_init(c, &r, COK_CMD_POOL_PUT, 0, "put it into the pool");
	return lc_call(c, &r, NULL, NULL, err);
}

int coord_reserve(struct coord *c, const struct coord_change *ch,
		  struct coord_err *err)
{
	struct lc_want w = {
		.cpus = ch->cpu_list ? 0 : ch->cpus,
		.cpu_list = ch->cpu_list,
		.memory = ch->memory,
		.mem_from = ch->mem_from,
		.from = COORD_FROM_LINUX,
		.deadline = lc_now() + TAKE_LIMIT,
		.node = LC_NODE_ANY,
	};
	struct lc_draw d;
	int ret;

	if (!lc_wants_anything(&w))
		return lc_err(
			err, COORD_E_INVALID, EINVAL,
			"nothing to reserve; give --cpus, --cpu-list or --mem");
	if (lc_plan(c, ch->numa, &w, &d, NULL, err))
		return -1;
	if (lc_op_begin(c, COK_OP_RESERVE, 0, err))
		ret = -1;
	else if (lc_take_planned(c, &w, &d, err) ||
		 lc_go_on(c, w.deadline, err) || put(c, err))
		ret = lc_op_undo(c, err);
	else
		ret = lc_op_end(c, err);
	free(d.id);
	return ret;
}

/* ---- release ---------------------------------------------------------------------- */

static int take_all(struct coord *c, struct coord_err *err)
{
	struct lc_req r;

	lc_req_init(c, &r, COK_CMD_POOL_TAKE, 0, "empty the pool");
	if (!lc_call(c, &r, NULL, NULL, err))
		return 0;
	return err->err == ENOENT ? 0 : -1;
}

static bool in_pool(const struct lc_ledger *l, uint32_t id)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->lease[i].id == id)
			return coord_lease_in_pool(&l->lease[i]);
	return false;
}

/* Refused as a whole: what is taken out of the pool for it goes home. */
static int check_leases(struct coord *c, const struct coord_release *rel,
			struct coord_err *err)
{
	struct lc_ledger l;
	bool good = true;
	size_t i;

	if (lc_ledger_get(c, &l, err))
		return -1;
	for (i = 0; i < rel->nr_leases; i++)
		good &= in_pool(&l, rel->leases[i]) &&
			!among(rel->leases[i], rel->leases, i);
	free(l.lease);
	if (good)
		return 0;
	return lc_err(
		err, COORD_E_INVALID, ENOENT,
		"not all of these leases are in the pool; 'cokctl pool' lists what is");
}

static int take_leases(struct coord *c, const struct coord_release *rel,
		       struct coord_err *err)
{
	if (check_leases(c, rel, err))
		return -1;
	return take_ids(c, rel->leases, rel->nr_leases, err);
}

static int take_amount(struct coord *c, const struct coord_release *rel,
		       struct coord_err *err)
{
	struct lc_want w = { .cpus = rel->cpus,
			     .memory = rel->memory,
			     .mem_from = rel->mem_from,
			     .from = COORD_FROM_POOL,
			     .node = LC_NODE_ANY };
	struct lc_draw d;
	int ret;

	if (lc_plan(c, "any", &w, &d, NULL, err))
		return -1;
	ret = lc_take_pooled(c, &w, &d, err);
	free(d.id);
	return ret;
}

/* It failed, but the pool has less. */
static void tell_taken(struct coord *c, struct coord_err *err)
{
	struct coord_err e;
	int n = lc_op_pooled(c, &e);

	if (n > 0)
		lc_err_more(err, "; %d lease%s had left the pool and go%s home",
			    n, n == 1 ? "" : "s", n == 1 ? "es" : "");
}

int coord_release(struct coord *c, const struct coord_release *rel,
		  struct coord_err *err)
{
	int ret;

	if (!rel->all && !rel->cpus && !rel->memory && !rel->nr_leases)
		return lc_err(
			err, COORD_E_INVALID, EINVAL,
			"nothing to release; give --all, --cpus, --mem or --lease");
	if ((rel->memory && lc_check_size(rel->memory, c->info.block_size,
					  rel->mem_from, err)) ||
	    lc_op_begin(c, COK_OP_RELEASE, 0, err))
		return -1;
	if (rel->all)
		ret = take_all(c, err);
	else if (rel->nr_leases)
		ret = take_leases(c, rel, err);
	else
		ret = take_amount(c, rel, err);
	if (ret)
		tell_taken(c, err);
	if (ret || lc_op_return(c, 0, err))
		return lc_op_undo(c, err);
	return lc_op_end(c, err);
}
