/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ways into ring 3 and back. In the kernel GS is the core's (percpu.h), in
 * ring 3 the program's: SWAPGS at each crossing. What arrives by an IST stack
 * can come between the two and looks at GS itself (traps.S).
 */
	.text
	.code64

	.set CPU_USER_SP, 32	/* percpu.h asserts these */
	.set CPU_KERNEL_SP, 40

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

/*
 * user_enter(frame, kernel_sp, rsp0): to ring 3 by a trap frame. Returns when
 * somebody calls user_leave(*kernel_sp). Interrupts are off.
 */
	.globl user_enter
user_enter:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, (%rsi)
	movq	%rsp, (%rdx)
	movq	%rdi, %rsp	/* an NMI has a stack of its own */
	pop_regs
	addq	$16, %rsp
	swapgs
	iretq

	.globl user_leave
user_leave:
	movq	%rdi, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret

/*
 * SYSCALL: RIP in RCX, RFLAGS in R11, flags masked by IA32_FMASK (IF, DF, TF,
 * AC, NT), and still the program's stack. Builds a trap frame.
 */
	.globl syscall_entry
syscall_entry:
	swapgs
	movq	%rsp, %gs:CPU_USER_SP
	movq	%gs:CPU_KERNEL_SP, %rsp
	pushq	$0x2b
	pushq	%gs:CPU_USER_SP
	pushq	%r11
	pushq	$0x33
	pushq	%rcx
	pushq	%rax		/* error: the call's number */
	pushq	$256		/* vector: none of the processor's */
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
	movq	%rsp, %rdi
	call	user_syscall
	testb	%al, %al
	jz	1f
	/*
	 * The frame is as SYSCALL left it but for RAX, and RIP is canonical:
	 * with another SYSRET would fault in ring 0, on the program's stack.
	 */
	pop_regs
	movq	16(%rsp), %rcx
	movq	32(%rsp), %r11
	movq	40(%rsp), %rsp
	swapgs
	sysretq
1:	pop_regs
	addq	$16, %rsp
	swapgs
	iretq

/*
 * user_copy(to, from, size): bytes left. A fault at user_copy_at that can't be
 * helped goes on at user_copy_out (fault.c).
 */
	.globl user_copy, user_copy_at, user_copy_out
user_copy:
	movq	%rdx, %rcx
	cmpb	$0, smap_on(%rip)
	je	1f
	stac
1:
user_copy_at:
	rep movsb
user_copy_out:
	cmpb	$0, smap_on(%rip)
	je	2f
	clac
2:	movq	%rcx, %rax
	ret

	.section .note.GNU-stack, "", @progbits
