// SPDX-License-Identifier: GPL-2.0
/* Exceptions and interrupts that come while a program runs, or for its memory. */
#include "mm.h"
#include "user.h"

#define PF_PRESENT 1
#define PF_WRITE   2
#define PF_USER	   4
#define PF_FETCH   16

#define PTE_P 1ULL

void user_trap_begin(struct trap_frame *f)
{
	struct cpu *c = this_cpu();

	/* A fault while copying leaves SMAP open; the copy's flags come back. */
	if (smap_on)
		__asm__ volatile("clac" : : : "memory");
	if (from_user(f)) {
		u64 now = rdtsc();

		c->stats->cycles_user += now - c->account_last;
		c->account_last = now;
	}
}

static u32 signal_of(u64 vector)
{
	switch (vector) {
	case 0:	 /* #DE */
	case 16: /* #MF */
	case 19: /* #XM */
		return SIGFPE;
	case 1: /* #DB */
	case 3: /* #BP */
		return SIGTRAP;
	case 6: /* #UD */
		return SIGILL;
	case 11: /* #NP */
	case 12: /* #SS */
	case 17: /* #AC */
		return SIGBUS;
	default:
		return SIGSEGV;
	}
}

static const char *what_of(const struct trap_frame *f)
{
	switch (f->vector) {
	case 0:
		return "divide error";
	case 1:
		return "debug exception";
	case 3:
		return "breakpoint";
	case 6:
		return "invalid opcode";
	case 13:
		return "general protection";
	case VEC_PF:
		return f->error & PF_FETCH   ? "page fault, fetch"
		       : f->error & PF_WRITE ? "page fault, write"
					     : "page fault, read";
	case 16:
	case 19:
		return "floating point error";
	default:
		return "exception";
	}
}

static void tell(const struct process *p, const struct trap_frame *f, u64 cr2)
{
	klog(LOG_NOTICE,
	     "program %u (%s): %s (vector %llu, error 0x%llx) at rip %016llx",
	     p->id, p->name, what_of(f), f->vector, f->error, f->rip);
	klog(LOG_NOTICE, "  rsp %016llx rflags %08llx cr2 %016llx rbp %016llx",
	     f->rsp, f->rflags, cr2, f->rbp);
	klog(LOG_NOTICE, "  rax %016llx rbx %016llx rcx %016llx rdx %016llx",
	     f->rax, f->rbx, f->rcx, f->rdx);
	klog(LOG_NOTICE, "  rsi %016llx rdi %016llx r8  %016llx r9  %016llx",
	     f->rsi, f->rdi, f->r8, f->r9);
	klog(LOG_NOTICE, "  r10 %016llx r11 %016llx r12 %016llx r13 %016llx",
	     f->r10, f->r11, f->r12, f->r13);
	klog(LOG_NOTICE, "  r14 %016llx r15 %016llx", f->r14, f->r15);
}

static u32 access_of(const struct trap_frame *f)
{
	if (f->error & PF_FETCH)
		return AREA_X;
	return f->error & PF_WRITE ? AREA_W : AREA_R;
}

/* Memory that has only to be put in. Interrupts on: it may wait for a lock. */
static enum space_fault resolve(const struct trap_frame *f, u64 cr2)
{
	struct process *p = this_process();
	enum space_fault how;

	if (!p || !user_range(cr2, 1))
		return FAULT_BAD;
	irq_enable();
	how = space_fault(p, cr2, access_of(f));
	irq_disable();
	return how;
}

static bool exception_of_program(struct trap_frame *f)
{
	struct process *p = this_process();
	enum space_fault how = FAULT_BAD;
	u64 cr2 = read_cr2();

	/* Not PF_USER: the processor itself, for the program: not its memory. */
	if (f->vector == VEC_PF && f->error & PF_USER)
		how = resolve(f, cr2);
	if (how == FAULT_DONE)
		return true;
	irq_enable();
	if (how == FAULT_NO_MEMORY) {
		klog(LOG_WARN, "program %u (%s): out of memory, %llu pages",
		     p->id, p->name, p->pages);
		process_exit_signal(SIGKILL);
	}
	tell(p, f, f->vector == VEC_PF ? cr2 : 0);
	process_exit_signal(signal_of(f->vector));
}

/* A top-level entry that the kernel made after the process: copied now. */
static bool fetch_kernel_entry(u64 addr)
{
	struct process *p = this_process();
	u64 i = addr >> 39 & 511;
	u64 *own, *kernel = phys_to_virt(kernel_cr3);

	if (!p || !p->cr3 || addr < DIRECT_VBASE || !(kernel[i] & PTE_P))
		return false;
	own = phys_to_virt(p->cr3);
	if (own[i] & PTE_P)
		return false;
	own[i] = kernel[i];
	return true;
}

bool user_exception(struct trap_frame *f)
{
	u64 cr2 = read_cr2();

	if (from_user(f))
		return exception_of_program(f);
	if (f->vector == VEC_PF && fetch_kernel_entry(cr2))
		return true;
	if (f->rip != (u64)user_copy_at || f->vector != VEC_PF ||
	    !user_range(cr2, 1))
		return false;
	if (resolve(f, cr2) != FAULT_DONE)
		f->rip = (u64)user_copy_out;
	return true;
}

/* Interrupts are off, and stay off to the IRET. */
void user_return(struct trap_frame *f)
{
	struct cpu *c = this_cpu();
	u64 now;

	while (process_pending(this_process())) {
		irq_enable();
		process_check(this_process());
		irq_disable();
	}
	if (!user_range(f->rip, 1)) {
		irq_enable();
		process_exit_signal(SIGSEGV);
	}
	now = rdtsc();
	c->stats->cycles_kernel += now - c->account_last;
	c->account_last = now;
}
