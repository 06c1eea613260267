// sources: module/core/freq.c libcoord/freq.c libcoord/err.c
// SPDX-License-Identifier: GPL-2.0
/*
 * Frequency requests: which register is the one, and what it says in words. The
 * values are made up by the manuals' tables; no machine was asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "coord.h"
#include "core/freq.h"

#define HWP    0x80002a08
#define PERF   0x1800
#define CPPC   0x40100cff
#define PSTATE 2

/* A CPU whose registers hold these; where `fault` has the bit, reading faults. */
struct fake {
	__u64 hwp, perf, cppc, pstate;
	__u32 fault;
};

static int read_fake(void *arg, __u32 msr, __u64 *value)
{
	const struct fake *f = arg;
	const __u64 held[] = { f->hwp, f->perf, f->cppc, f->pstate };
	const __u32 of[] = { COK_MSR_HWP_REQUEST, COK_MSR_PERF_CTL,
			     COK_MSR_CPPC_REQ, COK_MSR_PSTATE_CTL };
	int i;

	for (i = 0; of[i] != msr; i++)
		assert_true(i < 3);
	*value = held[i];
	return f->fault >> i & 1 ? -EIO : 0;
}

static void the_one_in_force(void **state)
{
	static const struct {
		bool hwp, est, cppc, pstate; /* as CPUID says */
		struct fake held;
		__u32 msr;
		__u64 value;
	} t[] = {
		/* An emulator: nothing. */
		{ 0, 0, 0, 0, { HWP, PERF, CPPC, PSTATE }, 0, 0 },
		/* Intel. HWP switched off faults, and the older means counts. */
		{ 1, 1, 0, 0, { HWP, PERF }, COK_MSR_HWP_REQUEST, HWP },
		{ 1, 1, 0, 0, { HWP, PERF, .fault = 1 }, COK_MSR_PERF_CTL, PERF },
		{ 0, 1, 0, 0, { HWP, PERF }, COK_MSR_PERF_CTL, PERF },
		{ 0, 1, 0, 0, { HWP, 0 }, 0, 0 },
		{ 1, 1, 0, 0, { HWP, PERF, .fault = 3 }, 0, 0 },
		/* AMD. P0 is a request like the others. */
		{ 0,
		  0,
		  1,
		  1,
		  { .cppc = CPPC, .pstate = PSTATE },
		  COK_MSR_CPPC_REQ,
		  CPPC },
		{ 0,
		  0,
		  1,
		  1,
		  { .cppc = 0, .pstate = PSTATE },
		  COK_MSR_PSTATE_CTL,
		  PSTATE },
		{ 0, 0, 0, 1, { .pstate = 0 }, COK_MSR_PSTATE_CTL, 0 },
		{ 0, 0, 0, 1, { .pstate = 1, .fault = 8 }, 0, 0 },
	};
	struct cok_freq got;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(*t); i++) {
		struct fake held = t[i].held;
		const struct cok_freq_cpu cpu = {
			.hwp = t[i].hwp,
			.est = t[i].est,
			.cppc = t[i].cppc,
			.pstate = t[i].pstate,
			.read = read_fake,
			.arg = &held,
		};

		cok_freq_find(&cpu, &got);
		assert_int_equal(got.msr, t[i].msr);
		assert_int_equal(got.value, t[i].value);
	}
}

static void in_words(void **state)
{
	static const struct {
		uint32_t msr;
		uint64_t value;
		const char *reg, *text;
	} t[] = {
		{ 0, 0, "?", "none" },
		{ 0, 7, "?", "none" },
		{ COK_MSR_HWP_REQUEST, HWP, "IA32_HWP_REQUEST",
		  "IA32_HWP_REQUEST min 8 max 42 energy preference 128" },
		{ COK_MSR_HWP_REQUEST, 0xff1e2a08, "IA32_HWP_REQUEST",
		  "IA32_HWP_REQUEST min 8 max 42 desired 30 energy preference 255" },
		{ COK_MSR_PERF_CTL, PERF, "IA32_PERF_CTL",
		  "IA32_PERF_CTL ratio 24" },
		{ COK_MSR_PERF_CTL, 0x100000800, "IA32_PERF_CTL",
		  "IA32_PERF_CTL ratio 8 no turbo" },
		/* The other way round than Intel's. */
		{ COK_MSR_CPPC_REQ, CPPC, "CPPC_REQ",
		  "CPPC_REQ min 12 max 255 desired 16 energy preference 64" },
		{ COK_MSR_PSTATE_CTL, 0, "PSTATE_CTL", "PSTATE_CTL P0" },
		{ COK_MSR_PSTATE_CTL, ~0ULL, "PSTATE_CTL", "PSTATE_CTL P7" },
		{ 0x1234, ~0ULL, "?", "MSR 0x1234 value 0xffffffffffffffff" },
	};
	char buf[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(*t); i++) {
		assert_string_equal(coord_freq_register(t[i].msr), t[i].reg);
		assert_ptr_equal(coord_freq_text(t[i].msr, t[i].value, buf,
						 sizeof(buf)),
				 buf);
		assert_string_equal(buf, t[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_one_in_force),
		cmocka_unit_test(in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
