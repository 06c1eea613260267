// SPDX-License-Identifier: GPL-2.0
/*
 * crash KIND: dies of it, if whatever runs it is right. crash list: the kinds.
 * One that comes back says so and ends with 0.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define KERNEL_IMAGE  0xffffffff80000000UL
#define KERNEL_DIRECT 0xffff800000100000UL
#define CHANNEL	      0xffffff0000000000UL
#define NON_CANONICAL 0x800000000000UL
#define TOP_PAGE      0x7fffffffe000UL

static void read_at(uint64_t at)
{
	__asm__ volatile("movq (%0), %%rax" : : "r"(at) : "rax", "memory");
}

static void write_at(uint64_t at)
{
	__asm__ volatile("movq $1, (%0)" : : "r"(at) : "memory");
}

static void jump_to(uint64_t at)
{
	__asm__ volatile("jmp *%0" : : "r"(at));
}

static void null_read(void)
{
	read_at(8);
}

static void null_call(void)
{
	jump_to(0);
}

static void kernel_read(void)
{
	read_at(KERNEL_IMAGE);
}

static void kernel_write(void)
{
	write_at(KERNEL_IMAGE + 0x1000);
}

static void kernel_jump(void)
{
	jump_to(KERNEL_IMAGE);
}

static void direct_write(void)
{
	write_at(KERNEL_DIRECT);
}

static void channel_write(void)
{
	write_at(CHANNEL);
}

static void far_read(void)
{
	read_at(NON_CANONICAL);
}

static void far_jump(void)
{
	jump_to(NON_CANONICAL);
}

static void text_write(void)
{
	write_at((uint64_t)text_write);
}

static void data_jump(void)
{
	static uint8_t ret_insn[16] = { 0xc3 };

	jump_to((uint64_t)ret_insn);
}

static int (*volatile again)(int n);

static int overflow(int n)
{
	volatile char big[4096];

	big[0] = (char)n;
	return again(n + 1) + big[0];
}

static void stack(void)
{
	again = overflow;
	overflow(0);
}

static void divide(void)
{
	__asm__ volatile("xorl %%ecx, %%ecx; divl %%ecx"
			 :
			 :
			 : "eax", "ecx", "edx");
}

static void simd(void)
{
	uint32_t mxcsr = 0x1d80; /* divisions by zero are not masked */
	float one = 1, zero = 0;

	__asm__ volatile("ldmxcsr %0; divss %2, %1"
			 :
			 : "m"(mxcsr), "x"(one), "x"(zero));
}

static void step(void)
{
	__asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq; nop" ::
				 : "memory");
}

static void align_check(void)
{
	__asm__ volatile("pushfq; orq $0x40000, (%%rsp); popfq;"
			 "movq 1(%%rsp), %%rax" ::
				 : "rax", "memory");
}

#define ONE_INSTRUCTION(name, text) \
	static void name(void) \
	{ \
		__asm__ volatile(text : : : "memory", "rax", "rcx", "rdx"); \
	}

ONE_INSTRUCTION(undefined, "ud2")
ONE_INSTRUCTION(breakpoint, "int3")
ONE_INSTRUCTION(int_timer, "int $0xd0")
ONE_INSTRUCTION(int_bell, "int $0xe0")
ONE_INSTRUCTION(int_nmi, "int $2")
ONE_INSTRUCTION(int_df, "int $8")
ONE_INSTRUCTION(cli, "cli")
ONE_INSTRUCTION(hlt, "hlt")
ONE_INSTRUCTION(cr0, "movq %%cr0, %%rax")
ONE_INSTRUCTION(cr3, "movq %%rax, %%cr3")
ONE_INSTRUCTION(dr7, "movq %%rax, %%dr7")
ONE_INSTRUCTION(wbinvd, "wbinvd")
ONE_INSTRUCTION(invlpg, "invlpg (%%rsp)")
ONE_INSTRUCTION(swapgs, "swapgs")
ONE_INSTRUCTION(sysret, "sysretq")
ONE_INSTRUCTION(clts, "clts")
ONE_INSTRUCTION(xsetbv,
		"xorl %%ecx, %%ecx; movl $1, %%eax; xorl %%edx, %%edx; xsetbv")
