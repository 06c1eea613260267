// SPDX-License-Identifier: GPL-2.0
/*
 * The log ring: everything the co-kernel says. Any core, any context but NMI.
 * A panic may find the lock held by a core that will never run again, so the
 * lock is waited for with a deadline and then broken: a garbled record is
 * better than silence.
 */
#include "kernel.h"
#include "format.h"
#include "rings.h"
#include "string.h"

#define LOCK_MS 50 /* a record takes microseconds */
#define RING_MS 1  /* at most one doorbell in this time */

static struct ring_end log_ring;
static u32 log_lock;
static bool doorbell_due;
static u64 next_doorbell;
u64 log_locks_broken;

void log_init(void)
{
	ring_init(&log_ring, comm_region(&comm->log), COK_LOG_BYTES);
}

static void lock(void)
{
	u64 deadline = tsc_after_ms(LOCK_MS);

	while (__atomic_exchange_n(&log_lock, 1, __ATOMIC_ACQUIRE)) {
		if (rdtsc() > deadline) {
			log_locks_broken++;
			return;
		}
		cpu_pause();
	}
}

static void unlock(void)
{
	__atomic_store_n(&log_lock, 0, __ATOMIC_RELEASE);
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
