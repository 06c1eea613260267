// SPDX-License-Identifier: GPL-2.0
/*
 * Cores: arriving, idling, working for core 0, flushing TLBs, leaving. The
 * states are in percpu.h. TLB and ordering paths follow SDM vol. 3, 4.10 and
 * 8.2; not verified on hardware: QEMU TCG shows no missing flush.
 */
#include "kernel.h"
#include "mm.h"
#include "negotiate.h"
#include "string.h"
#include "work.h"

/* For a core that has interrupts off, or a virtual one that is away. */
#define FLUSH_MS  1000
#define ARRIVE_MS 10000 /* a core after its COMMIT; the host tries for 2 s */

struct cpu cpus[COK_MAX_CORES];
struct flush_counters flush_count;
static u64 flush_generation;
static u64 flush_done; /* the last one that all have acked */

void secondary_main(struct cpu *c) noreturn;

/* ---- slots ------------------------------------------------------------- */

void slots_init(void)
{
	struct cok_stats *stats = comm_region(&comm->stats);

	for (u32 i = 0; i < nr_slots; i++) {
		cpus[i].slot = i;
		cpus[i].stats = &stats[i];
	}
}

const char *slot_state_name(enum slot_state s)
{
	static const char *const names[] = {
		[SLOT_ABSENT] = "absent",     [SLOT_OFFERED] = "offered",
		[SLOT_STARTING] = "starting", [SLOT_ONLINE] = "online",
		[SLOT_DRAINING] = "draining", [SLOT_DRAINED] = "drained",
		[SLOT_HALTED] = "halted",     [SLOT_MISSING] = "missing",
		[SLOT_GIVEN_UP] = "given up",
	};

	return names[s];
}

/* What the host may know of a state. */
static const u32 published[] = {
	[SLOT_ABSENT] = COK_CORE_ABSENT,     [SLOT_OFFERED] = COK_CORE_ABSENT,
	[SLOT_STARTING] = COK_CORE_STARTING, [SLOT_ONLINE] = COK_CORE_ONLINE,
	[SLOT_DRAINING] = COK_CORE_ONLINE,   [SLOT_DRAINED] = COK_CORE_DRAINED,
	[SLOT_HALTED] = COK_CORE_HALTED,     [SLOT_MISSING] = COK_CORE_ABSENT,
	[SLOT_GIVEN_UP] = COK_CORE_ABSENT,
};

/* Two cores may change a state shortly after each other: the last one counts. */
static void publish_state(struct cpu *c)
{
	enum slot_state s;

	do {
		s = slot_state(c);
		__atomic_store_n(&c->stats->state, published[s],
				 __ATOMIC_SEQ_CST);
	} while (slot_state(c) != s);
}

void slot_set_state(struct cpu *c, enum slot_state s)
{
	__atomic_store_n(&c->state, s, __ATOMIC_SEQ_CST);
	publish_state(c);
}

