// SPDX-License-Identifier: GPL-2.0
/* Where every exception and interrupt arrives, IF = 0. */
#include "kernel.h"
#include "mm.h"
#include "user.h"

void trap_init(void)
{
	struct cpu *c = &cpus[0];

	slots_init();
	c->apic_id = boot.apic_id;
	gdt_prepare(c);
	/* Emptied, as going to ring 3 would clear the base of those that are not. */
	__asm__ volatile("movl %0, %%ds; movl %0, %%es; movl %0, %%fs; "
			 "movl %0, %%gs"
			 :
			 : "r"(0));
	wrmsr(MSR_GS_BASE, (u64)c);
	__asm__ volatile("lgdt %0; ltr %w1" : : "m"(c->gdt_ptr), "r"(0x18));
	idt_init();
}

/*
 * A host that crashed without an NMI. Every core looks, so that it does not
 * matter which one hangs, and counts its own ticks, because a virtual machine
 * that was paused, host and all, is found with another TSC.
 */
static void watch_host(struct cpu *c)
{
	u64 now = __atomic_load_n(&comm->host_heartbeat, __ATOMIC_RELAXED);

	if (!beat_lost(&c->host, now, (u32)options.hostwatch * TICK_HZ))
		return;
	park_all("no heartbeat of the host");
	slot_set_state(c, SLOT_HALTED);
	cpu_halt_forever();
}

static void timer_tick(struct cpu *c)
{
	c->stats->heartbeat++;
	c->stats->tsc_heartbeat = rdtsc();
	watch_host(c);
	if (c->slot)
		return;
	memory_publish();
	slots_watch();
	control_poll();
	log_flush();
}

static void unknown_vector(struct cpu *c, u8 vector)
{
	/*
	 * The host's broadcast IPIs reach us. A spurious interrupt must not be
	 * EOIed, so ask the local APIC whether this one is in service.
	 */
	if (apic_in_service(vector))
		apic_eoi();
	c->stats->irqs_unknown++;
	c->stats->irq_unknown_last = vector;
}

static void interrupt(struct cpu *c, u8 vector)
{
	if (vector != boot.doorbell_vector && vector != vec_timer &&
	    vector != vec_event && vector != vec_flush) {
		unknown_vector(c, vector);
		return;
	}
	c->stats->irqs++;
	apic_eoi();
	if (vector == vec_flush) {
		smp_flush_here(c);
	} else if (vector == vec_timer) {
		timer_tick(c);
	} else if (vector == boot.doorbell_vector) {
		c->stats->doorbells++;
		if (!c->slot)
			control_poll();
	} else if (!c->slot) {
		control_poll(); /* a core has drained */
	}
	/* A job or a drain that vec_event announced: the idle loop looks. */
}

/*
 * An IPI may carry a vector from 16 up. It looks like an exception, unless the
 * local APIC says that it is being served. (Where the exception has an error
 * code the stack is not as expected, and it is taken for the exception.)
 */
static bool is_exception(u64 vector)
{
	if (vector >= 32)
		return false;
	return vector < 16 || vector == 17 || vector == 21 || vector == 29 ||
	       vector == 30 || !vec_timer || !apic_in_service((u8)vector);
}

void trap(struct trap_frame *f)
{
	struct cpu *c = this_cpu();

	if (f->vector == VEC_NMI) {
		trap_nmi(f);
		return;
	}
	if (f->vector == VEC_MC) {
		trap_mce(f);
		return;
	}
	user_trap_begin(f);
	if (is_exception(f->vector)) {
		if (!user_exception(f))
			panic_trap(f);
	} else {
		smp_account(c, false);
		interrupt(c, (u8)f->vector);
	}
	if (from_user(f))
		user_return(f);
}
