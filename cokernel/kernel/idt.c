// SPDX-License-Identifier: GPL-2.0
/* One IDT for all cores, all 256 vectors; interrupt gates, so IF = 0 inside. */
#include "kernel.h"

struct gate {
	u16 offset_low, selector, flags, offset_mid;
	u32 offset_high, reserved;
};

static struct gate idt[256] __attribute__((aligned(4096)));
struct table_ptr idt_ptr = { sizeof(idt) - 1, (u64)idt };

extern char trap_stubs[]; /* traps.S */
#define STUB_SIZE 16

static u16 ist_of(int vector)
{
	switch (vector) {
	case VEC_DF:
		return 1;
	case VEC_NMI:
		return 2;
	case VEC_MC:
		return 3;
	default:
		return 0;
	}
}

/* INT3 and INTO may be executed in ring 3; no other INT may. */
static u16 dpl_of(int vector)
{
	return vector == 3 || vector == 4 ? 3 << 13 : 0;
}

void idt_init(void)
{
	for (int v = 0; v < 256; v++) {
		u64 stub = (u64)trap_stubs + (u64)v * STUB_SIZE;

		idt[v] = (struct gate){
			.offset_low = (u16)stub,
			.selector = 0x08,
			/* Present, interrupt gate. */
			.flags = 0x8e00 | ist_of(v) | dpl_of(v),
			.offset_mid = (u16)(stub >> 16),
			.offset_high = (u32)(stub >> 32),
		};
	}
	idt_load();
}

void idt_load(void)
{
	__asm__ volatile("lidt %0" : : "m"(idt_ptr));
}
