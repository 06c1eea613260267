// SPDX-License-Identifier: GPL-2.0
/*
 * What a core needs before it may go to ring 3: SYSCALL (SDM vol. 3, 5.8.8) and
 * a clean FPU and vector state (vol. 1, 13). The kernel itself uses neither.
 */
#include "string.h"
#include "user.h"

#define XCR0_X87_SSE 3ULL
#define XCR0_AVX     (1ULL << 2)
#define XCR0_AVX512  (7ULL << 5)

#define FCW_RESET   0x37f
#define MXCSR_RESET 0x1f80

/*
 * For both FXRSTOR and XRSTOR: all else is zero, which in the XSAVE header
 * means "in its initial state".
 */
static struct {
	u16 fcw;
	u8 pad0[22];
	u32 mxcsr;
	u8 pad1[4096 - 28];
} __attribute__((aligned(64))) reset_state = {
	.fcw = FCW_RESET,
	.mxcsr = MXCSR_RESET,
};

_Static_assert(offsetof(typeof(reset_state), mxcsr) == 24, "FXSAVE area");

static void xsetbv(u64 v)
{
	__asm__ volatile("xsetbv" : : "c"(0), "a"((u32)v), "d"((u32)(v >> 32)));
}

/* AVX-512's three come together or not at all; no states that need more. */
static u64 xcr0_wanted(void)
{
	struct cpuid f = cpuid(0xd);
	u64 has = f.a, want = XCR0_X87_SSE | (has & XCR0_AVX);

	if (has & XCR0_AVX && (has & XCR0_AVX512) == XCR0_AVX512)
		want |= XCR0_AVX512;
	return want;
}

static void vectors_init(void)
{
	bool xsave = cpuid(1).c & 1u << 26;
	u64 all = ~0ULL;

	write_cr0((read_cr0() & ~(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE | CR0_AM);
	write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMM |
		  (xsave ? CR4_OSXSAVE : 0));
	__asm__ volatile("fninit");
	if (!xsave) {
		__asm__ volatile("fxrstorq %0" : : "m"(reset_state));
		return;
	}
	xsetbv(xcr0_wanted());
	__asm__ volatile("xrstorq %0"
			 :
			 : "m"(reset_state), "a"((u32)all), "d"((u32)all));
}

void user_cpu_init(void)
{
	smap_on = read_cr4() & CR4_SMAP;
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
	/* SYSCALL: CS 0x08, SS 0x10. SYSRET: SS 0x20 + 8, CS 0x20 + 16. */
	wrmsr(MSR_STAR, 0x08ULL << 32 | 0x23ULL << 48);
	wrmsr(MSR_LSTAR, (u64)syscall_entry);
	wrmsr(MSR_FMASK,
	      RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_NT | RFLAGS_AC);
	vectors_init();
}
