// SPDX-License-Identifier: GPL-2.0
/*
 * Clocks: the host's, as the proxy read them at the start, carried on by the
 * TSC. Steps of the host's clock after that are not followed.
 */
#include "user.h"

#define NS_PER_SEC    1000000000ULL
#define NS_PER_MS     1000000ULL
#define TIMER_ABSTIME 1
#define SLEEP_MAX_SEC (1ULL << 32) /* longer is as good as for ever */

enum {
	CLOCK_REALTIME = 0,
	CLOCK_MONOTONIC = 1,
	CLOCK_PROCESS_CPUTIME_ID = 2,
	CLOCK_THREAD_CPUTIME_ID = 3,
	CLOCK_MONOTONIC_RAW = 4,
	CLOCK_REALTIME_COARSE = 5,
	CLOCK_MONOTONIC_COARSE = 6,
	CLOCK_BOOTTIME = 7,
};

struct timespec {
	s64 sec, nsec;
};

static u64 tsc_to_ns(u64 tsc)
{
	return tsc / boot.tsc_khz * NS_PER_MS +
	       tsc % boot.tsc_khz * NS_PER_MS / boot.tsc_khz;
}

/* False: no such clock. */
static bool clock_read(const struct process *p, u32 clock, u64 *ns)
{
	u64 since = tsc_to_ns(rdtsc() - p->tsc);

	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
		*ns = p->real_ns + since;
		return true;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
		*ns = p->mono_ns + since;
		return true;
	case CLOCK_BOOTTIME:
		*ns = p->boot_ns + since;
		return true;
	case CLOCK_PROCESS_CPUTIME_ID:
	case CLOCK_THREAD_CPUTIME_ID:
		*ns = tsc_to_ns(rdtsc() - p->start_tsc);
		return true;
	default:
		return false;
	}
}

static struct timespec to_timespec(u64 ns)
{
	return (struct timespec){ (s64)(ns / NS_PER_SEC),
				  (s64)(ns % NS_PER_SEC) };
}

static s64 put_timespec(u64 at, u64 ns)
{
	struct timespec t = to_timespec(ns);

	return copy_out(at, &t, sizeof(t)) ? 0 : -EFAULT;
}

static s64 sys_clock_gettime(struct process *p, struct trap_frame *f)
{
	u64 ns;

	return clock_read(p, (u32)f->rdi, &ns) ? put_timespec(f->rsi, ns)
					       : -EINVAL;
}

static s64 sys_clock_getres(struct process *p, struct trap_frame *f)
{
	u64 ns;

	if (!clock_read(p, (u32)f->rdi, &ns))
		return -EINVAL;
	return f->rsi ? put_timespec(f->rsi, 1) : 0;
}

static s64 sys_gettimeofday(struct process *p, struct trap_frame *f)
{
	struct {
		s64 sec, usec;
	} tv;
	u64 ns, zone = 0;

	clock_read(p, CLOCK_REALTIME, &ns);
	tv.sec = (s64)(ns / NS_PER_SEC);
	tv.usec = (s64)(ns % NS_PER_SEC / 1000);
	if ((f->rdi && !copy_out(f->rdi, &tv, sizeof(tv))) ||
	    (f->rsi && !copy_out(f->rsi, &zone, sizeof(zone))))
		return -EFAULT;
	return 0;
}

static s64 sys_time_of_day(struct process *p, struct trap_frame *f)
{
	s64 sec;
	u64 ns;

	clock_read(p, CLOCK_REALTIME, &ns);
	sec = (s64)(ns / NS_PER_SEC);
	if (f->rdi && !copy_out(f->rdi, &sec, sizeof(sec)))
		return -EFAULT;
	return sec;
}

/* All of it is user time: what the kernel takes is not told apart. */
static s64 sys_times(struct process *p, struct trap_frame *f)
{
	u64 hundredths, ns;
	s64 t[4] = { 0 };

	clock_read(p, CLOCK_PROCESS_CPUTIME_ID, &ns);
	t[0] = (s64)(ns / (NS_PER_SEC / 100));
	clock_read(p, CLOCK_MONOTONIC, &ns);
	hundredths = ns / (NS_PER_SEC / 100);
	if (f->rdi && !copy_out(f->rdi, t, sizeof(t)))
		return -EFAULT;
	return (s64)hundredths;
}

static s64 sys_getrusage(struct process *p, struct trap_frame *f)
{
	u64 usage[18] = { 0 }, ns;

	if ((s32)f->rdi > 1 || (s32)f->rdi < -1)
		return -EINVAL;
	if ((s32)f->rdi != -1) {
		clock_read(p, CLOCK_PROCESS_CPUTIME_ID, &ns);
		usage[0] = ns / NS_PER_SEC;
		usage[1] = ns % NS_PER_SEC / 1000;
		usage[4] = p->pages * 4; /* KiB */
		usage[8] = p->head->faults;
	}
	return copy_out(f->rsi, usage, sizeof(usage)) ? 0 : -EFAULT;
}

/*
 * Halts from tick to tick as long as there is more than one to go, then spins:
 * the tick is the only timer there is.
 */
static void sleep_until(struct process *p, u64 tsc)
{
	u64 tick = ms_to_tsc(1000 / TICK_HZ);

	while (rdtsc() < tsc && !process_pending(p)) {
		if (tsc - rdtsc() < 2 * tick) {
			cpu_pause();
			continue;
		}
		irq_disable();
		smp_account(this_cpu(), true);
		irq_enable_and_halt();
		irq_disable();
		smp_account(this_cpu(), false);
		irq_enable();
	}
}

static s64 sleep_for(struct process *p, u64 ns)
{
	u64 ms = ns / NS_PER_MS;

	sleep_until(p, rdtsc() + ms_to_tsc(ms) +
			       ns % NS_PER_MS * boot.tsc_khz / NS_PER_MS);
	return process_pending(p) && process_doomed(p) ? -EINTR : 0;
}

static s64 take_timespec(u64 at, u64 *ns)
{
	struct timespec t;

	if (!copy_in(&t, at, sizeof(t)))
		return -EFAULT;
	if (t.sec < 0 || t.nsec < 0 || t.nsec >= (s64)NS_PER_SEC)
		return -EINVAL;
	if ((u64)t.sec > SLEEP_MAX_SEC)
		t.sec = SLEEP_MAX_SEC;
	*ns = (u64)t.sec * NS_PER_SEC + (u64)t.nsec;
	return 0;
}

static s64 sys_nanosleep(struct process *p, struct trap_frame *f)
{
	u64 ns;
	s64 err = take_timespec(f->rdi, &ns);

	return err ? err : sleep_for(p, ns);
}

static s64 sys_clock_nanosleep(struct process *p, struct trap_frame *f)
{
	u64 ns, now;
	s64 err;

	if (!clock_read(p, (u32)f->rdi, &now))
		return -EINVAL;
	err = take_timespec(f->rdx, &ns);
	if (err)
		return err;
	if (f->rsi & TIMER_ABSTIME)
		ns = ns > now ? ns - now : 0;
	return sleep_for(p, ns);
}

const struct syscall sys_time[] = {
	{ 35, sys_nanosleep },
	{ 96, sys_gettimeofday },
	{ 98, sys_getrusage },
	{ 100, sys_times },
	{ 201, sys_time_of_day },
	{ 228, sys_clock_gettime },
	{ 229, sys_clock_getres },
	{ 230, sys_clock_nanosleep },
	{ 0, NULL },
};
