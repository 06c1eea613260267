// SPDX-License-Identifier: GPL-2.0
/*
 * The jobs that negotiate with a running co-kernel: OFFER and RECALL, as in
 * comm.h. core/txn_host.c judges the answers and decides, deal.c moves the
 * leases and the cores, this file waits.
 */
#include <linux/slab.h>
#include <asm/tsc.h>

#include "cok.h"

u64 cok_tsc_at(u64 deadline_ns)
{
	u64 now = ktime_get_ns();
	u64 left = deadline_ns > now ? deadline_ns - now : 0;

	return rdtsc_ordered() +
	       mul_u64_u64_div_u64(left, tsc_khz, NSEC_PER_MSEC);
}

/* ---- the conversation ----------------------------------------------------------- */

/* Why it could not begin, in words. */
static int not_begun(struct cok_job *job, const struct cok_txn *t, bool full)
{
	const char *name = job->e->name;

	switch (t->err) {
	case -EBUSY:
		if (full)
			return cok_job_fail(
				job, -EBUSY,
				"enclave %s has not acknowledged how %u transactions ended",
				name, COK_TXN_KEPT);
		return cok_job_fail(job, -EBUSY,
				    "enclave %s does not read its messages",
				    name);
	case -ENOENT:
		return cok_job_fail(job, -ENOENT,
				    "enclave %s has no request %llu that waits",
				    name, t->request);
	case -EALREADY:
		return cok_job_fail(
			job, -EBUSY,
			"an offer for request %llu of %s is under way already",
			t->request, name);
	case -EPIPE:
		return cok_job_fail(job, -EPIPE, "enclave %s ended meanwhile",
				    name);
	default:
		return cok_job_fail(job, t->err,
				    "the transaction could not begin");
	}
}

static bool keeps_all(const struct cok_host *h)
{
	u32 i;

	for (i = 0; i < COK_HOST_KEPT; i++)
		if (!h->kept[i].txid)
			return false;
	return true;
}

static int begin(struct cok_job *job, struct cok_txn *t)
{
	struct cok_enclave *e = job->e;
	bool full;
	int err;

	cok_chan_lock(e);
	full = keeps_all(&e->chan.host);
	err = cok_host_begin(&e->chan.host, t, ktime_get_ns());
	cok_chan_unlock(e);
	return err ? not_begun(job, t, full) : 0;
}

/* When the host's end wants to be called again. */
static u64 next_due(struct cok_enclave *e)
{
	u64 next;

	cok_chan_lock(e);
	next = cok_host_poll(&e->chan.host, ktime_get_ns());
	cok_chan_unlock(e);
	return next;
}

static bool answered(const void *arg)
{
	const struct cok_txn *t = arg;

	return READ_ONCE(t->state) != COK_TXN_ASKED;
}

/* Until it has answered, or ended, or the deadline has passed. */
static void await_answer(struct cok_enclave *e, struct cok_txn *t)
{
	while (!answered(t)) {
		cok_chan_await(e, answered, t, TASK_UNINTERRUPTIBLE,
			       cok_jiffies_left(min(next_due(e), t->deadline)));
		/* That returns at once while a halt is on its way to end all. */
		cond_resched();
	}
}

static int explain(struct cok_job *job, const struct cok_txn *t)
{
	const char *name = job->e->name;

	job->why = t->why;
	switch (t->err) {
	case -ETIMEDOUT:
		return cok_job_fail(job, t->err,
				    "enclave %s did not answer in time", name);
	case -ECONNREFUSED:
		if (t->why == COK_WHY_PARTIAL)
			return cok_job_fail(
				job, t->err,
				"enclave %s agreed to a part only, and all was wanted",
				name);
		return cok_job_fail(job, t->err, "enclave %s declined", name);
	default:
		return cok_job_fail(job, t->err, "enclave %s ended meanwhile",
				    name);
	}
}

static int converse(struct cok_job *job, struct cok_txn *t)
{
	struct cok_enclave *e = job->e;
	int err = begin(job, t);

	if (err)
		return err;
	await_answer(e, t);
	cok_chan_lock(e);
	err = cok_host_decide(&e->chan.host, t, ktime_get_ns());
	cok_chan_unlock(e);
	return err ? explain(job, t) : 0;
}

/* It was committed, but a core did not do as it should. */
static int unsettled(struct cok_job *job, const struct cok_deal *d)
{
	if (!d->failed_cpu) /* never CPU 0: that one stays with Linux */
		return cok_job_fail(
			job, d->t.settle_err,
			"what %s %s is quarantined: a core of it does not answer INIT",
			job->e->name,
			d->t.ask == COK_MSG_RECALL ? "gave back"
						   : "did not take");
	return cok_job_fail(
		job, d->t.settle_err,
		"CPU %u was granted to %s but did not start; it stays granted",
		d->failed_cpu, job->e->name);
}

/* ---- one transaction, from its leases to its results ------------------------------ */

static int negotiate(struct cok_job *job, struct cok_deal *d)
{
	int err = cok_txn_stage(&d->t, &cok_deal_ops, d);

	if (!err)
		err = converse(job, &d->t);
	cok_deal_settle(d);
	if (!err && d->t.settle_err)
		err = unsettled(job, d);
	return err;
}

/* Of the last one, if there were several. */
static bool new_results(struct cok_job *job, u32 nr)
{
	kfree(job->results);
	job->nr_results = 0;
	job->results = cok_fault("results")
			       ? NULL
			       : kcalloc(nr, sizeof(*job->results), GFP_KERNEL);
	return job->results;
}

static int transact(struct cok_job *job, u16 ask, const u32 *leases, u32 nr,
		    u64 deadline_ns)
{
	struct cok_deal *d = cok_fault("transaction")
				     ? NULL
				     : kzalloc(sizeof(*d), GFP_KERNEL);
	u32 i;
	int err;

	lockdep_assert_held(&job->e->job_lock);
	if (!d || !new_results(job, nr)) {
		kfree(d);
		return cok_job_fail(job, -ENOMEM,
				    "no memory for the transaction");
	}
	d->e = job->e;
	d->job = job;
	d->op = job->op;
	d->txid = cok_next_txid();
	d->t.txid = d->txid;
	d->t.ask = ask;
	d->t.total = nr;
	d->t.best_effort = job->best_effort;
	d->t.want_cpus = job->want_cpus;
	d->t.want_mem = job->want_mem;
	d->t.request = job->request;
	d->t.deadline = deadline_ns;
	d->t.deadline_tsc = cok_tsc_at(deadline_ns);
	for (i = 0; i < nr; i++)
		d->t.res[i].lease = leases[i];
	err = negotiate(job, d);
	memcpy(job->results, d->result, nr * sizeof(*job->results));
	job->nr_results = nr;
	kfree(d);
	return err;
}

int cok_offer(struct cok_job *job, const u32 *leases, u32 nr, u64 deadline_ns)
{
	return transact(job, COK_MSG_OFFER, leases, nr, deadline_ns);
}

/* ---- the jobs --------------------------------------------------------------------- */

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

int cok_recall_job(struct cok_job *job)
{
	u64 deadline = cok_deadline(job->timeout_ms);
	int err;

	mutex_lock(&job->e->job_lock);
	err = need_running(job);
	if (!err)
		err = transact(job, COK_MSG_RECALL, job->leases, job->nr_leases,
			       deadline);
	mutex_unlock(&job->e->job_lock);
	return err;
}
