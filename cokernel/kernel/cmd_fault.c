// SPDX-License-Identifier: GPL-2.0
/* panic, fault: every way to go wrong that must end in a panic, not a reset. */
#include "commands.h"
#include "format.h"
#include "mm.h"
#include "string.h"

void cmd_panic(int argc, char **argv)
{
	char text[128] = "";
	size_t n = 0;

	for (int i = 1; i < argc; i++)
		n += ck_format(text + n, sizeof(text) - n, "%s%s",
			       i > 1 ? " " : "", argv[i]);
	panic("%s", n ? text : "asked for on the console");
}

static void fault_ud(void)
{
	__asm__ volatile("ud2");
}

static void fault_pf(void)
{
	*(volatile u64 *)0x123456789000 = 1;
}

static void fault_gp(void)
{
	*(volatile u64 *)0x8000000000000000 = 1; /* not canonical */
}

static u64 recurse(volatile u64 *above)
{
	volatile u64 here[64];

	here[0] = *above + 1;
	return above[0] == ~0ULL ? 0 : recurse(here) + here[0];
}

static void fault_stack(void)
{
	volatile u64 start = 0;

	recurse(&start);
}

static void fault_de(void)
{
	__asm__ volatile("xorl %%edx, %%edx; xorl %%ecx, %%ecx; divl %%ecx"
			 :
			 :
			 : "eax", "ecx", "edx");
}

/* #UD can't be delivered without a stack, nor can the #PF that follows. */
static void fault_df(void)
{
	__asm__ volatile("movq $0x123456789000, %%rsp; ud2" : : : "memory");
}

static void fault_nullcall(void)
{
	void (*volatile fn)(void) = NULL;

	fn();
}

static void fault_wp(void)
{
	*(volatile u8 *)__text_start = 0;
}

static void fault_nx(void)
{
	static u8 code[] = { 0xc3 }; /* RET */
	void (*volatile fn)(void) = (void (*)(void))code;

	fn();
}

static const struct {
	const char *name;
	void (*run)(void);
} faults[] = {
	{ "ud", fault_ud },
	{ "pf", fault_pf },
	{ "gp", fault_gp },
	{ "stack", fault_stack },
	{ "de", fault_de },
	{ "df", fault_df },
	{ "wp", fault_wp },
	{ "nx", fault_nx },
	{ "nullcall", fault_nullcall },
};

static void fault_job(u64 i)
{
	faults[i].run();
	klog(LOG_ERR, "fault: nothing happened");
}

void cmd_fault(int argc, char **argv)
{
	struct cpu *c = argc > 2 ? arg_core(argc, argv, 2) : &cpus[0];

	if (!c)
		return;
	for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(faults); i++)
		if (!strcmp(argv[1], faults[i].name)) {
			if (!smp_post(c, fault_job, i))
				out("fault: core %u is busy", c->slot);
			return;
		}
	out("usage: fault ud|pf|gp|stack|de|df|nullcall|wp|nx [SLOT]");
}