ONE_INSTRUCTION(port_in, "inb $0x60, %%al")
ONE_INSTRUCTION(port_out, "movb $0xfe, %%al; outb %%al, $0x64")
ONE_INSTRUCTION(rdmsr, "movl $0x1b, %%ecx; rdmsr")
ONE_INSTRUCTION(wrmsr, "movl $0xc0000101, %%ecx; wrmsr")
ONE_INSTRUCTION(lgdt, "lgdt (%%rsp)")
ONE_INSTRUCTION(lidt, "lidt (%%rsp)")
ONE_INSTRUCTION(ltr, "movl $0x18, %%eax; ltr %%ax")
ONE_INSTRUCTION(far_stack, "movq $0x800000000000, %%rsp; pushq %%rax")

/* SYSCALL in the last bytes below the hole: RCX is not canonical then. */
static void sysret_far(void)
{
	uint8_t *page = mmap((void *)TOP_PAGE, 4096,
			     PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (page == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	page[4094] = 0x0f;
	page[4095] = 0x05;
	__asm__ volatile("movl $39, %%eax; jmp *%0" /* getpid */
			 :
			 : "r"(page + 4094)
			 : "rax", "rcx", "r11");
}

/* The program's stack is not where a fault could be delivered. */
static void syscall_bad_stack(void)
{
	__asm__ volatile("movq $-8, %%rsp; movl $39, %%eax; syscall; pushq $0"
			 :
			 :
			 : "rax", "rcx", "r11", "memory");
}

static void by_abort(void)
{
	abort();
}

static void by_kill(void)
{
	kill(getpid(), SIGKILL);
}

static void by_term(void)
{
	raise(SIGTERM);
}

static const struct {
	const char *name;
	void (*run)(void);
} kinds[] = {
	{ "null-read", null_read },
	{ "null-call", null_call },
	{ "kernel-read", kernel_read },
	{ "kernel-write", kernel_write },
	{ "kernel-jump", kernel_jump },
	{ "direct-write", direct_write },
	{ "channel-write", channel_write },
	{ "far-read", far_read },
	{ "far-jump", far_jump },
	{ "far-stack", far_stack },
	{ "text-write", text_write },
	{ "data-jump", data_jump },
	{ "stack", stack },
	{ "divide", divide },
	{ "simd", simd },
	{ "step", step },
	{ "align", align_check },
	{ "undefined", undefined },
	{ "breakpoint", breakpoint },
	{ "int-timer", int_timer },
	{ "int-bell", int_bell },
	{ "int-nmi", int_nmi },
	{ "int-df", int_df },
	{ "cli", cli },
	{ "hlt", hlt },
	{ "cr0", cr0 },
	{ "cr3", cr3 },
	{ "dr7", dr7 },
	{ "wbinvd", wbinvd },
	{ "invlpg", invlpg },
	{ "swapgs", swapgs },
	{ "sysret", sysret },
	{ "clts", clts },
	{ "xsetbv", xsetbv },
	{ "in", port_in },
	{ "out", port_out },
	{ "rdmsr", rdmsr },
	{ "wrmsr", wrmsr },
	{ "lgdt", lgdt },
	{ "lidt", lidt },
	{ "ltr", ltr },
	{ "sysret-far", sysret_far },
	{ "syscall-bad-stack", syscall_bad_stack },
	{ "abort", by_abort },
	{ "kill", by_kill },
	{ "term", by_term },
};

int main(int argc, char **argv)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds) && argc == 2; i++) {
		if (!strcmp(argv[1], "list"))
			puts(kinds[i].name);
		if (strcmp(argv[1], kinds[i].name))
			continue;
		kinds[i].run();
		puts("came back");
	}
	return 0;
}
