// SPDX-License-Identifier: GPL-2.0
/*
 * Where system calls arrive: our own first (the sys_*.c), then the proxy's
 * (run_calls.h). The rest is unknown: ENOSYS, and counted.
 */
#include "user.h"

#define CALLS_MAX 512

static const struct syscall *const groups[] = {
	sys_memory, sys_time, sys_identity, sys_signals, sys_vectors,
};

static syscall_fn local[CALLS_MAX];

void syscall_init(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		for (const struct syscall *s = groups[i]; s->fn; s++)
			local[s->nr] = s->fn;
}

/* Told in the channel, which the proxy may have spoilt: kept here. */
static void count_unknown(struct process *p, u32 nr)
{
	u32 i;

	p->head->calls_unknown++;
	for (i = 0; i < p->nr_unknown && p->unknown[i].nr != nr; i++)
		;
	if (i == COK_RUN_UNKNOWN)
		return;
	if (i == p->nr_unknown)
		p->unknown[p->nr_unknown++].nr = nr;
	p->unknown[i].count++;
	p->head->unknown[i] = p->unknown[i];
}

static s64 forward(struct process *p, struct trap_frame *f, u32 nr)
{
	const u64 arg[6] = { f->rdi, f->rsi, f->rdx, f->r10, f->r8, f->r9 };
	s64 ret = proxy_forward(p, nr, arg);

	if (ret == -ENOSYS)
		count_unknown(p, nr);
	return ret;
}

static s64 dispatch(struct process *p, struct trap_frame *f)
{
	u32 nr = (u32)f->error;

	if (nr < CALLS_MAX && local[nr]) {
		p->head->calls_local++;
		return local[nr](p, f);
	}
	return forward(p, f, nr);
}

/*
 * SYSRET is for a frame that nobody has touched but for RAX: RIP is canonical,
 * because it came from a SYSCALL below USER_END, but that is looked at again.
 */
bool user_syscall(struct trap_frame *f)
{
	struct process *p = this_process();

	user_trap_begin(f);
	this_cpu()->stats->syscalls++;
	irq_enable();
	f->rax = (u64)dispatch(p, f);
	irq_disable();
	user_return(f);
	return f->rip < USER_END && f->rcx == f->rip && f->r11 == f->rflags &&
	       !(f->rflags & RFLAGS_TF);
}
