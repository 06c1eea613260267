// SPDX-License-Identifier: GPL-2.0
/*
 * Segments: 0x08 code, 0x10 data, 0x18 the core's TSS (two entries); for ring 3,
 * in the order that SYSRET wants, 0x28 data, 0x30 code.
 */
#include "kernel.h"
#include "mm.h"
#include "string.h"

extern char emergency_stack_top[]; /* entry.S */

/* IST numbers, used by idt.c: 1 #DF, 2 NMI, 3 #MC. */
void gdt_prepare(struct cpu *c)
{
	u64 tss = (u64)&c->tss;

	memset(&c->tss, 0, sizeof(c->tss));
	c->tss.iomap = sizeof(c->tss);
	for (size_t i = 0; i < ARRAY_SIZE(c->tss.ist); i++)
		c->tss.ist[i] = (u64)emergency_stack_top;
	c->gdt[0] = 0;
	c->gdt[1] = 0x00af9b000000ffff;
	c->gdt[2] = 0x00cf93000000ffff;
	/* Written anew each time, because LTR marks the descriptor busy. */
	c->gdt[3] = (sizeof(c->tss) - 1) | (tss & 0xffffff) << 16 |
		    0x89ULL << 40 | (tss >> 24 & 0xff) << 56;
	c->gdt[4] = tss >> 32;
	c->gdt[5] = 0x00cff3000000ffff;
	c->gdt[6] = 0x00affb000000ffff;
	c->gdt_ptr.limit = sizeof(c->gdt) - 1;
	c->gdt_ptr.base = (u64)c->gdt;
	c->self = c;
	c->stack_top = stacks_base(c->slot) + STACK_MAIN_TOP;
}

void gdt_use_guarded_stacks(struct cpu *c)
{
	u64 base = stacks_base(c->slot);

	c->tss.ist[0] = base + STACK_DF_TOP;
	c->tss.ist[1] = base + STACK_NMI_TOP;
	c->tss.ist[2] = base + STACK_MC_TOP;
}
