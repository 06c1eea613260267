// SPDX-License-Identifier: GPL-2.0
/*
 * The host's job around a transaction: what is done to leases before it is
 * sent, and after it was decided (txn_host.h).
 */
#include "txn_host.h"

int cok_txn_stage(struct cok_txn *t, const struct cok_txn_ops *ops, void *ctx)
{
	for (__u16 i = 0; i < t->total; i++) {
		struct cok_txn_res *r = &t->res[i];
		int err = ops->stage(ctx, t, r);

		if (err) {
			t->state = COK_TXN_ABORTED;
			t->err = err;
			return err;
		}
		r->staged = true;
		if (t->ask != COK_MSG_RELEASE)
			cok_res_give_none(&r->res, COK_WHY_NONE);
	}
	return 0;
}

/*
 * Each step is for each resource's leases in turn: the piece that was agreed
 * to, and up to two that were not.
 */
enum step {
	STEP_SPLIT,
	STEP_CORE_OUT,
	STEP_CORE_POOL,
	STEP_MEM_OUT,
	STEP_MEM_SCRUB,
	STEP_MEM_POOL,
	STEP_HOLD,
	STEP_START,
	STEP_END,
};

#define LEASES 3

static __u32 *lease_of(struct cok_txn_res *r, __u16 which)
{
	return which ? &r->rest[which - 1] : &r->piece;
}

/* Of a give what was not agreed to goes out, of a take what was. */
static bool goes_out(const struct cok_txn *t, __u16 which)
{
	return t->ask == COK_MSG_OFFER ? which : !which;
}

static void split(struct cok_txn *t, struct cok_txn_res *r,
		  const struct cok_txn_ops *ops, void *ctx)
{
	if (t->state != COK_TXN_COMMITTED || !r->res.given)
		r->rest[0] = r->lease;
	else if (r->res.kind == COK_RES_CPU)
		r->piece = r->lease;
	else
		ops->split(ctx, t, r);
}

static void detach(struct cok_txn *t, struct cok_txn_res *r, __u32 *lease,
		   const struct cok_txn_ops *ops, void *ctx)
{
	if (!ops->detach(ctx, t, r, *lease))
		return;
	*lease = 0; /* quarantined: there it stays */
	if (!t->settle_err)
		t->settle_err = -EREMOTEIO;
}

static void start(struct cok_txn *t, struct cok_txn_res *r,
		  const struct cok_txn_ops *ops, void *ctx)
{
	int err = ops->start(ctx, t, r);

	if (err && !t->settle_err)
		t->settle_err = err;
}

/* Does what the step says about one lease, if anything. */
static bool do_step(struct cok_txn *t, struct cok_txn_res *r, __u16 which,
		    const struct cok_txn_ops *ops, void *ctx)
{
	bool core = r->res.kind == COK_RES_CPU;
	__u32 *lease = lease_of(r, which);
	bool out = goes_out(t, which);

	if (t->step != STEP_SPLIT && !*lease)
		return false;
	switch (t->step) {
	case STEP_SPLIT:
		if (which)
			return false;
		split(t, r, ops, ctx);
		return true;
	case STEP_CORE_OUT:
	case STEP_MEM_OUT:
		if (!out || (t->step == STEP_CORE_OUT ? !core : core))
			return false;
		detach(t, r, lease, ops, ctx);
		return true;
	case STEP_MEM_SCRUB:
		if (!out || core)
			return false;
		ops->scrub(ctx, t, *lease);
		return true;
	case STEP_CORE_POOL:
	case STEP_MEM_POOL:
		if (!out || (t->step == STEP_CORE_POOL ? !core : core))
			return false;
		ops->pool(ctx, t, *lease);
		*lease = 0;
		return true;
	case STEP_HOLD:
		if (out)
			return false;
		ops->hold(ctx, t, *lease);
		return true;
	default: /* STEP_START */
		if (out || !core || t->ask != COK_MSG_OFFER)
			return false;
		start(t, r, ops, ctx);
		return true;
	}
}

bool cok_txn_settle(struct cok_txn *t, const struct cok_txn_ops *ops, void *ctx)
{
	for (; t->step < STEP_END; t->step++, t->at = 0)
		while (t->at < t->total * LEASES) {
			struct cok_txn_res *r = &t->res[t->at / LEASES];
			__u16 which = t->at++ % LEASES;

			if (r->staged && do_step(t, r, which, ops, ctx))
				return true;
		}
	return false;
}
