/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The park text: position-independent code in a host-owned page, mapped at
 * its physical address in the park page tables and in every enclave's. A core
 * enters at the start with RBX = its core page, acknowledges with the nonce,
 * and then either halts for good or enters a co-kernel.
 *
 * A parked core has interrupts off, but NMIs (Linux broadcasts them when it
 * crashes or reboots) and machine checks do reach it: both are counted and
 * returned from. Any other exception, here or in a co-kernel that has not
 * loaded its own IDT yet, is recorded in the core page and halts the core.
 */
#include "park.h"

	.section .rodata, "a"
	.code64
	.balign	16

	.globl	cok_park_start
cok_park_start:
	lgdt	CP_GDTR(%rbx)
	lidt	CP_IDTR(%rbx)
	leaq	CP_STACK(%rbx), %rsp
	movl	$CP_SEL_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	pushq	$CP_SEL_CODE
	leaq	1f(%rip), %rax
	pushq	%rax
	lretq
	/* Not busy, even if an earlier attempt with these tables came this far. */
1:	andb	$0xfd, CP_GDT + CP_SEL_TSS + 5(%rbx)
	movl	$CP_SEL_TSS, %eax
	ltr	%ax
	movl	$0x60, %eax		/* CR4: PAE, MCE */
	movq	%rax, %cr4

	/* The APIC's mode and address as Linux has them: INIT keeps those that a
	 * co-kernel left. Out of x2APIC the way leads over "disabled".
	 */
	movq	CP_APIC_BASE(%rbx), %rsi
	movl	$0x1b, %ecx
	rdmsr
	shlq	$32, %rdx
	orq	%rdx, %rax
	cmpq	%rax, %rsi
	je	8f
	movq	%rsi, %rdx
	shrq	$32, %rdx
	testl	$0x400, %eax		/* EXTD: x2APIC is left ... */
	jz	7f
	testl	$0x400, %esi		/* ... for xAPIC */
	jnz	7f
	movl	%esi, %eax
	andl	$~0x800, %eax		/* EN */
	wrmsr
7:	movl	%esi, %eax
	wrmsr
8:
	/* The frequency request that Linux had, which offlining dropped. */
	movl	CP_FREQ_MSR(%rbx), %ecx
	testl	%ecx, %ecx
	jz	3f
	movl	CP_FREQ_REQ(%rbx), %eax
	movl	CP_FREQ_REQ + 4(%rbx), %edx
	wrmsr

	/* Read the orders first: after the ack the host may change the page. An
	 * image can be entered only once, so the core goes there when the host
	 * says that this ack counts; it may have given up and try again.
	 */
3:	movq	CP_MODE(%rbx), %rbp
	movq	CP_RDI(%rbx), %rdi
	movq	CP_RSI(%rbx), %rsi
	movq	CP_ENTRY(%rbx), %rdx
	movq	CP_CR3(%rbx), %rcx
	movq	CP_NONCE(%rbx), %rax
	movq	%rax, CP_ACK(%rbx)
	mfence
	cmpq	$CP_MODE_RUN, %rbp
	je	4f
park:	cli
	hlt
	jmp	park

4:	pause
	cmpq	%rax, CP_GO(%rbx)
	jne	4b
	movq	%rcx, %cr3
	xorl	%esp, %esp
	jmpq	*%rdx

	/* One handler per vector, CP_VECTOR_STEP bytes apart. */
	.balign	16
	.globl	cok_park_vectors
cok_park_vectors:
	vec = 0
	.rept	CP_VECTORS
	.balign	CP_VECTOR_STEP
	/* 8, 10-14, 17, 21, 29, 30 push an error code themselves. */
	.if	(0x60227d00 >> vec) & 1
	.else
	pushq	$0
	.endif
	pushq	$vec
	jmp	exception
	vec = vec + 1
	.endr

	/* The stack is in the core page: its base is the page's. */
exception:
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rbx
	movq	%rsp, %rbx
	andq	$~0xfff, %rbx
	movq	32(%rsp), %rax		/* vector */
	cmpq	$2, %rax
	je	nmi
	cmpq	$18, %rax
	je	mce
fault:	movq	40(%rsp), %rcx		/* error code */
	movq	%rcx, CP_ERROR(%rbx)
	movq	48(%rsp), %rcx		/* RIP */
	movq	%rcx, CP_RIP(%rbx)
	movq	%cr2, %rcx
	movq	%rcx, CP_CR2(%rbx)
	incq	%rax
	movq	%rax, CP_FAULT(%rbx)
5:	cli
	hlt
	jmp	5b

nmi:	incq	CP_NMIS(%rbx)
	jmp	6f
mce:	incq	CP_MCES(%rbx)
	movl	$0x17a, %ecx		/* MCG_STATUS: clear MCIP */
	xorl	%eax, %eax
	xorl	%edx, %edx
	wrmsr
	movq	32(%rsp), %rax
6:	cmpq	$CP_MODE_PARK, CP_MODE(%rbx)
	jne	fault			/* early in a co-kernel: stay here */
	popq	%rbx
	popq	%rdx
	popq	%rcx
	popq	%rax
	addq	$16, %rsp
	iretq

	.globl	cok_park_end
cok_park_end:
