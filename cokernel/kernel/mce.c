// SPDX-License-Identifier: GPL-2.0
/*
 * Machine checks. Intel's are broadcast, so this may well be one of the host's.
 * The banks are read and left alone: some are shared with the host's cores,
 * and those of our own core it finds, logs and clears when the core comes home.
 * Not verified on hardware; QEMU's monitor can inject them.
 */
#include "kernel.h"
#include "mca.h"

struct mc_error {
	u32 bank;
	u64 status;
};

static bool find_fatal(u64 global, struct mc_error *error)
{
	u64 cap = rdmsr(MSR_MCG_CAP);

	for (u32 i = 0; i < mca_banks(cap); i++) {
		*error = (struct mc_error){ i, rdmsr(MSR_MC0_STATUS + 4 * i) };
		if (mca_fatal(cap, global, error->status))
			return true;
	}
	return false;
}

void trap_mce(struct trap_frame *f)
{
	struct mc_error error;
	u64 global;
	bool fatal;

	this_cpu()->stats->mces++;
	if (!(cpuid(1).d & 1u << 14))
		panic_trap(f);
	global = rdmsr(MSR_MCG_STATUS);
	fatal = find_fatal(global, &error);
	wrmsr(MSR_MCG_STATUS, 0); /* a second one with MCIP set shuts down */
	if (fatal)
		panic_frame(f,
			    "machine check, bank %u status 0x%llx, rip 0x%llx",
			    error.bank, error.status, f->rip);
	if (!(global & MCG_STATUS_RIPV))
		panic_frame(f, "machine check, can't go on at rip 0x%llx",
			    f->rip);
}
