/* SPDX-License-Identifier: GPL-2.0 */
/* The processor's instructions, and the bits that go with them. */
#ifndef CK_CPU_H
#define CK_CPU_H

#include "types.h"

#define CR0_MP	    (1ULL << 1)
#define CR0_EM	    (1ULL << 2)
#define CR0_TS	    (1ULL << 3)
#define CR0_NE	    (1ULL << 5)
#define CR0_WP	    (1ULL << 16)
#define CR0_AM	    (1ULL << 18)
#define CR4_MCE	    (1ULL << 6)
#define CR4_OSFXSR  (1ULL << 9)
#define CR4_OSXMM   (1ULL << 10)
#define CR4_UMIP    (1ULL << 11)
#define CR4_OSXSAVE (1ULL << 18)
#define CR4_SMEP    (1ULL << 20)
#define CR4_SMAP    (1ULL << 21)
#define EFER_SCE    (1ULL << 0)
#define EFER_NXE    (1ULL << 11)
#define RFLAGS_TF   (1ULL << 8)
#define RFLAGS_IF   (1ULL << 9)
#define RFLAGS_DF   (1ULL << 10)
#define RFLAGS_NT   (1ULL << 14)
#define RFLAGS_AC   (1ULL << 18)

#define MSR_APIC_BASE  0x1b
#define MSR_MCG_CAP    0x179
#define MSR_MCG_STATUS 0x17a
#define MSR_MC0_STATUS 0x401
#define MSR_X2APIC     0x800
#define MSR_EFER       0xc0000080
#define MSR_STAR       0xc0000081
#define MSR_LSTAR      0xc0000082
#define MSR_FMASK      0xc0000084
#define MSR_FS_BASE    0xc0000100
#define MSR_GS_BASE    0xc0000101
#define MSR_GS_SWAP    0xc0000102 /* SWAPGS exchanges it with the one above */

#define APIC_BASE_X2APIC  (1ULL << 10)
#define APIC_BASE_ENABLE  (1ULL << 11)
#define APIC_BASE_MODE	  (APIC_BASE_ENABLE | APIC_BASE_X2APIC)
#define APIC_BASE_ADDRESS (~0xfffULL)

struct cpuid {
	u32 a, b, c, d;
};

static inline struct cpuid cpuid(u32 leaf)
{
	struct cpuid r;

	__asm__ volatile("cpuid"
			 : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
			 : "a"(leaf), "c"(0));
	return r;
}

static inline u64 rdmsr(u32 msr)
{
	u32 lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr) : "memory");
	return (u64)hi << 32 | lo;
}

static inline void wrmsr(u32 msr, u64 v)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(msr), "a"((u32)v), "d"((u32)(v >> 32))
			 : "memory");
}

static inline u64 rdtsc(void)
{
	u32 lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (u64)hi << 32 | lo;
}

#define CPU_CR(n) \
	static inline u64 read_cr##n(void) \
	{ \
		u64 v; \
\
		__asm__ volatile("mov %%cr" #n ", %0" : "=r"(v) : : "memory"); \
		return v; \
	} \
	static inline void write_cr##n(u64 v) \
	{ \
		__asm__ volatile("mov %0, %%cr" #n : : "r"(v) : "memory"); \
	}

CPU_CR(0)
CPU_CR(2)
CPU_CR(3)
CPU_CR(4)

static inline void cpu_pause(void)
{
	__asm__ volatile("pause" : : : "memory");
}

static inline void irq_disable(void)
{
	__asm__ volatile("cli" : : : "memory");
}

static inline void irq_enable(void)
{
	__asm__ volatile("sti" : : : "memory");
}

/* STI takes effect after the next instruction: no wake-up is lost between. */
static inline void irq_enable_and_halt(void)
{
	__asm__ volatile("sti; hlt" : : : "memory");
}

static inline u64 irq_save(void)
{
	u64 flags;

	__asm__ volatile("pushfq; popq %0; cli" : "=r"(flags) : : "memory");
	return flags;
}

static inline void irq_restore(u64 flags)
{
	if (flags & RFLAGS_IF)
		irq_enable();
}

#endif /* CK_CPU_H */
