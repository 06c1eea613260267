// SPDX-License-Identifier: GPL-2.0
#include "freq.h"

void cok_freq_find(const struct cok_freq_cpu *cpu, struct cok_freq *out)
{
	/*
	 * The newer means first: with it on, the older does nothing. 0 in any
	 * but the last means that nobody uses it; there it is the fastest state.
	 */
	const struct {
		bool there;
		__u32 msr;
		bool zero_counts;
	} way[] = {
		{ cpu->hwp, COK_MSR_HWP_REQUEST, false },
		{ cpu->est, COK_MSR_PERF_CTL, false },
		{ cpu->cppc, COK_MSR_CPPC_REQ, false },
		{ cpu->pstate, COK_MSR_PSTATE_CTL, true },
	};
	size_t i;

	for (i = 0; i < sizeof(way) / sizeof(*way); i++) {
		__u64 value;

		if (!way[i].there || cpu->read(cpu->arg, way[i].msr, &value))
			continue;
		if (!value && !way[i].zero_counts)
			continue;
		out->msr = way[i].msr;
		out->value = value;
		return;
	}
	out->msr = 0;
	out->value = 0;
}
