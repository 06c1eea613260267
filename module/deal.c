// SPDX-License-Identifier: GPL-2.0
/*
 * What a transaction does to leases and cores, one thing at a time; in which
 * order is core/txn_settle.c's. A halt holds halt_lock from its first INIT to
 * its last ack, so under that lock an enclave is either alive, or proved dead,
 * or quarantined.
 */
#include <linux/sched.h>

#include "cok.h"

#define refuse(d, err, ...) \
	((d)->job ? cok_job_fail((d)->job, err, __VA_ARGS__) : (err))

static u32 index_of(const struct cok_deal *d, const struct cok_txn_res *r)
{
	return r - d->t.res;
}

/* ---- staging -------------------------------------------------------------------- */

/* What was asked, from the lease. */
static void describe(struct cok_deal *d, struct cok_txn_res *r,
		     const struct cok_lease *lease, u32 slot)
{
	struct cok_result *res = &d->result[index_of(d, r)];
	bool cpu = lease->kind == COK_RES_CPU;

	*res = (struct cok_result){
		.lease = lease->id,
		.kind = lease->kind,
		.cpu = lease->cpu,
		.asked = cpu ? 1 : lease->size,
	};
	if (d->t.ask == COK_MSG_RELEASE)
		return;
	r->res.kind = lease->kind;
	r->res.start = cpu ? lease->apic_id : lease->start;
	r->res.size = cpu ? slot : lease->size;
	if (lease->source == COK_SRC_CONTIG &&
	    cok_lease_ranges(d->e->id) < COK_MAX_RANGES)
		r->res.granule = ilog2(COK_CONTIG_UNIT);
}

/* A slot for an offered core, unless the enclave is on its way down. */
static int reserve_slot(struct cok_deal *d, const struct cok_lease *lease)
{
	struct cok_enclave *e = d->e;

	if (READ_ONCE(e->halting))
		return -EPIPE;
	return cok_slot_add(e, lease->id, lease->cpu, lease->apic_id);
}

static int offer_lease(struct cok_deal *d, struct cok_txn_res *r,
		       const struct cok_lease *lease)
{
	struct cok_enclave *e = d->e;
	bool cpu = lease->kind == COK_RES_CPU;
	int slot = 0, err = 0;

	mutex_lock(&e->halt_lock);
	if (cpu)
		slot = reserve_slot(d, lease);
	if (slot >= 0) {
		err = cok_lease_stage(lease->id, COK_LS_OFFERED, e->id,
				      d->txid);
		if (err && cpu)
			cok_slot_del(e, slot);
	}
	mutex_unlock(&e->halt_lock);
	if (slot == -EPIPE)
		return refuse(d, slot, "enclave %s ended meanwhile", e->name);
	if (slot < 0)
		return refuse(d, slot,
			      "enclave %s has no room for another core",
			      e->name);
	if (err)
		return refuse(d, err, "the ledger has no room");
	describe(d, r, lease, slot);
	return 0;
}

static int stage_offer(struct cok_deal *d, struct cok_txn_res *r)
{
	struct cok_lease lease;
	int err;

	if (cok_lease_claim(r->lease, d->op, BIT(COK_LS_POOLED), 0, &lease))
		return refuse(d, -EBUSY, "lease %u is in other hands",
			      r->lease);
	err = offer_lease(d, r, &lease);
	cok_lease_release(r->lease);
	return err;
}

static int slot_of(struct cok_enclave *e, u32 lease)
{
	u32 i;

	for (i = 0; i < COK_MAX_CORES; i++)
		if (e->slot[i].used && e->slot[i].lease == lease)
			return i;
	return -ENOENT;
}

/* Is it a part that could be recalled? */
static bool is_part(const struct cok_res *r, const struct cok_lease *lease)
{
	u64 skip = r->start - lease->start;

	return lease->source == COK_SRC_CONTIG && r->start >= lease->start &&
	       skip < lease->size && r->size <= lease->size - skip &&
	       !((r->start | r->size) % COK_CONTIG_UNIT);
}

/* The whole of a lease, or a part of it. Why not, or 0. */
static u16 judge_release(const struct cok_enclave *e, const struct cok_res *r,
			 const struct cok_lease *lease)
{
	if (r->kind == COK_RES_CPU)
		return e->slot[r->size].used &&
				       e->slot[r->size].lease == lease->id
			       ? 0
			       : COK_WHY_UNKNOWN;
	if (r->start == lease->start && r->size == lease->size)
		return 0;
	if (!is_part(r, lease))
		return COK_WHY_UNKNOWN;
	return cok_lease_ranges(e->id) < COK_MAX_RANGES ? 0 : COK_WHY_NO_SPACE;
}

/* A claimed lease of the enclave's: it is what it is until it is released. */
static int recall_lease(struct cok_deal *d, struct cok_txn_res *r,
			const struct cok_lease *lease)
{
	struct cok_enclave *e = d->e;
	int slot = lease->kind == COK_RES_CPU ? slot_of(e, lease->id) : 0;

	if (WARN_ON(slot < 0))
		return -EINVAL;
	if (d->t.ask == COK_MSG_RELEASE)
		d->t.why = judge_release(e, &r->res, lease);
	if (d->t.why)
		return -ENOENT;
	if (lease->boot) {
		d->t.why = COK_WHY_BOOT;
		return refuse(
			d, -EBUSY,
			"%s can't give back its first core or the memory that holds its image",
			e->name);
	}
	if (cok_lease_stage(lease->id, COK_LS_RECALLED, e->id, d->txid)) {
		d->t.why = COK_WHY_NO_SPACE;
		return refuse(d, -ENOSPC, "the ledger has no room");
	}
	describe(d, r, lease, slot);
	return 0;
}

