// SPDX-License-Identifier: GPL-2.0
/*
 * Machine checks (SDM vol. 3, chapter 15). Not verified on hardware; QEMU's
 * monitor can inject them.
 */
#include "kernel.h"

#define MCG_STATUS_RIPV (1ULL << 0) /* the interrupted code can go on */
#define MCI_STATUS_VAL	(1ULL << 63)
#define MCI_STATUS_PCC	(1ULL << 57) /* processor context corrupt */

/* Clears the banks; the status of one with a corrupt context, or 0. */
static u64 clear_banks(void)
{
	u32 banks = rdmsr(MSR_MCG_CAP) & 0xff;
	u64 fatal = 0;

	for (u32 i = 0; i < banks; i++) {
		u64 status = rdmsr(MSR_MC0_STATUS + 4 * i);

		if (!(status & MCI_STATUS_VAL))
			continue;
		if (status & MCI_STATUS_PCC)
			fatal = status;
		wrmsr(MSR_MC0_STATUS + 4 * i, 0);
	}
	return fatal;
}

void trap_mce(struct trap_frame *f)
{
	bool has_mca = cpuid(1).d & 1u << 14;
	u64 global = has_mca ? rdmsr(MSR_MCG_STATUS) : 0;
	u64 fatal = has_mca ? clear_banks() : 0;

	this_cpu()->stats->mces++;
	if (!has_mca || !(global & MCG_STATUS_RIPV) || fatal) {
		if (has_mca) /* a second one with MCIP set would shut down */
			wrmsr(MSR_MCG_STATUS, 0);
		panic_trap(f);
	}
	wrmsr(MSR_MCG_STATUS, 0);
}
