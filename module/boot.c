// SPDX-License-Identifier: GPL-2.0
/* Booting: the first core, READY, then what else the launch has taken. */
#include <asm/msr.h>

#include "cok.h"

/* How long to wait for the end of a halt that somebody else has begun. */
#define HALT_DEADLINE_MS 60000

static int start_first_core(struct cok_job *job)
{
	struct cok_enclave *e = job->e;
	int err = cok_slot_start(e, 0, e->entry, 0);

	if (err)
		return cok_job_fail(
			job, err, "the first core of %s (CPU %u) did not start",
			e->name, e->slot[0].cpu);
	return 0;
}

/* READY, or its end, or the deadline. */
static int await_ready(struct cok_job *job, u64 deadline_ns)
{
	struct cok_enclave *e = job->e;

	wait_event_timeout(e->wait,
			   READ_ONCE(e->chan.ready) ||
				   cok_enclave_state(e) != COK_ST_BOOTING,
			   cok_jiffies_left(deadline_ns));
	if (READ_ONCE(e->chan.ready) &&
	    !cok_enclave_set_state(e, COK_ST_RUNNING, NULL))
		return 0;
	if (cok_enclave_state(e) == COK_ST_BOOTING)
		return cok_job_fail(job, -ETIMEDOUT,
				    "enclave %s was not ready within %u ms",
				    e->name, job->timeout_ms);
	return -EIO;
}

/* The launch took more than the boot parameters hold: offer the rest. */
static int offer_rest(struct cok_job *job, u64 deadline_ns)
{
	int err = 0;

	while (!err) {
		u32 nr = cok_lease_list(COK_LS_POOLED, 0, job->op, job->leases,
					COK_TXN_MAX_RES);

		if (!nr)
			break;
		err = cok_offer(job, job->leases,
				min_t(u32, nr, COK_TXN_MAX_RES), deadline_ns);
	}
	return err;
}

/* It ended by itself: wait for the halt and give its reason. */
static int report_end(struct cok_job *job)
{
	struct cok_enclave *e = job->e;
	char reason[COK_TEXT_MAX];

	wait_event_timeout(e->wait, !cok_enclave_live(e),
			   msecs_to_jiffies(HALT_DEADLINE_MS));
	spin_lock(&e->lock);
	strscpy(reason, e->reason, sizeof(reason));
	spin_unlock(&e->lock);
	return cok_job_fail(job, -EIO, "enclave %s ended: %.150s", e->name,
			    reason);
}

static int boot(struct cok_job *job)
{
	struct cok_enclave *e = job->e;
	u64 deadline = cok_deadline(job->timeout_ms);
	int err;

	if (cok_enclave_set_state(e, COK_ST_BOOTING, NULL))
		return cok_job_fail(job, -EBUSY, "enclave %s is %s, not LOADED",
				    e->name,
				    cok_state_name(cok_enclave_state(e)));
	e->boot->tsc_ref = rdtsc_ordered();
	e->boot->wall_ref_ns = ktime_get_real_ns();
	cok_watch_start(e);

	err = start_first_core(job);
	if (!err)
		err = await_ready(job, deadline);
	if (!err)
		err = offer_rest(job, deadline);
	if (err == -EIO || (err && READ_ONCE(e->halting)))
		return report_end(job);
	if (err)
		cok_enclave_halt(e, COK_ST_FAILED, job->text);
	return err;
}

int cok_boot_job(struct cok_job *job)
{
	int err;

	mutex_lock(&job->e->job_lock);
	err = boot(job);
	mutex_unlock(&job->e->job_lock);
	return err;
}
