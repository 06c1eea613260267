// SPDX-License-Identifier: GPL-2.0
/*
 * Transactions with a running co-kernel: OFFER and RECALL, as in comm.h.
 * core/txn.c judges the answers, this file moves the leases and the cores.
 */
#include <linux/slab.h>
#include <asm/tsc.h>

#include "cok.h"
#include "trace.h"

/* ---- the conversation ----------------------------------------------------------- */

u64 cok_tsc_at(u64 deadline_ns)
{
	u64 now = ktime_get_ns();
	u64 left = deadline_ns > now ? deadline_ns - now : 0;

	return rdtsc_ordered() +
	       mul_u64_u64_div_u64(left, tsc_khz, NSEC_PER_MSEC);
}

static int open_txn(struct cok_enclave *e, struct cok_txn *t, u64 deadline_ns)
{
	u64 tsc = cok_tsc_at(deadline_ns);
	struct cok_msg m;
	u16 i;
	int err = 0;

	trace_cok_txn_open(e->id, t);
	mutex_lock(&e->chan_lock);
	e->chan.txn = t;
	/* It has not even read the end of the last one. */
	if (e->chan.outbox.type)
		err = -EBUSY;
	for (i = 0; i < t->total && !err; i++) {
		cok_txn_msg(t, t->ask, i, tsc, &m);
		err = cok_chan_send(e, &m);
	}
	/* Part of a list is no offer: the ABORT that follows ends it. */
	mutex_unlock(&e->chan_lock);
	return err == -ENOSPC ? -EBUSY : err;
}

/* The open transaction changes by its holder only, who asks. */
static bool settled(struct cok_chan *ch)
{
	return READ_ONCE(ch->txn->state) != COK_TXN_OPEN;
}

/* Decide, tell the co-kernel, remember the outcome for late messages. */
static int close_txn(struct cok_enclave *e, struct cok_txn *t, int err)
{
	struct cok_msg m = { .txid = t->txid };

	mutex_lock(&e->chan_lock);
	if (!err && t->state == COK_TXN_OPEN)
		err = cok_enclave_state(e) == COK_ST_RUNNING ? -ETIMEDOUT
							     : -EPIPE;
	if (!err && t->state == COK_TXN_DECLINED)
		err = -ECONNREFUSED;
	if (!err) {
		m.type = COK_MSG_COMMIT;
		err = cok_chan_send(e, &m);
		if (err == -ENOSPC)
			err = -EBUSY;
	}
	if (!err) {
		cok_txn_commit(t);
	} else {
		cok_txn_abort(t, err == -ETIMEDOUT ? COK_WHY_TIMEOUT
						   : COK_WHY_REFUSED);
		m.type = COK_MSG_ABORT;
		m.status = t->why;
		cok_chan_send_later(e, &m);
	}
	cok_txn_remember(&e->chan.history, t);
	e->chan.txn = NULL;
	mutex_unlock(&e->chan_lock);
	trace_cok_txn_end(e->id, t, err);
	cok_doorbell_ring(e);
	return err;
}

static int explain(struct cok_job *job, struct cok_txn *t, int err)
{
	const char *name = job->e->name;

	job->why = t->why;
	switch (err) {
	case -ETIMEDOUT:
		return cok_job_fail(job, err,
				    "enclave %s did not answer in time", name);
	case -ECONNREFUSED:
		return cok_job_fail(job, err, "enclave %s declined", name);
	case -ENOSPC:
	case -EBUSY:
		return cok_job_fail(job, err,
				    "enclave %s does not read its messages",
				    name);
	default:
		return cok_job_fail(job, err, "enclave %s ended meanwhile",
				    name);
	}
}

static int converse(struct cok_job *job, struct cok_txn *t, u64 deadline_ns)
{
	struct cok_enclave *e = job->e;
	int err = open_txn(e, t, deadline_ns);

	if (!err) {
		cok_doorbell_ring(e);
		cok_chan_await(e, settled, TASK_UNINTERRUPTIBLE,
			       cok_jiffies_left(deadline_ns));
	}
	err = close_txn(e, t, err);
	return err ? explain(job, t, err) : 0;
}

static struct cok_txn *new_txn(u16 ask)
{
	struct cok_txn *t = cok_fault("transaction")
				    ? NULL
				    : kzalloc(sizeof(*t), GFP_KERNEL);

	if (t) {
		t->txid = cok_next_txid();
		t->ask = ask;
	}
	return t;
}

