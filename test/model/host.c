// SPDX-License-Identifier: GPL-2.0
/* What the host's job does to leases and cores, as module/deal.c does; its word. */
#include "model.h"

/* ---- the host's job ------------------------------------------------------------ */

static bool halt_lock_is_held(void)
{
	if (W.halting && !W.halt_over)
		blocked = true;
	return blocked;
}

static void fill_in(struct cok_txn_res *r, const struct cok_lease *l)
{
	r->lease = l->id;
	r->res = (struct cok_res){
		.kind = l->kind,
		.granule = l->kind == COK_RES_MEM ? 21 : 0,
		.start = l->kind == COK_RES_MEM ? l->start : l->apic_id,
		.size = l->kind == COK_RES_MEM ? l->size
					       : l->apic_id - APIC_ID + SLOT,
	};
}

static struct cok_lease *find_released(const struct cok_res *r)
{
	for (unsigned int i = 0; i < LEASES; i++) {
		struct cok_lease *l = &W.lease[i];

		if (!l->id || l->kind != r->kind)
			continue;
		if (l->kind == COK_RES_CPU
			    ? l->apic_id == r->start
			    : r->start >= l->start &&
				      r->start + r->size <= l->start + l->size)
			return l;
	}
	return NULL;
}

static int op_stage(void *ctx, struct cok_txn *t, struct cok_txn_res *r)
{
	bool offer = t->ask == COK_MSG_OFFER;
	struct cok_lease *l;

	(void)ctx;
	if (halt_lock_is_held())
		return 0;
	if (t->ask == COK_MSG_RELEASE) {
		l = find_released(&r->res);
		r->lease = l ? l->id : 0;
	} else {
		l = lease_of(r->lease);
		fill_in(r, l);
	}
	if (!l || l->state != (offer ? COK_LS_POOLED : COK_LS_GRANTED))
		return -EBUSY;
	if (offer && W.halting)
		return -EPIPE;
	move_lease(l, offer ? COK_LS_OFFERED : COK_LS_RECALLED, t->txid);
	if (l->kind == COK_RES_MEM && cok_ledger_reserve(&W.ledger, l)) {
		move_lease(l, offer ? COK_LS_POOLED : COK_LS_GRANTED, 0);
		return -ENOSPC;
	}
	if (offer)
		W.clean &= ~units_of_lease(l);
	return 0;
}

static void op_split(void *ctx, struct cok_txn *t, struct cok_txn_res *r)
{
	struct cok_lease *piece[3];

	(void)ctx;
	(void)t;
	must("none lost: a COMMIT can't fail",
	     !cok_ledger_part(&W.ledger, lease_of(r->lease), r->res.at,
			      r->res.given, piece));
	must("none lost: a COMMIT can't fail", piece[0]);
	r->piece = piece[0]->id;
	r->rest[0] = piece[1] ? piece[1]->id : 0;
	r->rest[1] = piece[2] ? piece[2]->id : 0;
}

/* A core of it runs on: nothing that it gave back may be gone already. */
static void memory_stays(const struct cok_txn *t)
{
	units_t units = units_of_txn(t);
	struct map map = map_leases();

	for (unsigned int u = 0; u < UNITS; u++)
		if (units >> u & 1)
			must("drained: memory is gone, a core runs on",
			     map.of[u]->state == COK_LS_RECALLED);
}

/* INIT, to a core that may be told to halt. */
static void park(const struct cok_txn *t, units_t core)
{
	W.running &= ~core;
	if (!W.left.stuck || !pick(2))
		return;
	W.left.stuck--;
	W.stuck |= core;
	memory_stays(t);
	W.running |= core; /* who knows */
}

/* As deal.c: a core that does not park condemns memory, too. */
static int op_detach(void *ctx, struct cok_txn *t, struct cok_txn_res *r,
		     __u32 lease)
{
	(void)ctx;
	if (halt_lock_is_held())
		return 0;
	if (!W.quarantined && !proved_dead() && !W.stuck &&
	    r->res.kind == COK_RES_CPU && t->ask != COK_MSG_OFFER)
		park(t, units_of_lease(lease_of(lease)));
	if (W.quarantined || W.stuck) {
		move_lease(lease_of(lease), COK_LS_QUARANTINED, 0);
		return -EREMOTEIO;
	}
	return 0;
}

