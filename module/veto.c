// SPDX-License-Identifier: GPL-2.0
/*
 * Linux asks, we refuse: nobody onlines a CPU or a memory block that has a
 * lease. Both callbacks run inside Linux's hotplug locks and take leaf locks
 * only.
 */
#include <linux/cpuhotplug.h>
#include <linux/memory.h>
#include <linux/mm.h>

#include "cok.h"

#define MAX_TRANSITIONS 64

static enum cpuhp_state veto_state;

/* Memory that Linux is onlining or offlining right now. */
static DEFINE_SPINLOCK(transition_lock);
static struct {
	u64 start, size;
} transition[MAX_TRANSITIONS]; /* transition_lock; size 0: free */
static u32 transitions_missed; /* transition_lock */

static int cpu_prepare(unsigned int cpu)
{
	if (!cok_cpu_vetoed(cpu))
		return 0;
	pr_info_ratelimited("CPU %u is leased: not brought online\n", cpu);
	return -EBUSY;
}

static void transition_begin(u64 start, u64 size)
{
	u32 i;

	spin_lock(&transition_lock);
	for (i = 0; i < MAX_TRANSITIONS && transition[i].size; i++)
		;
	if (i < MAX_TRANSITIONS) {
		transition[i].start = start;
		transition[i].size = size;
	} else {
		transitions_missed++;
	}
	spin_unlock(&transition_lock);
}

static void transition_end(u64 start, u64 size)
{
	u32 i;

	spin_lock(&transition_lock);
	for (i = 0; i < MAX_TRANSITIONS; i++)
		if (transition[i].start == start && transition[i].size == size)
			break;
	if (i < MAX_TRANSITIONS)
		transition[i].size = 0;
	else if (transitions_missed)
		transitions_missed--;
	spin_unlock(&transition_lock);
}

bool cok_mem_in_transition(u64 start, u64 size)
{
	bool found;
	u32 i;

	spin_lock(&transition_lock);
	found = transitions_missed;
	for (i = 0; i < MAX_TRANSITIONS; i++)
		found |= transition[i].size &&
			 transition[i].start < start + size &&
			 start < transition[i].start + transition[i].size;
	spin_unlock(&transition_lock);
	return found;
}

static int memory_event(struct notifier_block *nb, unsigned long action,
			void *data)
{
	struct memory_notify *mn = data;
	u64 start = PFN_PHYS(mn->start_pfn);
	u64 size = PFN_PHYS(mn->nr_pages);

	switch (action) {
	case MEM_GOING_ONLINE:
		if (cok_mem_vetoed(start, size)) {
			pr_info_ratelimited(
				"memory at %#llx is leased: not brought online\n",
				start);
			return notifier_from_errno(-EBUSY);
		}
		fallthrough;
	case MEM_GOING_OFFLINE:
		transition_begin(start, size);
		break;
	case MEM_ONLINE:
	case MEM_OFFLINE:
	case MEM_CANCEL_ONLINE:
	case MEM_CANCEL_OFFLINE:
		transition_end(start, size);
		break;
	}
	return NOTIFY_OK;
}

static struct notifier_block memory_nb = { .notifier_call = memory_event };

int cok_veto_setup(void)
{
	int err;

	err = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "cok:veto",
					cpu_prepare, NULL);
	if (err < 0)
		return err;
	veto_state = err;
	err = register_memory_notifier(&memory_nb);
	if (err)
		cpuhp_remove_state_nocalls(veto_state);
	return err;
}

void cok_veto_cleanup(void)
{
	unregister_memory_notifier(&memory_nb);
	cpuhp_remove_state_nocalls(veto_state);
}