static void add_res(struct cok_txn *t, const struct cok_lease *lease, u32 slot)
{
	struct cok_txn_res *r = &t->res[t->total++];

	r->kind = lease->kind;
	r->lease = lease->id;
	r->start = lease->kind == COK_RES_CPU ? lease->apic_id : lease->start;
	r->size = lease->kind == COK_RES_CPU ? slot : lease->size;
}

/*
 * Take a resource out of an enclave's slots, or learn that it must stay. A
 * halt holds halt_lock from its first INIT to its last ack, so here the
 * enclave is either alive or proved dead, or it is quarantined.
 */
static bool detach(struct cok_enclave *e, const struct cok_txn_res *r,
		   bool park)
{
	int err = 0;

	mutex_lock(&e->halt_lock);
	if (e->quarantined)
		err = -EREMOTEIO;
	else if (park && r->kind == COK_RES_CPU)
		err = cok_slot_park(e, r->size);
	if (!err && r->kind == COK_RES_CPU)
		cok_slot_del(e, r->size);
	if (err)
		cok_lease_move(r->lease, COK_LS_QUARANTINED, e->id, 0);
	mutex_unlock(&e->halt_lock);
	return !err;
}

/* Scrubbed, because the enclave knew of it, and into the pool. */
static void pool(const struct cok_txn_res *r)
{
	if (r->kind == COK_RES_MEM)
		cok_scrub(r->start, r->size);
	cok_lease_move(r->lease, COK_LS_POOLED, 0, 0);
}

/* ---- offer -------------------------------------------------------------------------- */

static void withdraw(struct cok_enclave *e, struct cok_txn *t)
{
	u16 i;

	for (i = 0; i < t->total; i++)
		if (detach(e, &t->res[i], false))
			pool(&t->res[i]);
}

/* A slot for an offered core, unless the enclave is on its way down. */
static int reserve_slot(struct cok_job *job, const struct cok_lease *lease)
{
	struct cok_enclave *e = job->e;
	int slot = -EPIPE;

	mutex_lock(&e->halt_lock);
	if (!READ_ONCE(e->halting))
		slot = cok_slot_add(e, lease->id, lease->cpu, lease->apic_id);
	mutex_unlock(&e->halt_lock);
	if (slot == -EPIPE)
		cok_job_fail(job, slot, "enclave %s ended meanwhile", e->name);
	else if (slot < 0)
		cok_job_fail(job, slot,
			     "enclave %s has no room for another core",
			     e->name);
	return slot;
}

static int stage_one_offer(struct cok_job *job, struct cok_txn *t, u32 id)
{
	struct cok_lease lease;
	int slot = 0;

	if (cok_lease_claim(id, job->op, BIT(COK_LS_POOLED), 0, &lease))
		return cok_job_fail(job, -EBUSY, "lease %u is in other hands",
				    id);
	if (lease.kind == COK_RES_CPU)
		slot = reserve_slot(job, &lease);
	if (slot >= 0) {
		cok_lease_move(id, COK_LS_OFFERED, job->e->id, t->txid);
		add_res(t, &lease, slot);
	}
	cok_lease_release(id);
	return slot < 0 ? slot : 0;
}

static int stage_offer(struct cok_job *job, struct cok_txn *t,
		       const u32 *leases, u32 nr)
{
	int err = 0;
	u32 i;

	for (i = 0; i < nr && !err; i++)
		err = stage_one_offer(job, t, leases[i]);
	return err;
}

/* Committed: the leases are the enclave's, and its cores are started. */
static int hand_over(struct cok_job *job, struct cok_txn *t)
{
	struct cok_enclave *e = job->e;
	int err, ret = 0;
	u16 i;

	for (i = 0; i < t->total; i++)
		cok_lease_move(t->res[i].lease, COK_LS_GRANTED, e->id, 0);
	for (i = 0; i < t->total; i++) {
		struct cok_txn_res *r = &t->res[i];

		if (r->kind != COK_RES_CPU)
			continue;
		err = cok_slot_start(e, r->size, r->arg0, r->arg1);
		if (!err)
			continue;
		ret = cok_job_fail(
			job, err,
			"CPU %u was granted to %s but did not start; it stays granted",
			e->slot[r->size].cpu, e->name);
	}
	return ret;
}

int cok_offer(struct cok_job *job, const u32 *leases, u32 nr, u64 deadline_ns)
{
	struct cok_txn *t = new_txn(COK_MSG_OFFER);
	int err;

	lockdep_assert_held(&job->e->job_lock);
	if (!t)
		return cok_job_fail(job, -ENOMEM, "no memory for the offer");
	err = stage_offer(job, t, leases, nr);
	if (!err)
		err = converse(job, t, deadline_ns);
	if (err)
		withdraw(job->e, t);
	else
		err = hand_over(job, t);
	kfree(t);
	return err;
}

