/* SPDX-License-Identifier: GPL-2.0 */
/* The first instructions of every core, and the two ways of sleeping. */

	.text
	.code64

/* First core. RDI = physical address of struct cok_boot; no stack. */
	.globl _start
_start:
	cli
	cld
	leaq	boot_stack_top(%rip), %rsp
	xorl	%ebp, %ebp
	call	kernel_main
	ud2

/*
 * Other cores, on the host's page tables. RSI = struct cpu, prepared by core 0
 * (gdt_prepare); it and the IDT lie in the image, which both page tables map.
 * The guarded stacks do not, so no stack is used before CR3 is ours, and the
 * interrupt stacks are switched to them by secondary_main: an NMI or #MC in
 * between finds a valid IDT, TSS and emergency stack at any time. CS and SS
 * hold the selectors that our GDT uses, too. The data segments are emptied
 * before GS has a base, which going to ring 3 would else clear.
 */
	.globl secondary_entry
secondary_entry:
	cli
	cld
	movq	%rsi, %rbx
	xorl	%eax, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %fs
	movl	%eax, %gs
	movl	$0xc0000101, %ecx	/* GS base */
	movq	%rbx, %rdx
	movl	%ebx, %eax
	shrq	$32, %rdx
	wrmsr
	lgdt	16(%rbx)		/* cpu->gdt_ptr */
	movl	$0x18, %eax
	ltr	%ax
	lidt	idt_ptr(%rip)
	movq	kernel_cr3(%rip), %rax
	movq	%rax, %cr3
	movq	8(%rbx), %rsp		/* cpu->stack_top */
	xorl	%ebp, %ebp
	movq	%rbx, %rdi
	call	secondary_main
	ud2

/* switch_stack(top, fn): goes on in fn on another stack, for good. */
	.globl switch_stack
switch_stack:
	movq	%rdi, %rsp
	xorl	%ebp, %ebp
	call	*%rsi
	ud2

/*
 * drain_sleep(woken): halts with interrupts off until an NMI of ours sets
 * *woken. One that comes between the test and the HLT would be slept over:
 * trap_nmi moves a RIP in [drain_wait, drain_out) to drain_out.
 */
	.globl drain_sleep, drain_wait, drain_out
drain_sleep:
drain_wait:
	cmpb	$0, (%rdi)
	jne	drain_out
	hlt
	jmp	drain_wait
drain_out:
	ret

/* Needs no stack; an NMI (a probe) is still answered. */
	.globl halt_forever
halt_forever:
	cli
1:	hlt
	jmp	1b

	.bss
	.balign 4096
	.skip 16384
boot_stack_top:
	.skip 4096
	.globl emergency_stack_top
emergency_stack_top:

	.section .note.GNU-stack, "", @progbits
