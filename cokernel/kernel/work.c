// SPDX-License-Identifier: GPL-2.0
/* The queue of work.h. */
#include "kernel.h"
#include "work.h"

#define SLICE_MS 10 /* then the core looks whether there is something else */

static struct job {
	u32 id; /* 0: free */
	u32 moves;
	u64 left; /* TSC */
} jobs[WORK_MAX];

static struct job *waiting[WORK_MAX]; /* oldest first, from `first` on */
static u32 first, nr_waiting;
static struct job *current[COK_MAX_CORES];
static u32 last_id;
static u32 locked;
static u64 done, moved;

/* For a few instructions, with interrupts off: nobody is away with it. */
static u64 lock(void)
{
	u64 flags = irq_save();

	while (__atomic_exchange_n(&locked, 1, __ATOMIC_ACQUIRE))
		cpu_pause();
	return flags;
}

static void unlock(u64 flags)
{
	__atomic_store_n(&locked, 0, __ATOMIC_RELEASE);
	irq_restore(flags);
}

/* A job that has begun goes before those that have not. */
static void put(struct job *j, bool front)
{
	if (front)
		first = (first + WORK_MAX - 1) % WORK_MAX;
	waiting[(front ? first : first + nr_waiting) % WORK_MAX] = j;
	nr_waiting++;
}

static struct job *get(void)
{
	struct job *j = nr_waiting ? waiting[first] : NULL;

	if (j) {
		first = (first + 1) % WORK_MAX;
		nr_waiting--;
	}
	return j;
}

/* They look at the queue before they sleep again. */
static void wake_all(void)
{
	for (u32 i = 0; i < nr_slots; i++)
		if (slot_state(&cpus[i]) == SLOT_ONLINE &&
		    &cpus[i] != this_cpu())
			smp_kick(&cpus[i]);
}

static u32 count_free(void)
{
	u32 n = 0;

	for (size_t i = 0; i < WORK_MAX; i++)
		n += !jobs[i].id;
	return n;
}

bool work_add(u32 n, u64 tsc)
{
	u64 flags = lock();
	bool fits = n <= count_free();

	for (size_t i = 0; fits && n && i < WORK_MAX; i++) {
		if (jobs[i].id)
			continue;
		jobs[i] = (struct job){ .id = ++last_id, .left = tsc };
		put(&jobs[i], false);
		n--;
	}
	unlock(flags);
	wake_all();
	return fits;
}

bool work_take(u32 slot)
{
	u64 flags = lock();

	if (!current[slot])
		current[slot] = get();
	unlock(flags);
	return current[slot];
}

static void finish(u32 slot, struct job *j)
{
	u64 flags;

	klog(LOG_INFO, "work: job %u done on core %u, moved %u times", j->id,
	     slot, j->moves);
	flags = lock();
	j->id = 0;
	current[slot] = NULL;
	done++;
	unlock(flags);
}

void work_slice(u32 slot)
{
	struct job *j = current[slot];
	u64 from = rdtsc(), end = from + ms_to_tsc(SLICE_MS), now;

	if (j->left < end - from)
		end = from + j->left;
	do {
		cpu_pause();
		now = rdtsc();
	} while (now < end && slot_state(&cpus[slot]) == SLOT_ONLINE);
	j->left = now - from < j->left ? j->left - (now - from) : 0;
	if (!j->left)
		finish(slot, j);
}

void work_leave(u32 slot)
{
	struct job *j = current[slot];
	u64 flags;

	if (!j)
		return;
	klog(LOG_INFO, "work: core %u leaves job %u to others", slot, j->id);
	flags = lock();
	current[slot] = NULL;
	j->moves++;
	moved++;
	put(j, true);
	unlock(flags);
	wake_all();
}

bool work_on(u32 slot)
{
	return __atomic_load_n(&current[slot], __ATOMIC_RELAXED);
}

u32 work_waiting(void)
{
	return __atomic_load_n(&nr_waiting, __ATOMIC_RELAXED);
}

void work_print(void)
{
	u32 running = 0;

	for (u32 i = 0; i < nr_slots; i++)
		running += work_on(i);
	klog(LOG_INFO, "work: %u running, %u waiting, %llu done, %llu moved",
	     running, work_waiting(), done, moved);
}
