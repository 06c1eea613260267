/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The real-mode stub that a STARTUP IPI enters (SDM vol. 3, 9.4.4). start.c
 * copies it to a page below 1 MiB, fills in the words at its end, and puts
 * the page's old content back once the core has acknowledged from park.S.
 *
 * Real mode straight to long mode: PAE, CR3, EFER.LME, then PE and PG at once
 * (SDM vol. 3, 10.8.5; AMD APM vol. 2, 14.6.1).
 */
	.section .rodata, "a"
	.balign	16

	.globl	cok_low_start
cok_low_start:
	.code16
	cli
	cld
	movw	%cs, %ax
	movw	%ax, %ds
	lgdtl	cok_low_gdtr - cok_low_start
	movl	$0x20, %eax		/* CR4.PAE */
	movl	%eax, %cr4
	movl	cok_low_cr3 - cok_low_start, %eax
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx	/* EFER: LME, NXE and nothing else */
	movl	$0x900, %eax
	xorl	%edx, %edx
	wrmsr
	movl	$0x80010033, %eax	/* CR0: PG, WP, NE, ET, MP, PE; caches on */
	movl	%eax, %cr0
	ljmpl	*(cok_low_far - cok_low_start)

	.code64
	.globl	cok_low_code64
cok_low_code64:
	movq	cok_low_core(%rip), %rbx
	jmpq	*cok_low_park(%rip)

	.balign	8
cok_low_gdt:
	.quad	0
	.quad	0x00af9b000000ffff	/* 0x08: 64-bit code */
	.globl	cok_low_gdt_end
cok_low_gdt_end:

	/* Filled in by start.c. */
	.globl	cok_low_gdt, cok_low_gdtr, cok_low_cr3, cok_low_far
	.globl	cok_low_core, cok_low_park
	.balign	8
cok_low_gdtr:
	.word	cok_low_gdt_end - cok_low_gdt - 1
	.long	0
	.balign	4
cok_low_cr3:
	.long	0
cok_low_far:
	.long	0
	.word	0x08
	.balign	8
cok_low_core:
	.quad	0
cok_low_park:
	.quad	0

	.globl	cok_low_end
cok_low_end:
