// SPDX-License-Identifier: GPL-2.0
/*
 * Stopping an enclave: asked, killed, failed, destroyed. All ways end in
 * cok_enclave_halt(), which needs nothing from the co-kernel.
 */
#include <linux/delay.h>
#include <asm/apicdef.h>

#include "cok.h"
#include "compat.h"
#include "trace.h"

#define CAPTURE_MS 50

/* ---- registers, for the post-mortem ------------------------------------------ */

static bool all_captured(struct cok_enclave *e, u64 probe)
{
	u32 i;

	for (i = 0; i < COK_MAX_CORES; i++)
		if (e->slot[i].used && e->slot[i].started &&
		    READ_ONCE(cok_comm_stats(e, i)->regs.seq) != probe)
			return false;
	return true;
}

/*
 * Ask every core for its registers by NMI. Nice to have: whoever does not
 * answer in time goes without. Not asked: a co-kernel that has written its
 * own post-mortem, which this would overwrite.
 */
static void capture(struct cok_enclave *e)
{
	u64 probe, end = cok_deadline(CAPTURE_MS);
	u32 i, claim = READ_ONCE(e->comm->ck_state);

	if (claim != COK_CK_RUNNING)
		return;
	trace_cok_halt(e->id, "capture");
	probe = cok_next_txid() + 1; /* 1 marks a panic's registers */
	WRITE_ONCE(e->comm->probe, probe);
	mb(); /* posted before the NMI */
	for (i = 0; i < COK_MAX_CORES; i++)
		if (e->slot[i].used && e->slot[i].started)
			cok_icr_send(e->slot[i].apic_id,
				     APIC_INT_ASSERT | APIC_DM_NMI);
	while (!all_captured(e, probe) && ktime_get_ns() < end)
		usleep_range(50, 100);
}

/* ---- two passes ----------------------------------------------------------------- */

/*
 * INIT to all cores first, so that no sibling is left running that could
 * restart one; only then does an ack from park.S prove anything.
 */
static int park_all(struct cok_enclave *e, char *text, size_t len)
{
	u32 i;
	int err, ret = 0;

	trace_cok_halt(e->id, "init");
	for (i = 0; i < COK_MAX_CORES; i++)
		if (e->slot[i].used)
			cok_core_init(e->slot[i].apic_id);
	trace_cok_halt(e->id, "park");
	for (i = 0; i < COK_MAX_CORES; i++) {
		if (!e->slot[i].used)
			continue;
		err = cok_slot_park(e, i);
		if (!err)
			continue;
		ret = err;
		scnprintf(
			text, len,
			"CPU %u does not answer INIT: all the enclave had is quarantined, destroy it again to retry",
			e->slot[i].cpu);
	}
	return ret;
}

/* Nothing of an enclave with a live core may go anywhere, or again may. */
static void mark_leases(struct cok_enclave *e, bool quarantine)
{
	u32 from = quarantine ? COK_LS_GRANTED : COK_LS_QUARANTINED;
	u32 to = quarantine ? COK_LS_QUARANTINED : COK_LS_GRANTED;
	struct cok_lease lease;
	u32 id = 0;

	while (!cok_lease_next(id, &lease)) {
		id = lease.id;
		if (lease.enclave == e->id && lease.state == from)
			cok_lease_move(id, to, e->id, 0);
	}
}

/* From here on nothing starts in it, and nobody waits for its answers. */
static void close_gate(struct cok_enclave *e)
{
	mutex_lock(&cok_start_lock);
	e->halting = true;
	if (cok_enclave_state(e) != COK_ST_STOPPING)
		cok_enclave_set_state(e, COK_ST_STOPPING, NULL);
	mutex_unlock(&cok_start_lock);
	cok_chan_end(e);
}

static int halt_live(struct cok_enclave *e, u32 end, const char *reason)
{
	char text[COK_TEXT_MAX];
	u64 start = ktime_get_ns();
	int err;

	trace_cok_halt(e->id, "gate");
	close_gate(e);
	capture(e);
	err = park_all(e, text, sizeof(text));
	trace_cok_halt(e->id, err ? "quarantine" : "parked");
	cok_chan_drain(e);
	e->quarantined = err;
	/* What a recall could not park has been parked now, or all stays. */
	mark_leases(e, err);
	e->halt_ns = ktime_get_ns() - start;
	cok_enclave_set_state(e, err ? COK_ST_FAILED : end,
			      err ? text : reason);
	return err;
}

/* Dead for its state, but a core had not answered: try that again. */
static int halt_again(struct cok_enclave *e)
{
	char text[COK_TEXT_MAX];
	int err = park_all(e, text, sizeof(text));

	if (err)
		return err;
	e->quarantined = false;
	mark_leases(e, false);
	return 0;
}

int cok_enclave_halt(struct cok_enclave *e, u32 end, const char *reason)
{
	int err = 0;

	mutex_lock(&e->halt_lock);
	if (cok_enclave_live(e))
		err = halt_live(e, end, reason);
	else if (e->quarantined)
		err = halt_again(e);
	mutex_unlock(&e->halt_lock);
	return err;
}

