// SPDX-License-Identifier: GPL-2.0
/*
 * The log ring: everything the co-kernel says. Any core, any context but NMI.
 * A panic may find the lock held by a core that will never run again: halted,
 * or this one, by a fault while logging. Then the lock is broken, as it is at
 * the end of a deadline: a garbled record is better than silence.
 */
#include "kernel.h"
#include "format.h"
#include "rings.h"
#include "string.h"

#define LOCK_MS 2000 /* a record takes microseconds, if the core is not away */
#define RING_MS 1    /* at most one doorbell in this time */

static struct ring_end log_ring;
static u32 log_holder; /* 0, or core slot + 1 */
static bool doorbell_due;
static u64 next_doorbell;
u64 log_locks_broken;

void log_init(void)
{
	u32 pos = log_ring.pos; /* what was said so far stays said */

	ring_init(&log_ring, comm_region(&comm->log), COK_LOG_BYTES);
	log_ring.pos = pos;
}

static bool is_gone(u32 holder)
{
	return holder == this_cpu()->slot + 1 ||
	       slot_state(&cpus[holder - 1]) == SLOT_HALTED;
}

static void lock(void)
{
	u64 deadline = tsc_after_ms(LOCK_MS);
	u32 me = this_cpu()->slot + 1;

	for (;;) {
		u32 holder = 0;

		if (__atomic_compare_exchange_n(&log_holder, &holder, me, false,
						__ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return;
		if (is_gone(holder) || rdtsc() > deadline)
			break;
		cpu_pause();
	}
	__atomic_store_n(&log_holder, me, __ATOMIC_SEQ_CST);
	log_locks_broken++;
}

/* Not if somebody has broken it meanwhile: then it is theirs. */
static void unlock(void)
{
	u32 me = this_cpu()->slot + 1;

	__atomic_compare_exchange_n(&log_holder, &me, 0, false,
				    __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

static void put_record(int level, const char *text, size_t len)
{
	struct cok_log_rec rec = {
		.tsc = rdtsc(),
		.len = (u16)len,
		.core = (u16)this_cpu()->slot,
		.level = (u32)level,
	};
	bool was_empty = false;

	if (!ring_put_record(&log_ring, &rec, text, &was_empty))
		comm->log_dropped++;
	if (was_empty)
		doorbell_due = true;
}

/*
 * The host is told when its reader had caught up, and not more often than
 * RING_MS; the timer tick tells it of what came after.
 */
static bool take_doorbell(void)
{
	u64 now = rdtsc();

	if (!doorbell_due || now < next_doorbell)
		return false;
	doorbell_due = false;
	next_doorbell = now + ms_to_tsc(RING_MS);
	return true;
}

void log_text(int level, const char *text, size_t len)
{
	u64 flags = irq_save();
	bool ring;

	lock();
	while (len) {
		size_t n = len < COK_LOG_TEXT_MAX ? len : COK_LOG_TEXT_MAX;

		put_record(level, text, n);
		text += n;
		len -= n;
	}
	ring = take_doorbell();
	unlock();
	if (ring)
		host_ring();
	irq_restore(flags);
}

void klog(int level, const char *fmt, ...)
{
	char line[COK_LOG_TEXT_MAX + 1];
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = ck_vformat(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	line[n++] = '\n';
	log_text(level, line, n);
}

void log_flush(void)
{
	u64 flags = irq_save();
	bool ring;

	lock();
	ring = take_doorbell();
	unlock();
	if (ring)
		host_ring();
	irq_restore(flags);
}
