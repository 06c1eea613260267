// SPDX-License-Identifier: GPL-2.0
/*
 * Signals: actions and masks are kept, but handlers are not called yet. What
 * has one is treated as if it had none: see docs/run.md.
 */
#include "string.h"
#include "user.h"

#define NR_KILL	     62
#define SIGSET_BYTES 8
#define SS_DISABLE   2

enum { SIG_BLOCK = 0, SIG_UNBLOCK = 1, SIG_SETMASK = 2 };

static bool is_signal(u64 sig)
{
	return sig >= 1 && sig <= SIGNALS;
}

static s64 sys_rt_sigaction(struct process *p, struct trap_frame *f)
{
	u64 sig = (u32)f->rdi;
	struct sigaction new, old;

	if (!is_signal(sig) || f->r10 != SIGSET_BYTES ||
	    (f->rsi && (sig == SIGKILL || sig == SIGSTOP)))
		return -EINVAL;
	old = p->actions[sig - 1];
	if (f->rsi) {
		if (!copy_in(&new, f->rsi, sizeof(new)))
			return -EFAULT;
		p->actions[sig - 1] = new;
	}
	return f->rdx && !copy_out(f->rdx, &old, sizeof(old)) ? -EFAULT : 0;
}

static s64 sys_rt_sigprocmask(struct process *p, struct trap_frame *f)
{
	u64 old = p->signal_mask, set;

	if (f->r10 != SIGSET_BYTES)
		return -EINVAL;
	if (f->rsi) {
		if (!copy_in(&set, f->rsi, sizeof(set)))
			return -EFAULT;
		switch ((u32)f->rdi) {
		case SIG_BLOCK:
			p->signal_mask |= set;
			break;
		case SIG_UNBLOCK:
			p->signal_mask &= ~set;
			break;
		case SIG_SETMASK:
			p->signal_mask = set;
			break;
		default:
			return -EINVAL;
		}
	}
	return f->rdx && !copy_out(f->rdx, &old, sizeof(old)) ? -EFAULT : 0;
}

static s64 sys_sigaltstack(struct process *p, struct trap_frame *f)
{
	struct {
		u64 sp;
		u32 flags, pad;
		u64 size;
	} none = { .flags = SS_DISABLE }, new;

	(void)p;
	if (f->rdi && !copy_in(&new, f->rdi, sizeof(new)))
		return -EFAULT;
	return f->rsi && !copy_out(f->rsi, &none, sizeof(none)) ? -EFAULT : 0;
}

static s64 raise(struct process *p, u64 sig)
{
	if (sig && !is_signal(sig))
		return -EINVAL;
	if (sig)
		process_signal(p, (u32)sig);
	return 0;
}

/* To itself here; to others by the proxy, who may what the user may. */
static s64 sys_kill(struct process *p, struct trap_frame *f)
{
	const u64 arg[6] = { f->rdi, f->rsi };

	if ((s32)f->rdi == p->pid)
		return raise(p, (u32)f->rsi);
	return proxy_forward(p, NR_KILL, arg);
}

static s64 sys_tkill(struct process *p, struct trap_frame *f)
{
	return (s32)f->rdi == p->pid ? raise(p, (u32)f->rsi) : -ESRCH;
}

static s64 sys_tgkill(struct process *p, struct trap_frame *f)
{
	if ((s32)f->rdi != p->pid || (s32)f->rsi != p->pid)
		return -ESRCH;
	return raise(p, (u32)f->rdx);
}

const struct syscall sys_signals[] = {
	{ 13, sys_rt_sigaction },
	{ 14, sys_rt_sigprocmask },
	{ NR_KILL, sys_kill },
	{ 131, sys_sigaltstack },
	{ 200, sys_tkill },
	{ 234, sys_tgkill },
	{ 0, NULL },
};
