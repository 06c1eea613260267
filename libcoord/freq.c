// SPDX-License-Identifier: GPL-2.0
/*
 * Frequency requests in words. Fields: Intel SDM vol. 3, "IA32_HWP_REQUEST" and
 * "IA32_PERF_CTL"; AMD PPR, "CPPC_REQ" and "P-state Control".
 */
#include <inttypes.h>
#include <stdio.h>

#include "internal.h"

#define PERF_CTL    0x00000199
#define HWP_REQUEST 0x00000774
#define PSTATE_CTL  0xc0010062
#define CPPC_REQ    0xc00102b3

const char *coord_freq_register(uint32_t msr)
{
	switch (msr) {
	case PERF_CTL:
		return "IA32_PERF_CTL";
	case HWP_REQUEST:
		return "IA32_HWP_REQUEST";
	case PSTATE_CTL:
		return "PSTATE_CTL";
	case CPPC_REQ:
		return "CPPC_REQ";
	default:
		return "?";
	}
}

static unsigned int byte(uint64_t value, int nr)
{
	return value >> 8 * nr & 0xff;
}

/* Levels of performance, of which the hardware chooses; desired 0: freely. */
static void levels(unsigned int min, unsigned int max, uint64_t value,
		   char *buf, size_t len)
{
	lc_append(buf, len, "min %u max %u", min, max);
	if (byte(value, 2))
		lc_append(buf, len, " desired %u", byte(value, 2));
	lc_append(buf, len, " energy preference %u", byte(value, 3));
}

char *coord_freq_text(uint32_t msr, uint64_t value, char *buf, size_t len)
{
	snprintf(buf, len, "%s ", msr ? coord_freq_register(msr) : "none");
	switch (msr) {
	case 0:
		snprintf(buf, len, "none");
		break;
	case PERF_CTL:
		/* As Linux writes it: the ratio in bits 15:8. */
		lc_append(buf, len, "ratio %u%s", byte(value, 1),
			  value >> 32 & 1 ? " no turbo" : "");
		break;
	case HWP_REQUEST:
		levels(byte(value, 0), byte(value, 1), value, buf, len);
		break;
	case CPPC_REQ:
		levels(byte(value, 1), byte(value, 0), value, buf, len);
		break;
	case PSTATE_CTL:
		lc_append(buf, len, "P%u", (unsigned int)(value & 7));
		break;
	default:
		snprintf(buf, len, "MSR 0x%" PRIx32 " value 0x%" PRIx64, msr,
			 value);
		break;
	}
	return buf;
}
