/* SPDX-License-Identifier: GPL-2.0 */
/* Multiboot entry of minihost, and the way of an AP into 64-bit mode. */
	.section .multiboot, "a"
	.balign 4
	.long 0x1badb002, 3, -(0x1badb002 + 3)

	.text
	.code32
	.globl _start
_start:
	cli
	movl	$stack_top, %esp
	pushl	%ebx
	call	minihost
1:	hlt
	jmp	1b

/* Copied to 0x8000. minihost fills in the words at 0x8f00. */
	.code16
	.globl trampoline, trampoline_end
trampoline:
	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	lgdtl	(0x8000 + gdt_ptr - trampoline)
	movl	$0x60, %eax		/* PAE, MCE */
	movl	%eax, %cr4
	movl	0x8f00, %eax		/* page tables */
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx
	movl	$0x900, %eax		/* LME, NXE */
	xorl	%edx, %edx
	wrmsr
	movl	$0x80010033, %eax	/* PG WP NE ET MP PE */
	movl	%eax, %cr0
	ljmpl	$0x08, $(0x8000 + long_mode - trampoline)
	.code64
long_mode:
	movl	$0x10, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movq	0x8f10, %rdi
	movq	0x8f18, %rsi
	xorl	%esp, %esp
	movl	$1, 0x8f20		/* arrived */
	movq	0x8f08, %rax
	jmpq	*%rax
	.balign 8
gdt:	.quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff
gdt_ptr:
	.word 23
	.long 0x8000 + gdt - trampoline
trampoline_end:

	.bss
	.skip 16384
stack_top:
	.section .note.GNU-stack, "", @progbits
