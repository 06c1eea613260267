// SPDX-License-Identifier: GPL-2.0
/*
 * The slow look at a live enclave, ten times a second: the net under lost
 * doorbells, and the eyes for what a broken co-kernel no longer tells.
 */
#include "cok.h"

#define WATCH_MS     100
#define STORM_PER_MS 200 /* doorbells: 200,000 a second */

static void fail_work(struct work_struct *work)
{
	struct cok_enclave *e =
		container_of(work, struct cok_enclave, fail_work);
	char text[COK_TEXT_MAX];
	u32 end;

	spin_lock(&e->lock);
	strscpy(text, e->fail_text, sizeof(text));
	end = e->fail_state;
	spin_unlock(&e->lock);
	cok_enclave_halt(e, end, text);
	cok_enclave_put(e);
}

void cok_enclave_fail(struct cok_enclave *e, u32 end, const char *reason)
{
	bool first;

	if (!cok_enclave_live(e))
		return;
	spin_lock(&e->lock);
	first = !e->fail_state;
	if (first) {
		e->fail_state = end;
		strscpy(e->fail_text, reason, sizeof(e->fail_text));
	}
	spin_unlock(&e->lock);
	if (!first)
		return;
	cok_enclave_get(e);
	if (!queue_work(cok_wq, &e->fail_work))
		cok_enclave_put(e);
}

/* Its last words, if any: copied once, then made fit to print. */
static void fail_with_words(struct cok_enclave *e, const char *what)
{
	char text[COK_TEXT_MAX];
	size_t at = scnprintf(text, sizeof(text), "%s", what), i;

	for (i = 0; at < sizeof(text) - 1 && i < COK_PANIC_MAX; i++) {
		char c = READ_ONCE(e->comm->panic_text[i]);

		if (!c)
			break;
		if (!i)
			at += scnprintf(text + at, sizeof(text) - at, ": ");
		text[at++] = c >= ' ' && c < 0x7f ? c : ' ';
	}
	text[at] = 0;
	cok_enclave_fail(e, COK_ST_FAILED, text);
}

static void check_claims(struct cok_enclave *e)
{
	switch (READ_ONCE(e->comm->ck_state)) {
	case COK_CK_PANIC:
		fail_with_words(e, "panic");
		break;
	case COK_CK_PARKED:
		fail_with_words(e, "parked itself, as if the host were dead");
		break;
	case COK_CK_STOPPED:
		/* A stop that was asked for is ended by who asked. */
		if (cok_enclave_state(e) != COK_ST_STOPPING)
			cok_enclave_fail(e, COK_ST_STOPPED, "shut itself down");
		break;
	}
}

static void check_core(struct cok_enclave *e, u32 i)
{
	struct cok_slot *s = &e->slot[i];
	struct cok_core_fault f;
	u64 beat;

	if (!s->used || !s->started)
		return;
	beat = READ_ONCE(cok_comm_stats(e, i)->heartbeat);
	if (beat != s->heartbeat) {
		s->heartbeat = beat;
		s->heartbeat_ns = ktime_get_boottime_ns();
	}
	if (cok_core_fault(s->apic_id, &f)) {
		char text[COK_TEXT_MAX];

		snprintf(
			text, sizeof(text),
			"exception %llu (error %#llx) at %#llx, CR2 %#llx, on core %u before it had handlers",
			f.vector, f.error, f.rip, f.cr2, i);
		cok_enclave_fail(e, COK_ST_FAILED, text);
	}
}

static void check_storm(struct cok_enclave *e)
{
	u64 count = atomic64_read(&e->bell.count), now = ktime_get_ns();
	u64 ms = div_u64(now - e->storm_ns, NSEC_PER_MSEC);

	if (ms < WATCH_MS)
		return;
	/* By time, because this work may come late. */
	if (e->storm_ns && count - e->storm_count > STORM_PER_MS * ms)
		cok_enclave_fail(e, COK_ST_FAILED,
				 "rang the host's doorbell without end");
	e->storm_count = count;
	e->storm_ns = now;
}

static void watch_work(struct work_struct *work)
{
	struct cok_enclave *e = container_of(to_delayed_work(work),
					     struct cok_enclave, watch_work);
	u32 i;

	if (!cok_enclave_live(e))
		return;
	WRITE_ONCE(e->comm->host_heartbeat, e->comm->host_heartbeat + 1);
	cok_doorbell_check(e);
	cok_chan_tick(e);
	cok_run_reap(e);
	if (READ_ONCE(e->chan.broken))
		cok_enclave_fail(e, COK_ST_FAILED,
				 "wrote an impossible position into a ring");
	check_claims(e);
	for (i = 0; i < COK_MAX_CORES; i++)
		check_core(e, i);
	check_storm(e);
	queue_delayed_work(cok_wq, &e->watch_work, msecs_to_jiffies(WATCH_MS));
}

void cok_watch_init(struct cok_enclave *e)
{
	INIT_DELAYED_WORK(&e->watch_work, watch_work);
	INIT_WORK(&e->fail_work, fail_work);
}

void cok_watch_start(struct cok_enclave *e)
{
	queue_delayed_work(cok_wq, &e->watch_work, 0);
}

void cok_watch_stop(struct cok_enclave *e)
{
	cancel_delayed_work_sync(&e->watch_work);
}
