/* SPDX-License-Identifier: GPL-2.0 */
/* 256 entry points of 16 bytes each, and the way into trap() and back. */
	.text
	.code64
	.balign 16
	.globl trap_stubs
trap_stubs:
	.set vector, 0
	.rept 256
	.balign 16
	/* These push an error code themselves. */
	.if (vector != 8) && (vector < 10 || vector > 14) && (vector != 17) && (vector != 21) && (vector != 29) && (vector != 30)
	pushq	$0
	.endif
	pushq	$vector
	.if (vector == 2) || (vector == 8) || (vector == 18)
	jmp	trap_ist
	.else
	jmp	trap_common
	.endif
	.set vector, vector + 1
	.endr

	.macro push_regs
	pushq	%rax
	pushq	%rbx
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%rbp
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	.endm

	.macro pop_regs
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rbp
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%rbx
	popq	%rax
	.endm

/* From ring 3 GS is the program's. */
trap_common:
	cld
	testb	$3, 24(%rsp)
	jz	1f
	swapgs
1:	push_regs
	movq	%rsp, %rdi
	call	trap
	pop_regs
	testb	$3, 24(%rsp)
	jz	2f
	swapgs
2:	addq	$16, %rsp
	iretq

/*
 * #DF, NMI, #MC: also between a SYSCALL and its SWAPGS. The kernel's GS base is
 * in the upper half, a program's never is (arch_prctl; CR4.FSGSBASE is off).
 */
trap_ist:
	cld
	push_regs
	movl	$0xc0000101, %ecx	/* GS base */
	rdmsr
	xorl	%ebx, %ebx
	testl	%edx, %edx
	js	1f
	swapgs
	incl	%ebx
1:	movq	%rsp, %rdi
	call	trap
	testl	%ebx, %ebx
	jz	2f
	swapgs
2:	pop_regs
	addq	$16, %rsp
	iretq

	.section .note.GNU-stack, "", @progbits
