// SPDX-License-Identifier: GPL-2.0
/*
 * What we ask for by ourselves: memory below a threshold, cores for work that
 * waits for one. Core 0's tick looks.
 */
#include "kernel.h"
#include "demand.h"
#include "mm.h"
#include "negotiate.h"
#include "work.h"

#define GRACE_MS  500	/* a lack shorter than that is none */
#define PAUSE_MS  10000 /* after a refusal, or after giving some up */
#define SETTLE_MS 2000	/* after a grant: cores have to come, work to spread */

static struct demand memory, cores;

static u64 free_memory(void)
{
	return frames_totals(&pool).free * FRAME_SIZE;
}

static u32 slots_absent(void)
{
	u32 n = 0;

	for (u32 i = 0; i < nr_slots; i++)
		n += slot_state(&cpus[i]) == SLOT_ABSENT;
	return n;
}

/* Waiting work, as far as there is a slot for the core. */
static u64 cores_lacking(void)
{
	u32 waiting = work_waiting(), absent = slots_absent();

	return waiting < absent ? waiting : absent;
}

static void look(struct demand *d, u32 kind, u64 amount, u32 urgency)
{
	u64 now = rdtsc();

	switch (demand_next(d, amount, now, ms_to_tsc(GRACE_MS))) {
	case DEMAND_ASK:
		d->number = cok_ck_request(&ck, kind, amount, urgency, now);
		break;
	case DEMAND_CANCEL:
		cok_ck_cancel(&ck, d->number, now);
		break;
	case DEMAND_NOTHING:
		break;
	}
}

void demand_poll(void)
{
	bool low = free_memory() < options.want_mem;

	look(&memory, COK_RES_MEM, low ? options.want_step : 0,
	     COK_URGENCY_NORMAL);
	look(&cores, COK_RES_CPU, cores_lacking(), COK_URGENCY_HIGH);
}

static struct demand *demand_of(u64 number)
{
	if (number && number == memory.number)
		return &memory;
	return number && number == cores.number ? &cores : NULL;
}

void demand_served(u64 request)
{
	struct demand *d = demand_of(request);

	if (d)
		d->served = true;
}

void demand_gave(u32 kind)
{
	struct demand *d = kind == COK_RES_MEM ? &memory : &cores;

	d->not_before = tsc_after_ms(PAUSE_MS);
}

static const char *answer_name(u16 answer)
{
	static const char *const names[] = {
		[COK_ANSWER_QUEUED] = "queued",
		[COK_ANSWER_GRANTED] = "granted",
		[COK_ANSWER_DENIED] = "denied",
		[COK_ANSWER_CANCELLED] = "cancelled",
	};

	return answer < ARRAY_SIZE(names) && names[answer] ? names[answer]
							   : "?";
}

void demand_answered(const struct cok_ck_ask *ask, u16 answer, u16 why,
		     u64 given)
{
	struct demand *d = demand_of(ask->number);
	u32 pause = answer == COK_ANSWER_DENIED ? PAUSE_MS : SETTLE_MS;

	klog(LOG_INFO, "request %llu: %s, %llu, why %u", ask->number,
	     answer_name(answer), given, why);
	if (d && answer != COK_ANSWER_QUEUED)
		demand_ended(d, tsc_after_ms(pause));
}
