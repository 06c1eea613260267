/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The core that a co-kernel of these tests runs on: its local APIC, and sleep
 * that an interrupt ends. `boot` is the includer's. It stays on the host's page
 * tables and exception handlers.
 */
#ifndef ROGUE_MACHINE_H
#define ROGUE_MACHINE_H

#include <cok/boot.h>

static const struct cok_boot *boot;

/* ---- the local APIC, in the host's mode -------------------------------- */

#define MSR_APIC_BASE 0x1b
#define MSR_X2APIC    0x800

static inline __u64 rdmsr(__u32 msr)
{
	__u32 low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (__u64)high << 32 | low;
}

static void wrmsr(__u32 msr, __u64 v)
{
	__asm__ volatile("mfence; lfence; wrmsr"
			 :
			 : "c"(msr), "a"((__u32)v), "d"((__u32)(v >> 32))
			 : "memory");
}

/* The interrupt handler calls it: clang wants every register kept. */
__attribute__((no_caller_saved_registers)) static void apic_write(__u32 reg,
								  __u32 v)
{
	if (boot->apic_mode == COK_APIC_X2APIC)
		wrmsr(MSR_X2APIC + reg / 16, v);
	else
		*(volatile __u32 *)(boot->apic_base + reg) = v;
}

static void apic_send(__u32 id, __u32 vector)
{
	const __u32 low = vector | 1 << 14;

	if (boot->apic_mode == COK_APIC_X2APIC) {
		wrmsr(MSR_X2APIC + 0x30, (__u64)id << 32 | low);
	} else {
		apic_write(0x310, id << 24);
		apic_write(0x300, low);
	}
}

/* ---- sleep ------------------------------------------------------------- */

#define TIMER 0x40

static int awake; /* its timer is not to be relied on */

struct frame {
	__u64 rip, cs, rflags, rsp, ss;
};

__attribute__((interrupt)) static void interrupt(struct frame *frame)
{
	(void)frame;
	apic_write(0xb0, 0); /* EOI */
}

struct table {
	__u16 limit;
	__u64 base;
} __attribute__((packed));

/* The host's gates for exceptions, and one that ends any interrupt. */
static void open_interrupts(void)
{
	static __u64 idt[2 * 256];
	const __u64 to = (__u64)interrupt;
	struct table t;

	__asm__ volatile("sidt %0" : "=m"(t));
	for (__u32 i = 0; i < (t.limit + 1u) / 8; i++)
		idt[i] = ((__u64 *)t.base)[i];
	for (int v = 32; v < 256; v++) {
		idt[2 * v] = (to & 0xffff) | 0x8e0000080000 |
			     (to >> 16 & 0xffff) << 48;
		idt[2 * v + 1] = to >> 32;
	}
	t = (struct table){ sizeof(idt) - 1, (__u64)idt };
	__asm__ volatile("lidt %0" : : "m"(t));
	apic_write(0xf0, 0x1ff);  /* on */
	apic_write(0x3e0, 0xb);	  /* by 1 */
	apic_write(0x320, TIMER); /* once */
}

/* About a millisecond, or until the host rings. */
static void nap(void)
{
	if (awake) {
		__builtin_ia32_pause();
		return;
	}
	apic_write(0x380, 1000000);
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}

#endif /* ROGUE_MACHINE_H */