static int need_running(struct cok_job *job)
{
	if (cok_enclave_state(job->e) == COK_ST_RUNNING)
		return 0;
	return cok_job_fail(job, -ENOTCONN,
			    "enclave %s is not running (it is %s)",
			    job->e->name,
			    cok_state_name(cok_enclave_state(job->e)));
}

int cok_offer_job(struct cok_job *job)
{
	u64 deadline = cok_deadline(job->timeout_ms);
	u32 nr;
	int err;

	mutex_lock(&job->e->job_lock);
	err = need_running(job);
	nr = cok_lease_list(COK_LS_POOLED, 0, job->op, job->leases,
			    COK_TXN_MAX_RES);
	if (!err && !nr)
		err = cok_job_fail(job, -EINVAL, "there is nothing to offer");
	if (!err)
		err = cok_offer(job, job->leases,
				min_t(u32, nr, COK_TXN_MAX_RES), deadline);
	mutex_unlock(&job->e->job_lock);
	return err;
}

/* ---- recall ---------------------------------------------------------------------------- */

static int slot_of(struct cok_enclave *e, u32 lease)
{
	u32 i;

	for (i = 0; i < COK_MAX_CORES; i++)
		if (e->slot[i].used && e->slot[i].lease == lease)
			return i;
	return -ENOENT;
}

static int stage_one_recall(struct cok_job *job, struct cok_txn *t, u32 id)
{
	struct cok_enclave *e = job->e;
	struct cok_lease lease;
	int slot = 0;

	if (cok_lease_claim(id, job->op, BIT(COK_LS_GRANTED), e->id, &lease))
		return cok_job_fail(job, -ENOENT,
				    "lease %u is not granted to %s", id,
				    e->name);
	cok_lease_release(id);
	if (lease.kind == COK_RES_CPU)
		slot = slot_of(e, id);
	if (WARN_ON(slot < 0))
		return -EINVAL;
	if (lease.boot) {
		cok_lease_set_op(id, 0);
		return cok_job_fail(
			job, -EBUSY,
			"%s can't give back its first core or the memory that holds its image",
			e->name);
	}
	cok_lease_move(id, COK_LS_RECALLED, e->id, t->txid);
	add_res(t, &lease, slot);
	return 0;
}

/* Not given: still the enclave's, dead or alive, or quarantined with it. */
static void leave_granted(struct cok_enclave *e, struct cok_txn *t)
{
	u32 to;
	u16 i;

	mutex_lock(&e->halt_lock);
	to = e->quarantined ? COK_LS_QUARANTINED : COK_LS_GRANTED;
	for (i = 0; i < t->total; i++)
		cok_lease_move(t->res[i].lease, to, e->id, 0);
	mutex_unlock(&e->halt_lock);
}

/* Committed: cores are parked by us, whatever the co-kernel said of them. */
static int take_back(struct cok_job *job, struct cok_txn *t)
{
	struct cok_enclave *e = job->e;
	int err = 0;
	u16 i;

	for (i = 0; i < t->total; i++) {
		struct cok_txn_res *r = &t->res[i];

		if (detach(e, r, true))
			pool(r);
		else
			err = cok_job_fail(
				job, -EREMOTEIO,
				"lease %u was given back but a core does not answer INIT: quarantined",
				r->lease);
	}
	return err;
}

static int recall_locked(struct cok_job *job, struct cok_txn *t, u64 deadline)
{
	int err = need_running(job);
	u32 i;

	/* A halt may quarantine what is granted; not between look and move. */
	mutex_lock(&job->e->halt_lock);
	for (i = 0; i < job->nr_leases && !err; i++)
		err = stage_one_recall(job, t, job->leases[i]);
	mutex_unlock(&job->e->halt_lock);
	if (!err)
		err = converse(job, t, deadline);
	if (err) {
		leave_granted(job->e, t);
		return err;
	}
	return take_back(job, t);
}

int cok_recall_job(struct cok_job *job)
{
	u64 deadline = cok_deadline(job->timeout_ms);
	struct cok_txn *t = new_txn(COK_MSG_RECALL);
	int err;

	if (!t)
		return cok_job_fail(job, -ENOMEM, "no memory for the recall");
	mutex_lock(&job->e->job_lock);
	err = recall_locked(job, t, deadline);
	mutex_unlock(&job->e->job_lock);
	kfree(t);
	return err;
}
