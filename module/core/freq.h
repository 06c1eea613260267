/* SPDX-License-Identifier: GPL-2.0 */
/* Which register asks for a core's frequency. */
#ifndef COK_CORE_FREQ_H
#define COK_CORE_FREQ_H

#include "pure.h"

/*
 * Intel SDM vol. 3, "Power and Thermal Management": IA32_HWP_REQUEST faults
 * unless the hardware-controlled P-states have been enabled, and IA32_PERF_CTL
 * is ignored once they have. AMD APM vol. 2, "Power Management": likewise a
 * CPPC request, and the P-state control register. All are per thread.
 */
#define COK_MSR_PERF_CTL    0x00000199
#define COK_MSR_HWP_REQUEST 0x00000774
#define COK_MSR_PSTATE_CTL  0xc0010062
#define COK_MSR_CPPC_REQ    0xc00102b3

/* A request: what to write where. msr 0: there is none. */
struct cok_freq {
	__u32 msr;
	__u64 value;
};

/* What CPUID tells, and a way to read an MSR of the core: 0 or -errno. */
struct cok_freq_cpu {
	bool hwp, est, cppc, pstate;
	int (*read)(void *arg, __u32 msr, __u64 *value);
	void *arg;
};

/* The one request that is in force on that core, if any. */
void cok_freq_find(const struct cok_freq_cpu *cpu, struct cok_freq *out);

#endif /* COK_CORE_FREQ_H */