static bool slot_change(struct cpu *c, enum slot_state from, enum slot_state to)
{
	if (!__atomic_compare_exchange_n(&c->state, &from, to, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return false;
	publish_state(c);
	return true;
}

struct cpu *slot_by_apic(u32 apic_id)
{
	for (u32 i = 0; i < nr_slots; i++)
		if (slot_state(&cpus[i]) != SLOT_ABSENT &&
		    cpus[i].apic_id == apic_id)
			return &cpus[i];
	return NULL;
}

u32 slots_online(void)
{
	u32 n = 0;

	for (u32 i = 0; i < nr_slots; i++)
		n += slot_state(&cpus[i]) == SLOT_ONLINE;
	return n;
}

/* ---- arriving ---------------------------------------------------------- */

void cpu_features(void)
{
	u64 cr4 = read_cr4() | CR4_MCE;

	write_cr0(read_cr0() | CR0_WP);
	if (cpuid(0).a >= 7) {
		struct cpuid f = cpuid(7);

		if (f.b & 1u << 7)
			cr4 |= CR4_SMEP;
		if (f.b & 1u << 20)
			cr4 |= CR4_SMAP;
		if (f.c & 1u << 2)
			cr4 |= CR4_UMIP;
	}
	write_cr4(cr4);
}

void secondary_main(struct cpu *c)
{
	gdt_use_guarded_stacks(c);
	cpu_features();
	apic_init();
	c->account_last = c->stats->tsc_online = rdtsc();
	/* In this order, in which core 0 may move it meanwhile. */
	if (!slot_change(c, SLOT_OFFERED, SLOT_ONLINE) &&
	    !slot_change(c, SLOT_STARTING, SLOT_ONLINE) &&
	    !slot_change(c, SLOT_MISSING, SLOT_ONLINE))
		cpu_halt_forever(); /* nobody was expected here */
	/*
	 * From here on flushes are asked of this core. One that was made just
	 * before did not see it: start with nothing cached.
	 */
	write_cr3(kernel_cr3);
	if (__atomic_load_n(&halt_reason, __ATOMIC_SEQ_CST)) {
		slot_set_state(c, SLOT_HALTED);
		cpu_halt_forever();
	}
	apic_timer_start();
	klog(LOG_INFO, "core %u: online, APIC id %u", c->slot, c->own_id);
	if (c->own_id != c->apic_id)
		klog(LOG_WARN, "core %u: APIC id %u was granted", c->slot,
		     c->apic_id);
	smp_idle();
}

/* ---- idling and working ------------------------------------------------ */

/* Adds the time since the last change to what it was spent on. */
void smp_account(struct cpu *c, bool idle)
{
	u64 now = rdtsc();

	if (c->idle)
		c->stats->cycles_idle += now - c->account_last;
	else
		c->stats->cycles_kernel += now - c->account_last;
	c->account_last = now;
	c->idle = idle;
}

void smp_run_job(struct cpu *c)
{
	job_fn fn = __atomic_load_n(&c->job, __ATOMIC_ACQUIRE);

	if (!fn)
		return;
	fn(c->job_arg);
	__atomic_store_n(&c->job, NULL, __ATOMIC_RELEASE);
}

static void drain_here(struct cpu *c)
{
	apic_timer_stop();
	if (!slot_change(c, SLOT_DRAINING, SLOT_DRAINED)) {
		apic_timer_start(); /* aborted meanwhile */
		return;
	}
	smp_flush_here(c);
	/* Now PREPARED may say that nothing is cached here. */
	__atomic_store_n(&c->asleep, true, __ATOMIC_SEQ_CST);
	apic_send(cpus[0].own_id, vec_event);
	drain_sleep(&c->woken);
	/* ABORT: memory may have come and gone while this core slept. */
	write_cr3(kernel_cr3);
	__atomic_store_n(&c->asleep, false, __ATOMIC_SEQ_CST);
	c->woken = false;
	c->account_last = rdtsc();
	c->stats->heartbeat++; /* the tick begins anew */
	apic_timer_start();
}

static bool has_work(const struct cpu *c)
{
	if (__atomic_load_n(&c->job, __ATOMIC_ACQUIRE))
		return true;
	return c->slot == 0 && console_pending();
}

void smp_idle(void)
{
	struct cpu *c = this_cpu();
	bool draining;

	for (;;) {
		/* Interrupts stay off from the look to the HLT. */
		irq_disable();
		if (c->slot == 0)
			control_poll();
		/* Looked at first: a job posted before a recall is done. */
		draining = slot_state(c) == SLOT_DRAINING;
		if (has_work(c)) {
			irq_enable();
			smp_run_job(c);
			if (c->slot == 0)
				console_poll();
		} else if (draining) {
			work_leave(c->slot);
			drain_here(c);
		} else if (work_take(c->slot)) {
			irq_enable();
			work_slice(c->slot);
		} else if (c->slot == 0 && negotiate_busy()) {
			irq_enable(); /* and on with it */
		} else {
			smp_account(c, true);
			irq_enable_and_halt();
		}
	}
}

void smp_kick(struct cpu *c)
{
	apic_send(c->own_id, vec_event);
}

bool smp_post_later(struct cpu *c, job_fn fn, u64 arg)
{
	u64 flags = irq_save(); /* no recall from the look to the store */
	bool idle = slot_state(c) == SLOT_ONLINE &&
		    !__atomic_load_n(&c->job, __ATOMIC_ACQUIRE);

	if (idle) {
		c->job_arg = arg;
		__atomic_store_n(&c->job, fn, __ATOMIC_SEQ_CST);
	}
	irq_restore(flags);
	if (idle && c != this_cpu())
		smp_kick(c);
	return idle;
}

bool smp_post(struct cpu *c, job_fn fn, u64 arg)
{
	if (!smp_post_later(c, fn, arg))
		return false;
	if (c == this_cpu())
		smp_run_job(c);
	return true;
}

bool smp_wait_job(struct cpu *c, u32 ms)
{
	u64 deadline = tsc_after_ms(ms);

	while (__atomic_load_n(&c->job, __ATOMIC_ACQUIRE)) {
		if (rdtsc() > deadline)
			return false;
		cpu_pause();
	}
	return true;
}

/* ---- TLB shootdown ----------------------------------------------------- */

/* On the core itself: an order, or a drain that must leave nothing cached. */
void smp_flush_here(struct cpu *c)
{
	u64 generation = __atomic_load_n(&flush_generation, __ATOMIC_SEQ_CST);

	write_cr3(read_cr3()); /* a process may run here */
	__atomic_store_n(&c->flushed, generation, __ATOMIC_SEQ_CST);
}

static bool can_hold_translations(const struct cpu *c)
{
	enum slot_state s = slot_state(c);

	if (s ==
	    SLOT_DRAINED) /* those asleep have flushed, and will on waking */
		return !__atomic_load_n(&c->asleep, __ATOMIC_SEQ_CST);
	return s == SLOT_ONLINE || s == SLOT_DRAINING;
}

static bool wait_flushed(struct cpu *c, u64 generation, u64 deadline)
{
	while (__atomic_load_n(&c->flushed, __ATOMIC_SEQ_CST) < generation) {
		if (!can_hold_translations(c)) {
			flush_count.excused++;
			return true;
		}
		if (rdtsc() > deadline)
			return false;
		cpu_pause();
	}
	flush_count.acked++;
	return true;
}

bool smp_flush_all(void)
{
	u64 generation, deadline = tsc_after_ms(FLUSH_MS);
	bool asked[COK_MAX_CORES] = { false };
	bool ok = true;

	/* Orders the cleared entries before the look at the cores' states. */
	generation = __atomic_add_fetch(&flush_generation, 1, __ATOMIC_SEQ_CST);
	flush_count.rounds++;
	smp_flush_here(this_cpu());
	for (u32 i = 1; i < nr_slots; i++) {
		asked[i] = can_hold_translations(&cpus[i]);
		if (!asked[i])
			continue;
		flush_count.sent++;
		apic_send(cpus[i].own_id, vec_flush);
	}
	for (u32 i = 1; i < nr_slots; i++)
		if (asked[i] && !wait_flushed(&cpus[i], generation, deadline)) {
			flush_count.failed++;
			ok = false;
		}
	if (flush_count.sent !=
	    flush_count.acked + flush_count.excused + flush_count.failed)
		panic("TLB shootdown: %llu sent, %llu acked, %llu excused",
		      flush_count.sent, flush_count.acked, flush_count.excused);
	if (ok)
		flush_done = generation;
	return ok;
}

u64 smp_flush_next(void)
{
	return flush_generation + 1;
}

bool smp_flushed(u64 generation)
{
	return flush_done >= generation;
}

/* ---- leases: core 0, interrupts off ------------------------------------ */

extern char secondary_entry[];

static void slot_reset(struct cpu *c, u32 apic_id)
{
	c->apic_id = apic_id;
	c->job = NULL;
	c->asleep = c->wake_sent = c->woken = false;
	c->regs_kept = false;
	c->host.quiet = 0;
	c->idle = false;
	memset(c->stats, 0, sizeof(*c->stats));
	gdt_prepare(c);
}

u16 slot_offer(u32 slot, u32 apic_id, u64 *entry, u64 *arg)
{
	struct cpu *c = &cpus[slot];

	if (slot >= nr_slots)
		return COK_WHY_NO_SPACE;
	if (!apic_reaches(apic_id))
		return COK_WHY_UNSUPPORTED;
	if (slot_state(c) != SLOT_ABSENT || slot_by_apic(apic_id))
		return COK_WHY_PROTOCOL;
	if (!stacks_alloc(slot))
		return COK_WHY_NO_SPACE;
	slot_reset(c, apic_id);
	slot_set_state(c, SLOT_OFFERED);
	*entry = (u64)secondary_entry;
	*arg = (u64)c;
	return COK_WHY_NONE;
}

void slot_offer_commit(u32 slot)
{
	cpus[slot].missing_at = tsc_after_ms(ARRIVE_MS);
	/* The core itself may have been faster. */
	slot_change(&cpus[slot], SLOT_OFFERED, SLOT_STARTING);
}

void slots_watch(void)
{
	u64 now = rdtsc();

	for (u32 i = 1; i < nr_slots; i++) {
		struct cpu *c = &cpus[i];

		if (slot_state(c) != SLOT_STARTING || now < c->missing_at ||
		    !slot_change(c, SLOT_STARTING, SLOT_MISSING))
			continue;
		klog(LOG_WARN,
		     "core %u: granted, but not here after %u s, APIC id %u", i,
		     ARRIVE_MS / 1000, c->apic_id);
	}
}

void slot_offer_undo(u32 slot)
{
	slot_change(&cpus[slot], SLOT_OFFERED, SLOT_ABSENT);
}

u16 slot_recall_check(u64 slot, u64 apic_id)
{
	if (slot >= nr_slots || cpus[slot].apic_id != apic_id)
		return COK_WHY_UNKNOWN;
	if (slot == 0)
		return COK_WHY_BOOT;
	switch (slot_state(&cpus[slot])) {
	case SLOT_ONLINE:
	case SLOT_MISSING:
		return COK_WHY_NONE;
	case SLOT_STARTING:
		return COK_WHY_IN_USE;
	default:
		return COK_WHY_UNKNOWN;
	}
}

void slot_recall_begin(u32 slot)
{
	/* A missing one may have come since the check. */
	if (slot_change(&cpus[slot], SLOT_MISSING, SLOT_GIVEN_UP))
		return;
	slot_change(&cpus[slot], SLOT_ONLINE, SLOT_DRAINING);
	smp_kick(&cpus[slot]);
}

bool slot_recall_drained(u32 slot)
{
	const struct cpu *c = &cpus[slot];
	enum slot_state s = slot_state(c);

	return s == SLOT_GIVEN_UP ||
	       (s == SLOT_DRAINED &&
		__atomic_load_n(&c->asleep, __ATOMIC_SEQ_CST));
}

void slot_recall_commit(u32 slot)
{
	klog(LOG_INFO, "core %u: given back, APIC id %u", slot,
	     cpus[slot].apic_id);
	slot_set_state(&cpus[slot], SLOT_ABSENT);
}

void slot_recall_undo(u32 slot)
{
	struct cpu *c = &cpus[slot];

	if (slot_change(c, SLOT_DRAINING, SLOT_ONLINE) ||
	    slot_change(c, SLOT_GIVEN_UP, SLOT_MISSING))
		return;
	if (slot_state(c) != SLOT_DRAINED)
		return;
	slot_set_state(c, SLOT_ONLINE);
	__atomic_store_n(&c->wake_sent, true, __ATOMIC_SEQ_CST);
	apic_send_nmi(c->own_id);
}