/* ---- the jobs ---------------------------------------------------------------------- */

static int not_running(struct cok_job *job)
{
	return cok_job_fail(job, -ENOTCONN,
			    "enclave %s is not running (it is %s)",
			    job->e->name,
			    cok_state_name(cok_enclave_state(job->e)));
}

static int ask_to_stop(struct cok_enclave *e, u64 deadline_ns)
{
	struct cok_msg m = {
		.type = COK_MSG_STOP,
		.arg0 = cok_tsc_at(deadline_ns),
	};
	int err;

	cok_chan_lock(e);
	e->chan.stopped = false; /* what it said unasked does not count */
	err = cok_chan_send(e, &m);
	cok_chan_unlock(e);
	if (!err)
		cok_doorbell_ring(e);
	return err;
}

/* Killed or failed while it was asked: that has another end than STOPPED. */
static int ended_otherwise(struct cok_job *job)
{
	struct cok_enclave *e = job->e;
	char reason[COK_TEXT_MAX];
	int err = cok_enclave_halt(e, COK_ST_STOPPED, ""); /* waits for it */

	spin_lock(&e->lock);
	strscpy(reason, e->reason, sizeof(reason));
	spin_unlock(&e->lock);
	return cok_job_fail(job, err ?: -EPIPE,
			    "enclave %s ended before it could stop: %.130s",
			    e->name, reason);
}

/* It did not: RUNNING again, unless a kill has begun meanwhile. */
static void reopen(struct cok_enclave *e)
{
	mutex_lock(&cok_start_lock);
	if (!e->halting)
		cok_enclave_set_state(e, COK_ST_RUNNING, NULL);
	mutex_unlock(&cok_start_lock);
}

static int stop_locked(struct cok_job *job)
{
	struct cok_enclave *e = job->e;
	u64 deadline = cok_deadline(job->timeout_ms);
	int err;

	if (cok_enclave_state(e) != COK_ST_RUNNING ||
	    cok_enclave_set_state(e, COK_ST_STOPPING, NULL))
		return not_running(job);
	err = ask_to_stop(e, deadline);
	if (err) {
		reopen(e);
		return cok_job_fail(
			job, err,
			"enclave %s does not read its messages: kill it",
			e->name);
	}
	wait_event_timeout(e->wait,
			   READ_ONCE(e->chan.stopped) || READ_ONCE(e->halting),
			   cok_jiffies_left(deadline));
	if (READ_ONCE(e->halting))
		return ended_otherwise(job);
	if (!READ_ONCE(e->chan.stopped)) {
		reopen(e);
		return cok_job_fail(
			job, -ETIMEDOUT,
			"enclave %s did not stop within %u ms: kill it",
			e->name, job->timeout_ms);
	}
	return cok_enclave_halt(e, COK_ST_STOPPED, "stopped on request");
}

int cok_stop_job(struct cok_job *job)
{
	int err;

	mutex_lock(&job->e->job_lock);
	err = stop_locked(job);
	mutex_unlock(&job->e->job_lock);
	return err;
}

/* Takes no job_lock: it must work in the middle of anything. */
int cok_kill_job(struct cok_job *job)
{
	int err;

	if (!cok_enclave_live(job->e))
		return not_running(job);
	err = cok_enclave_halt(job->e, COK_ST_STOPPED, "killed on request");
	if (err)
		cok_job_fail(job, err,
			     "a core of %s does not answer INIT; see status",
			     job->e->name);
	return err;
}

/* What a dead enclave held goes to the pool, tagged for who destroys it. */
static void pool_leases(struct cok_enclave *e, u32 op)
{
	struct cok_lease lease;
	u32 id = 0;

	while (!cok_lease_next(id, &lease)) {
		id = lease.id;
		if (lease.enclave != e->id || lease.state != COK_LS_GRANTED)
			continue;
		if (lease.kind == COK_RES_MEM)
			cok_scrub(lease.start, lease.size);
		cok_lease_set_op(id, op);
		cok_lease_move(id, COK_LS_POOLED, 0, 0);
	}
}

int cok_destroy_job(struct cok_job *job)
{
	struct cok_enclave *e = job->e;
	int err;

	mutex_lock(&e->job_lock);
	if (cok_enclave_state(e) == COK_ST_DESTROYED)
		err = cok_job_fail(job, -ENOENT, "enclave %s is gone already",
				   e->name);
	else
		err = cok_enclave_halt(e, COK_ST_STOPPED, "destroyed");
	if (err == -EREMOTEIO)
		cok_job_fail(
			job, err,
			"a core of %s does not answer INIT: it stays, quarantined; try again",
			e->name);
	if (!err) {
		pool_leases(e, job->op);
		cok_enclave_remove(e);
	}
	mutex_unlock(&e->job_lock);
	return err;
}
