// SPDX-License-Identifier: GPL-2.0
/*
 * NMIs. In this order: the host wants our registers; another core ended the
 * enclave; core 0 wakes this drained core; nobody announced it, which means
 * that the host has crashed. All but waking end in halt_forever, by way of
 * IRET, so that a later probe still gets through.
 */
#include "kernel.h"

void regs_save(struct cok_regs *r, const struct trap_frame *f)
{
	r->vector = f->vector;
	r->error = f->error;
	r->rip = f->rip;
	r->cs = f->cs;
	r->rflags = f->rflags;
	r->rsp = f->rsp;
	r->ss = f->ss;
	r->rax = f->rax;
	r->rbx = f->rbx;
	r->rcx = f->rcx;
	r->rdx = f->rdx;
	r->rsi = f->rsi;
	r->rdi = f->rdi;
	r->rbp = f->rbp;
	r->r8 = f->r8;
	r->r9 = f->r9;
	r->r10 = f->r10;
	r->r11 = f->r11;
	r->r12 = f->r12;
	r->r13 = f->r13;
	r->r14 = f->r14;
	r->r15 = f->r15;
	r->cr0 = read_cr0();
	r->cr2 = read_cr2();
	r->cr3 = read_cr3();
	r->cr4 = read_cr4();
}

void trap_return_to_halt(struct trap_frame *f)
{
	struct cpu *c = this_cpu();

	slot_set_state(c, SLOT_HALTED);
	f->rip = (u64)halt_forever;
	f->cs = 0x08; /* it may have been in ring 3 */
	f->ss = 0x10;
	f->rsp = c->stack_top;
	f->rflags &= ~RFLAGS_IF;
}

static void answer_probe(struct cpu *c, struct trap_frame *f, u64 probe)
{
	/* After a panic the registers of interest are those of the panic. */
	if (!c->regs_kept)
		regs_save(&c->stats->regs, f);
	__atomic_store_n(&c->stats->regs.seq, probe, __ATOMIC_RELEASE);
	trap_return_to_halt(f);
}

static void halted_by_another(struct cpu *c, struct trap_frame *f)
{
	if (halt_reason == HALT_PANIC && !c->regs_kept) {
		c->regs_kept = true;
		regs_save(&c->stats->regs, f);
		__atomic_store_n(&c->stats->regs.seq, 1, __ATOMIC_RELEASE);
	}
	trap_return_to_halt(f);
}

static void host_crashed(struct trap_frame *f)
{
	park_all("an NMI that nobody announced");
	trap_return_to_halt(f);
}

void trap_nmi(struct trap_frame *f)
{
	struct cpu *c = this_cpu();
	u64 probe = __atomic_load_n(&comm->probe, __ATOMIC_ACQUIRE);

	c->stats->nmis++;
	if (probe) {
		answer_probe(c, f, probe);
	} else if (slot_state(c) == SLOT_HALTED) {
		return; /* nothing left to stop */
	} else if (__atomic_load_n(&halt_reason, __ATOMIC_ACQUIRE)) {
		halted_by_another(c, f);
	} else if (__atomic_exchange_n(&c->wake_sent, false,
				       __ATOMIC_ACQ_REL)) {
		c->woken = true;
		if (f->rip >= (u64)drain_wait && f->rip < (u64)drain_out)
			f->rip = (u64)drain_out;
	} else {
		host_crashed(f);
	}
}
