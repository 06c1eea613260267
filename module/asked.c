// SPDX-License-Identifier: GPL-2.0
/*
 * What co-kernels ask for by themselves, and what is told of deals: REQUESTs,
 * which wait for people or a policy, and RELEASEs, which are always honoured.
 * core/request.c has the tables; all of them are bounded.
 */
#include "cok.h"
#include "trace.h"

/* ---- events ----------------------------------------------------------------------- */

/* How much was asked, at most what is wanted of it. */
static void asked_of(const struct cok_txn *t, u64 *cpus, u64 *mem)
{
	u32 i;

	*cpus = 0;
	*mem = 0;
	for (i = 0; i < t->total; i++)
		if (t->res[i].res.kind == COK_RES_CPU)
			++*cpus;
		else
			*mem += t->res[i].res.size;
	if (t->want_cpus)
		*cpus = min(*cpus, t->want_cpus);
	if (t->want_mem)
		*mem = min(*mem, t->want_mem);
}

static void txn_note(void *ctx, const struct cok_txn *t, u32 step)
{
	struct cok_enclave *e = ctx;
	u64 cpus = t->cpus, mem = t->mem;

	switch (step) {
	case COK_TS_ASKED:
		trace_cok_txn_open(e->id, t);
		asked_of(t, &cpus, &mem);
		break;
	case COK_TS_ABORTED:
		trace_cok_txn_end(e->id, t, t->err);
		cpus = 0;
		mem = 0;
		break;
	case COK_TS_COMMITTED:
	case COK_TS_RELEASED:
		trace_cok_txn_end(e->id, t, 0);
		break;
	default:
		trace_cok_txn_answer(e->id, t, step);
	}
	cok_event_txn(e, t, step, cpus, mem);
}

static void request_note(void *ctx, const struct cok_request *r, u32 answer,
			 u16 why, u64 given)
{
	struct cok_enclave *e = ctx;

	trace_cok_request(e->id, r, answer, why, given);
	cok_event_request(e, r, answer, why, given);
}

const struct cok_host_notes cok_asked_notes = {
	.txn = txn_note,
	.request = request_note,
};

/* ---- requests --------------------------------------------------------------------- */

u32 cok_asked_list(struct cok_enclave *e,
		   struct cok_request list[COK_MAX_REQUESTS])
{
	const struct cok_requests *q = &e->chan.host.requests;
	u32 i, n = 0;

	cok_chan_lock(e);
	for (i = 0; i < COK_MAX_REQUESTS; i++)
		if (q->waiting[i].number)
			list[n++] = q->waiting[i];
	cok_chan_unlock(e);
	return n;
}

int cok_asked_deny(struct cok_enclave *e, u64 number)
{
	int err;

	cok_chan_lock(e);
	err = cok_host_deny(&e->chan.host, number, COK_WHY_REFUSED);
	cok_chan_unlock(e);
	return err;
}

/* ---- releases --------------------------------------------------------------------- */

static int stage(struct cok_deal *d)
{
	if (!cok_fault("release"))
		return cok_txn_stage(&d->t, &cok_deal_ops, d);
	d->t.why = COK_WHY_NO_SPACE;
	return -ENOMEM;
}

/* A complete RELEASE: into the pool, in nobody's hands. */
static void take_release(struct cok_enclave *e, struct cok_deal *d)
{
	bool got;
	int err;

	memset(d, 0, sizeof(*d));
	d->e = e;
	d->txid = cok_next_txid();
	cok_chan_lock(e);
	got = cok_host_release(&e->chan.host, &d->t);
	cok_chan_unlock(e);
	if (!got)
		return;
	err = stage(d);
	cok_chan_lock(e);
	cok_host_released(&e->chan.host, &d->t, err);
	cok_chan_unlock(e);
	cok_deal_settle(d);
}

/* Not beside another transaction of the enclave: job_lock. */
static void release_work(struct work_struct *work)
{
	struct cok_enclave *e =
		container_of(work, struct cok_enclave, release_work);

	mutex_lock(&e->job_lock);
	take_release(e, &e->release);
	mutex_unlock(&e->job_lock);
	cok_enclave_put(e);
}

void cok_asked_init(struct cok_enclave *e)
{
	INIT_WORK(&e->release_work, release_work);
}

void cok_asked_release(struct cok_enclave *e)
{
	cok_enclave_get(e);
	if (!cok_job_queue(&e->release_work))
		cok_enclave_put(e);
}
