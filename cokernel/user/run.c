// SPDX-License-Identifier: GPL-2.0
/*
 * The directory of programs (include/cok/run.h): who is to run, who is to end,
 * which channels are let go. Core 0 with interrupts off, whenever it looks at
 * the control rings. A program waits until a core has nothing to do.
 */
#include "mm.h"
#include "string.h"
#include "user.h"

#define PROCESS_PAGES ((sizeof(struct process) + FRAME_SIZE - 1) / FRAME_SIZE)

static struct cok_run_dir *dir; /* NULL: the host has none */
static struct process *processes[COK_RUN_MAX];
static u32 last_id[COK_RUN_MAX]; /* of the entry's program, here or gone */

void run_init(void)
{
	syscall_init();
	if (comm->run.size >= sizeof(*dir))
		dir = comm_region(&comm->run);
}

static void let_go(u32 i)
{
	__atomic_store_n(&dir->entry[i].done, last_id[i], __ATOMIC_RELEASE);
}

static bool channel_sane(u64 phys, u32 size)
{
	return size == COK_RUN_SIZE && phys && phys % FRAME_SIZE == 0 &&
	       phys < 1ULL << 46;
}

static void begin(u32 i, u32 id)
{
	const struct cok_run_entry *e = &dir->entry[i];
	u64 frame = FRAME_NONE, phys = e->phys;

	last_id[i] = id;
	if (channel_sane(phys, e->size))
		frame = page_alloc(PROCESS_PAGES);
	if (frame == FRAME_NONE) {
		klog(LOG_WARN, "program %u: no memory to begin with", id);
		let_go(i);
		return;
	}
	processes[i] = phys_to_virt(frame);
	processes[i]->index = i;
	processes[i]->id = id;
	processes[i]->channel_phys = phys;
}

/* A new program; its proxy may have died before anybody here looked. */
static void take_up(u32 i, u32 id, u32 state)
{
	if (state == COK_RUN_START)
		begin(i, id);
	if (state != COK_RUN_CLOSE)
		return;
	last_id[i] = id;
	let_go(i);
}

/* The last core first: core 0 has other things to do. */
static void find_core(struct process *p)
{
	for (u32 i = nr_slots; i-- && !p->cpu;) {
		p->cpu = &cpus[i];
		if (slot_state(&cpus[i]) != SLOT_ONLINE ||
		    !smp_post_later(&cpus[i], process_run, (u64)p))
			p->cpu = NULL;
	}
}

static void finish(u32 i)
{
	struct process *p = processes[i];

	processes[i] = NULL;
	page_free((u64)p - direct_base, PROCESS_PAGES);
	let_go(i);
}

static void look_after(u32 i, bool wanted)
{
	struct process *p = processes[i];

	if (!wanted && !p->kill) {
		__atomic_store_n(&p->kill, true, __ATOMIC_SEQ_CST);
		if (p->cpu && p->cpu != this_cpu())
			smp_kick(p->cpu);
	}
	if (!p->cpu && !p->kill)
		find_core(p);
	if (__atomic_load_n(&p->ended, __ATOMIC_ACQUIRE) ||
	    (!p->cpu && p->kill))
		finish(i);
}

void run_poll(void)
{
	if (!dir)
		return;
	for (u32 i = 0; i < COK_RUN_MAX; i++) {
		const struct cok_run_entry *e = &dir->entry[i];
		u32 state = __atomic_load_n(&e->state, __ATOMIC_ACQUIRE);
		u32 id = __atomic_load_n(&e->id, __ATOMIC_ACQUIRE);

		if (!processes[i] && id != last_id[i])
			take_up(i, id, state);
		if (processes[i])
			look_after(i, state == COK_RUN_START &&
					      id == processes[i]->id);
	}
}
