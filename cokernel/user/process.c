// SPDX-License-Identifier: GPL-2.0
/* A process, on its core, from its start to its end. */
#include "format.h"
#include "mm.h"
#include "string.h"
#include "user.h"

#define USER_CS 0x33
#define USER_SS 0x2b

/* ---- signals, as far as they end it ------------------------------------------ */

static bool ignored_by_default(u32 sig)
{
	switch (sig) {
	case SIGCHLD:
	case SIGCONT:
	case SIGURG:
	case SIGWINCH:
	/* It is its proxy that stops. */
	case SIGSTOP:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
		return true;
	default:
		return false;
	}
}

void process_signal(struct process *p, u32 sig)
{
	bool ignore = p->actions[sig - 1].handler == 1;

	if (sig != SIGKILL && (ignore || ignored_by_default(sig)))
		return;
	if (!p->fatal)
		p->fatal = sig;
}

bool process_pending(const struct process *p)
{
	return __atomic_load_n(&p->kill, __ATOMIC_SEQ_CST) || p->fatal ||
	       __atomic_load_n(&p->head->signals, __ATOMIC_SEQ_CST);
}

bool process_doomed(struct process *p)
{
	u64 signals =
		__atomic_exchange_n(&p->head->signals, 0, __ATOMIC_SEQ_CST);

	for (u32 sig = 1; sig <= SIGNALS; sig++)
		if (signals >> (sig - 1) & 1)
			process_signal(p, sig);
	return __atomic_load_n(&p->kill, __ATOMIC_SEQ_CST) || p->fatal;
}

void process_check(struct process *p)
{
	if (process_pending(p) && process_doomed(p))
		process_exit_signal(p->fatal ? p->fatal : SIGKILL);
}

/* ---- the end -------------------------------------------------------------------- */

static void publish(struct process *p, u32 state)
{
	__atomic_store_n(&p->head->state, state, __ATOMIC_SEQ_CST);
	host_ring();
}

static void end(struct process *p, u32 status)
{
	p->head->status = status;
	publish(p, COK_RUN_ENDED);
}

void process_exit(u32 status)
{
	end(this_process(), status);
	user_leave(this_cpu()->kernel_sp);
}

void process_exit_signal(u32 sig)
{
	process_exit(COK_RUN_SIGNALED + sig);
}

static void fail(struct process *p, s64 err, const char *why)
{
	p->head->error = (s32)-err;
	ck_format(p->head->text, COK_RUN_TEXT_MAX, "%s", why);
	publish(p, COK_RUN_FAILED);
}

/* ---- the start ------------------------------------------------------------------- */

/* What the proxy said, once. */
static void take_head(struct process *p)
{
	const volatile struct cok_run_head *h = p->head;
	u64 ignored;

	p->pid = h->pid;
	p->ppid = h->ppid;
	p->uid = h->uid;
	p->euid = h->euid;
	p->gid = h->gid;
	p->egid = h->egid;
	p->tsc = h->tsc;
	p->real_ns = h->real_ns;
	p->mono_ns = h->mono_ns;
	p->boot_ns = h->boot_ns;
	p->stack_limit = h->stack_limit;
	p->eager = h->flags & COK_RUN_EAGER;
	ignored = h->ignored;
	for (u32 i = 0; i < SIGNALS; i++)
		p->actions[i].handler = ignored >> i & 1;
	p->start_tsc = rdtsc();
}

/* Returns when the program has ended. */
static void go(struct process *p, const struct start *start)
{
	struct cpu *c = this_cpu();
	struct trap_frame f = {
		.rip = start->rip,
		.cs = USER_CS,
		.rflags = RFLAGS_IF | 2,
		.rsp = start->rsp,
		.ss = USER_SS,
	};

	__atomic_store_n(&p->head->state, COK_RUN_RUNNING, __ATOMIC_SEQ_CST);
	irq_disable();
	user_cpu_init();
	wrmsr(MSR_FS_BASE, 0);
	wrmsr(MSR_GS_SWAP, 0);
	smp_account(c, false);
	/* As bytes: the TSS's words are not aligned. */
	user_enter(&f, &c->kernel_sp,
		   (u8 *)&c->tss + offsetof(struct tss, rsp));
}

static void load_and_go(struct process *p)
{
	const char *why = "it can't be loaded";
	struct start start;
	s64 err = -EINVAL;

	if (p->head->magic != COK_RUN_MAGIC ||
	    p->head->version != COK_RUN_VERSION) {
		fail(p, err, "the channel is of another version");
		return;
	}
	take_head(p);
	p->slot[0].core = this_cpu()->slot;
	__atomic_store_n(&p->head->state, COK_RUN_LOADING, __ATOMIC_SEQ_CST);
	err = exec_load(p, &start, &why);
	if (process_pending(p) && process_doomed(p))
		end(p, COK_RUN_SIGNALED + (p->fatal ? p->fatal : SIGKILL));
	else if (err)
		fail(p, err, why);
	else
		go(p, &start);
}

/* Without memory for that it is let go, by which the host knows. */
static bool enter_space(struct process *p)
{
	if (!space_new(p))
		return false;
	if (!space_map_channel(p)) {
		space_free(p);
		return false;
	}
	this_cpu()->process = p;
	write_cr3(p->cr3);
	return true;
}

static void leave_space(struct process *p)
{
	write_cr3(kernel_cr3);
	this_cpu()->process = NULL;
	space_free(p);
}

void process_run(u64 process)
{
	struct process *p = (struct process *)process;

	if (enter_space(p)) {
		load_and_go(p);
		irq_enable();
		leave_space(p);
	} else {
		klog(LOG_WARN, "program %u: no memory for its page tables",
		     p->id);
	}
	__atomic_store_n(&p->ended, true, __ATOMIC_RELEASE);
	if (this_cpu()->slot)
		smp_kick(&cpus[0]);
}