static int stage_recall(struct cok_deal *d, struct cok_txn_res *r)
{
	struct cok_lease lease;
	int err;

	if (cok_lease_claim(r->lease, d->op, BIT(COK_LS_GRANTED), d->e->id,
			    &lease)) {
		d->t.why = COK_WHY_IN_USE;
		return refuse(d, -ENOENT, "lease %u is not granted to %s",
			      r->lease, d->e->name);
	}
	err = recall_lease(d, r, &lease);
	cok_lease_release(lease.id);
	if (err)
		cok_lease_set_op(lease.id, 0);
	return err;
}

/* The co-kernel named it: its word against the ledger's. */
static int stage_release(struct cok_deal *d, struct cok_txn_res *r)
{
	struct cok_lease lease;

	if (cok_lease_find(d->e->id, r->res.kind, r->res.start, r->res.size,
			   &lease)) {
		d->t.why = COK_WHY_UNKNOWN;
		return -ENOENT;
	}
	r->lease = lease.id;
	return stage_recall(d, r);
}

static int stage(void *ctx, struct cok_txn *t, struct cok_txn_res *r)
{
	struct cok_deal *d = ctx;
	int err;

	if (t->ask == COK_MSG_OFFER)
		return stage_offer(d, r);
	/* A halt may quarantine what is granted; not between look and move. */
	mutex_lock(&d->e->halt_lock);
	err = t->ask == COK_MSG_RELEASE ? stage_release(d, r)
					: stage_recall(d, r);
	mutex_unlock(&d->e->halt_lock);
	return err;
}

/* ---- settling ------------------------------------------------------------------- */

static void split(void *ctx, struct cok_txn *t, struct cok_txn_res *r)
{
	u32 part[3];

	cok_lease_part(r->lease, r->res.at, r->res.given, part);
	r->piece = part[0];
	r->rest[0] = part[1];
	r->rest[1] = part[2];
}

/* A core that did not park may start others, and write where it likes. */
static bool has_stray(const struct cok_enclave *e)
{
	return e->quarantined || cok_lease_quarantined(e->id);
}

static int detach(void *ctx, struct cok_txn *t, struct cok_txn_res *r,
		  u32 lease)
{
	struct cok_deal *d = ctx;
	struct cok_enclave *e = d->e;
	bool cpu = r->res.kind == COK_RES_CPU;
	int err = 0;

	mutex_lock(&e->halt_lock);
	if (has_stray(e))
		err = -EREMOTEIO;
	else if (cpu && t->ask != COK_MSG_OFFER)
		/* Whatever the co-kernel said of it. */
		err = cok_slot_park(e, r->res.size);
	if (err)
		cok_lease_move(lease, COK_LS_QUARANTINED, e->id, 0);
	else if (cpu)
		cok_slot_del(e, r->res.size);
	mutex_unlock(&e->halt_lock);
	return err;
}

static void scrub(void *ctx, struct cok_txn *t, u32 lease)
{
	struct cok_lease copy;

	/* The enclave knew of it. */
	if (!cok_lease_next(lease - 1, &copy) && copy.id == lease)
		cok_scrub(copy.start, copy.size);
}

/*
 * Memory that a core may write to stays, if that core was found to run on only
 * while the memory was scrubbed. A core that is here was parked.
 */
static void pool(void *ctx, struct cok_txn *t, u32 lease)
{
	struct cok_deal *d = ctx;
	struct cok_enclave *e = d->e;
	struct cok_lease copy;

	mutex_lock(&e->halt_lock);
	if (has_stray(e) && !cok_lease_next(lease - 1, &copy) &&
	    copy.id == lease && copy.kind == COK_RES_MEM) {
		cok_lease_move(lease, COK_LS_QUARANTINED, e->id, 0);
		t->settle_err = t->settle_err ?: -EREMOTEIO;
	} else {
		cok_lease_move(lease, COK_LS_POOLED, 0, 0);
	}
	mutex_unlock(&e->halt_lock);
}

static void hold(void *ctx, struct cok_txn *t, u32 lease)
{
	struct cok_deal *d = ctx;
	struct cok_enclave *e = d->e;

	mutex_lock(&e->halt_lock);
	cok_lease_move(lease,
		       e->quarantined ? COK_LS_QUARANTINED : COK_LS_GRANTED,
		       e->id, 0);
	mutex_unlock(&e->halt_lock);
}

static int start(void *ctx, struct cok_txn *t, struct cok_txn_res *r)
{
	struct cok_deal *d = ctx;
	int err = cok_slot_start(d->e, r->res.size, r->entry, r->arg);

	if (err)
		d->failed_cpu = d->result[index_of(d, r)].cpu;
	return err;
}

const struct cok_txn_ops cok_deal_ops = {
	.stage = stage,
	.split = split,
	.detach = detach,
	.scrub = scrub,
	.pool = pool,
	.hold = hold,
	.start = start,
};

void cok_deal_settle(struct cok_deal *d)
{
	struct cok_txn *t = &d->t;
	u32 i;

	for (i = 0; i < t->total; i++) {
		const struct cok_res *r = &t->res[i].res;

		d->result[i].start = r->at;
		d->result[i].given = r->given;
		d->result[i].why = r->why;
	}
	while (cok_txn_settle(t, &cok_deal_ops, d))
		cond_resched();
}
