// SPDX-License-Identifier: GPL-2.0
/*
 * The end, by panic, by STOP, or because the host seems to be dead. A panic says why in the comm area first, then
 * halts the others, then talks: each step may fail without undoing the last.
 */
#include "kernel.h"
#include "format.h"
#include "mm.h"

#define HALT_MS 1000 /* for the other cores to take an NMI: far too long */

enum halt_reason halt_reason;

bool halt_claim(enum halt_reason why)
{
	enum halt_reason none = HALT_NONE;

	return __atomic_compare_exchange_n(&halt_reason, &none, why, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static bool is_running(const struct cpu *c)
{
	enum slot_state s = slot_state(c);

	return s == SLOT_ONLINE || s == SLOT_DRAINING || s == SLOT_DRAINED;
}

bool halt_others(u32 ms)
{
	struct cpu *me = this_cpu();
	u64 deadline = tsc_after_ms(ms);
	bool all;

	for (u32 i = 0; i < nr_slots; i++)
		if (&cpus[i] != me && is_running(&cpus[i]))
			apic_send_nmi(cpus[i].own_id);
	do {
		cpu_pause();
		all = true;
		for (u32 i = 0; i < nr_slots; i++)
			if (&cpus[i] != me && is_running(&cpus[i]))
				all = false;
	} while (!all && rdtsc() < deadline);
	return all;
}

void cpu_halt_forever(void)
{
	__asm__ volatile("jmp halt_forever");
	__builtin_unreachable();
}

static void publish_panic(struct cpu *c)
{
	comm->panic_core = c->slot;
	slot_set_state(c, SLOT_HALTED);
	__atomic_store_n(&comm->ck_state, COK_CK_PANIC, __ATOMIC_RELEASE);
	host_ring();
}

/* True once per core; the second time something went wrong in panicking. */
static bool first_panic_here(struct cpu *c)
{
	if (c->panic_depth++ == 0)
		return true;
	if (c->panic_depth == 2) {
		if (!comm->panic_text[0])
			ck_format(comm->panic_text, COK_PANIC_MAX,
				  "fault while panicking");
		publish_panic(c);
	}
	cpu_halt_forever();
}

static void keep_regs(struct cpu *c, const struct trap_frame *f)
{
	if (c->regs_kept)
		return;
	c->regs_kept = true;
	regs_save(&c->stats->regs, f);
	__atomic_store_n(&c->stats->regs.seq, 1, __ATOMIC_RELEASE);
}

static void noreturn die(const struct trap_frame *f)
{
	struct cpu *c = this_cpu();
	bool all = halt_others(HALT_MS);

	klog(LOG_ERR, "panic on core %u: %s", c->slot, comm->panic_text);
	if (f) {
		klog(LOG_ERR, "rip %016llx rsp %016llx rflags %08llx err %llx",
		     f->rip, f->rsp, f->rflags, f->error);
		klog(LOG_ERR, "cr2 %016llx cr3 %016llx rax %016llx rbx %016llx",
		     read_cr2(), read_cr3(), f->rax, f->rbx);
		klog(LOG_ERR, "rcx %016llx rdx %016llx rsi %016llx rdi %016llx",
		     f->rcx, f->rdx, f->rsi, f->rdi);
	}
	if (!all)
		klog(LOG_ERR, "some cores did not halt");
	publish_panic(c);
	cpu_halt_forever();
}

/* Claims the panic for this core; the loser of a race just halts. */
static void begin(struct cpu *c, const struct trap_frame *f)
{
	irq_disable();
	if (!first_panic_here(c))
		return;
	keep_regs(c, f);
	if (halt_claim(HALT_PANIC))
		return;
	slot_set_state(c, SLOT_HALTED);
	cpu_halt_forever();
}

void panic(const char *fmt, ...)
{
	struct trap_frame caller = {
		.rip = (u64)__builtin_return_address(0),
		.rbp = (u64)__builtin_frame_address(0),
		.rsp = (u64)__builtin_frame_address(0),
		.cs = 0x08,
		.ss = 0x10,
	};
	va_list ap;

	begin(this_cpu(), &caller);
	va_start(ap, fmt);
	ck_vformat(comm->panic_text, COK_PANIC_MAX, fmt, ap);
	va_end(ap);
	die(NULL);
}

void panic_frame(const struct trap_frame *f, const char *fmt, ...)
{
	va_list ap;

	begin(this_cpu(), f);
	va_start(ap, fmt);
	ck_vformat(comm->panic_text, COK_PANIC_MAX, fmt, ap);
	va_end(ap);
	die(f);
}

static const char *const exception_names[32] = {
	[0] = "divide error",	      [1] = "debug",
	[3] = "breakpoint",	      [4] = "overflow",
	[5] = "bound range",	      [6] = "invalid opcode",
	[7] = "device not available", [8] = "double fault",
	[10] = "invalid TSS",	      [11] = "segment not present",
	[12] = "stack fault",	      [13] = "general protection",
	[14] = "page fault",	      [16] = "x87 error",
	[17] = "alignment check",     [18] = "machine check",
	[19] = "SIMD error",	      [20] = "virtualization exception",
	[21] = "control protection",
};

/*
 * It ran into the hole below this core's stack: a #PF, or mostly a #DF, because
 * a #PF could not be delivered on that stack either.
 */
static bool is_stack_overflow(const struct trap_frame *f, u64 cr2)
{
	u64 bottom = this_cpu()->stack_top - STACK_MAIN_SIZE;

	return (f->vector == VEC_PF || f->vector == VEC_DF) && cr2 < bottom &&
	       cr2 >= bottom - FRAME_SIZE;
}

void panic_trap(const struct trap_frame *f)
{
	const char *name = exception_names[f->vector & 31];
	u64 cr2 = read_cr2();

	if (is_stack_overflow(f, cr2))
		panic_frame(f, "stack overflow (vector %llu) at rip 0x%llx",
			    f->vector, f->rip);
	if (f->vector == VEC_PF)
		panic_frame(f, "page fault (%s %s) at 0x%llx, rip 0x%llx",
			    f->error & 16  ? "fetch"
			    : f->error & 2 ? "write"
					   : "read",
			    f->error & 1 ? "denied" : "unmapped", cr2, f->rip);
	panic_frame(f, "%s (vector %llu), error 0x%llx, rip 0x%llx",
		    name ? name : "unknown exception", f->vector, f->error,
		    f->rip);
}

void park_all(const char *why)
{
	if (!halt_claim(HALT_PARK))
		return;
	ck_format(comm->panic_text, COK_PANIC_MAX, "%s", why);
	__atomic_store_n(&comm->ck_state, COK_CK_PARKED, __ATOMIC_RELEASE);
	halt_others(0);
}

void stop(void)
{
	struct cpu *c = this_cpu();

	irq_disable();
	if (!halt_claim(HALT_STOP))
		cpu_halt_forever();
	if (!halt_others(HALT_MS))
		klog(LOG_ERR, "some cores did not halt");
	klog(LOG_NOTICE, "stopped");
	slot_set_state(c, SLOT_HALTED);
	__atomic_store_n(&comm->ck_state, COK_CK_STOPPED, __ATOMIC_RELEASE);
	control_send_stopped();
	host_ring();
	cpu_halt_forever();
}