static void op_scrub(void *ctx, struct cok_txn *t, __u32 lease)
{
	units_t units = units_of_lease(lease_of(lease));

	(void)ctx;
	(void)t;
	for (unsigned int u = 0; u < UNITS; u++)
		if (units >> u & 1)
			must("one owner: scrubbed while the enclave has it",
			     !touched(u));
	W.clean |= units;
}

/* As lease.c: what lies side by side in the pool is one again. */
static void op_pool(void *ctx, struct cok_txn *t, __u32 lease)
{
	struct cok_lease *l = lease_of(lease), gone;

	(void)ctx;
	(void)t;
	move_lease(l, COK_LS_POOLED, 0);
	while (l)
		l = cok_ledger_join(&W.ledger, l, &gone);
}

static void op_hold(void *ctx, struct cok_txn *t, __u32 lease)
{
	(void)ctx;
	(void)t;
	if (!halt_lock_is_held())
		move_lease(lease_of(lease),
			   W.quarantined ? COK_LS_QUARANTINED : COK_LS_GRANTED,
			   0);
}

static int op_start(void *ctx, struct cok_txn *t, struct cok_txn_res *r)
{
	(void)ctx;
	(void)t;
	if (halt_lock_is_held())
		return 0;
	if (W.halting)
		return -EPIPE;
	if (W.left.unstarted && pick(2)) {
		W.left.unstarted--;
		return -EREMOTEIO;
	}
	W.running |= units_given(&r->res);
	return 0;
}

const struct cok_txn_ops host_ops = {
	.stage = op_stage,
	.split = op_split,
	.detach = op_detach,
	.scrub = op_scrub,
	.pool = op_pool,
	.hold = op_hold,
	.start = op_start,
};

/* ---- what the host says of itself ------------------------------------------------ */

static uint64_t wanted(const struct cok_txn *t, uint32_t kind)
{
	uint64_t sum = 0, want;

	for (unsigned int i = 0; i < t->total; i++)
		if (t->res[i].res.kind == kind)
			sum += cok_res_amount(&t->res[i].res);
	want = kind == COK_RES_CPU ? t->want_cpus : t->want_mem;
	return want && want < sum ? want : sum;
}

static void note_commit(const struct cok_txn *t)
{
	units_t units = units_of_txn(t);
	uint64_t mem = 0, cpus = 0;

	for (unsigned int u = 0; u < UNITS; u++)
		mem += (units >> u & 1) * COK_CONTIG_UNIT;
	for (unsigned int u = CORE; u < ALL; u++)
		cpus += units >> u & 1;
	W.given[t->txid] = units;
	must("amounts", mem <= wanted(t, COK_RES_MEM));
	must("amounts", cpus <= wanted(t, COK_RES_CPU));
	must("amounts: something", units);
	if (!t->best_effort)
		must("amounts: all or nothing",
		     mem == wanted(t, COK_RES_MEM) &&
			     cpus == wanted(t, COK_RES_CPU));
}

static void note_txn(void *ctx, const struct cok_txn *t, __u32 step)
{
	(void)ctx;
	if (step == COK_TS_RELEASED) {
		must("same outcome: released once",
		     t->txid <= NUMBERS && !W.released[t->txid]);
		W.released[t->txid] = true;
	}
	if (step != COK_TS_COMMITTED && step != COK_TS_ABORTED)
		return;
	must("same outcome: decided once",
	     t->txid <= TXNS && !W.decided[t->txid]);
	W.decided[t->txid] = step == COK_TS_COMMITTED ? COK_MSG_COMMIT
						      : COK_MSG_ABORT;
	if (step == COK_TS_COMMITTED)
		note_commit(t);
}

static void note_request(void *ctx, const struct cok_request *r, __u32 answer,
			 __u16 why, __u64 given)
{
	(void)ctx;
	(void)why;
	(void)given;
	if (!answer)
		return;
	must("requests: ended once",
	     r->number <= NUMBERS && !W.ended[r->number]);
	W.ended[r->number] = answer;
}

const struct cok_host_notes host_notes = { note_txn, note_request };
