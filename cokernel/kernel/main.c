// SPDX-License-Identifier: GPL-2.0
/* The boot order. */
#include "kernel.h"
#include "mm.h"

void switch_stack(u64 top, void (*fn)(void)) noreturn;
void kernel_main(u64 boot_phys) noreturn;
static void main_on_own_stack(void) noreturn;

static void core_zero_online(void)
{
	struct cpu *c = &cpus[0];

	c->account_last = c->stats->tsc_online = rdtsc();
	slot_set_state(c, SLOT_ONLINE);
	memory_publish();
}

/* On the host's page tables and IDT, on the boot stack. */
void kernel_main(u64 boot_phys)
{
	boot_check(boot_phys); /* refuses what it doesn't know */
	trap_init();	       /* GDT, TSS, IDT of core 0 */
	log_init();
	memory_init();	  /* frames of the granted ranges */
	pagetable_init(); /* W^X, nothing but our grants */
	pagetable_switch();
	cpu_features(); /* WP, SMEP, SMAP, UMIP */
	switch_stack(cpus[0].stack_top, main_on_own_stack);
}

/* On our own page tables, with guarded stacks. */
static void main_on_own_stack(void)
{
	apic_setup();
	apic_init();
	boot_banner();
	options_read();
	apic_timer_calibrate();
	core_zero_online();
	control_init();
	console_init();
	apic_timer_start();
	__atomic_store_n(&comm->ck_state, COK_CK_RUNNING, __ATOMIC_RELEASE);
	if (!options.noready)
		control_send_ready();
	console_script(options.script);
	smp_idle();
}
