// SPDX-License-Identifier: GPL-2.0
/* Who and where a program is, its limits, its end. */
#include "format.h"
#include "mm.h"
#include "string.h"
#include "user.h"

#define UTS_LEN	  65
#define UNLIMITED (~0ULL)

/* ---- identity ---------------------------------------------------------------- */

static s64 sys_getpid(struct process *p, struct trap_frame *f)
{
	(void)f;
	return p->pid;
}

static s64 sys_getppid(struct process *p, struct trap_frame *f)
{
	(void)f;
	return p->ppid;
}

static s64 sys_getuid(struct process *p, struct trap_frame *f)
{
	(void)f;
	return p->uid;
}

static s64 sys_geteuid(struct process *p, struct trap_frame *f)
{
	(void)f;
	return p->euid;
}

static s64 sys_getgid(struct process *p, struct trap_frame *f)
{
	(void)f;
	return p->gid;
}

static s64 sys_getegid(struct process *p, struct trap_frame *f)
{
	(void)f;
	return p->egid;
}

static s64 put_three(struct trap_frame *f, u32 real, u32 effective)
{
	return copy_out(f->rdi, &real, 4) && copy_out(f->rsi, &effective, 4) &&
			       copy_out(f->rdx, &effective, 4)
		       ? 0
		       : -EFAULT;
}

static s64 sys_getresuid(struct process *p, struct trap_frame *f)
{
	return put_three(f, p->uid, p->euid);
}

static s64 sys_getresgid(struct process *p, struct trap_frame *f)
{
	return put_three(f, p->gid, p->egid);
}

/* Linux's, as far as programs ask for it; the version is whose it really is. */
static s64 sys_uname(struct process *p, struct trap_frame *f)
{
	char u[6][UTS_LEN] = { "Linux", "",	  "6.1.0-cokernel",
			       "",	"x86_64", "(none)" };

	(void)p;
	ck_format(u[1], UTS_LEN, "%s", boot.name);
	ck_format(u[3], UTS_LEN, CK_NAME " " CK_VERSION);
	return copy_out(f->rdi, u, sizeof(u)) ? 0 : -EFAULT;
}

/* ---- the core's registers, and its thread's words ------------------------------ */

enum {
	ARCH_SET_GS = 0x1001,
	ARCH_SET_FS = 0x1002,
	ARCH_GET_FS = 0x1003,
	ARCH_GET_GS = 0x1004,
};

static s64 set_base(u32 msr, u64 *kept, u64 base)
{
	if (base >= USER_END)
		return -EPERM;
	*kept = base;
	wrmsr(msr, base);
	return 0;
}

static s64 sys_arch_prctl(struct process *p, struct trap_frame *f)
{
	switch ((u32)f->rdi) {
	case ARCH_SET_FS:
		return set_base(MSR_FS_BASE, &p->fs_base, f->rsi);
	case ARCH_SET_GS:
		return set_base(MSR_GS_SWAP, &p->gs_base, f->rsi);
	case ARCH_GET_FS:
		return copy_out(f->rsi, &p->fs_base, 8) ? 0 : -EFAULT;
	case ARCH_GET_GS:
		return copy_out(f->rsi, &p->gs_base, 8) ? 0 : -EFAULT;
	default:
		return -EINVAL;
	}
}

static s64 sys_set_tid_address(struct process *p, struct trap_frame *f)
{
	(void)f;
	return p->pid;
}

/* With one thread nobody waits for its locks. */
static s64 sys_set_robust_list(struct process *p, struct trap_frame *f)
{
	(void)p;
	return f->rsi == 24 ? 0 : -EINVAL;
}

/* Known, and not there: glibc does without. */
static s64 sys_rseq(struct process *p, struct trap_frame *f)
{
	(void)p;
	(void)f;
	return -ENOSYS;
}

enum { PR_SET_NAME = 15, PR_GET_NAME = 16 };

static s64 sys_prctl(struct process *p, struct trap_frame *f)
{
	char name[16] = { 0 };

	switch ((u32)f->rdi) {
	case PR_SET_NAME:
		if (copy_in_string(name, f->rsi, sizeof(name)) == -EFAULT)
			return -EFAULT;
		memcpy(p->name, name, sizeof(name) - 1);
		return 0;
	case PR_GET_NAME:
		memcpy(name, p->name, sizeof(name));
		return copy_out(f->rsi, name, sizeof(name)) ? 0 : -EFAULT;
	default:
		return -EINVAL;
	}
}

/* ---- limits, cores, memory --------------------------------------------------------- */

enum { RLIMIT_STACK = 3, RLIMIT_NOFILE = 7, RLIMITS = 16 };

#define NR_PRLIMIT64 302

/* The stack's is the program's own; the others are the proxy's. */
static s64 sys_prlimit64(struct process *p, struct trap_frame *f)
{
	const u64 arg[6] = { 0, f->rsi, f->rdx, f->r10 };
	u64 stack[2] = { p->stack_limit, UNLIMITED };

	if (f->rdi && (s32)f->rdi != p->pid)
		return -ESRCH;
	if ((u32)f->rsi != RLIMIT_STACK)
		return proxy_forward(p, NR_PRLIMIT64, arg);
	if (f->rdx)
		return -EPERM;
	return f->r10 && !copy_out(f->r10, stack, sizeof(stack)) ? -EFAULT : 0;
}

static s64 sys_getrlimit(struct process *p, struct trap_frame *f)
{
	const u64 arg[6] = { 0, f->rdi, 0, f->rsi };
	u64 stack[2] = { p->stack_limit, UNLIMITED };

	if ((u32)f->rdi != RLIMIT_STACK)
		return proxy_forward(p, NR_PRLIMIT64, arg);
	return copy_out(f->rsi, stack, sizeof(stack)) ? 0 : -EFAULT;
}

/* The enclave's cores, by slot. */
static s64 sys_sched_getaffinity(struct process *p, struct trap_frame *f)
{
	u64 mask = 0;

	if (f->rdi && (s32)f->rdi != p->pid)
		return -ESRCH;
	if (f->rsi < sizeof(mask) || f->rsi % sizeof(mask))
		return -EINVAL;
	for (u32 i = 0; i < nr_slots; i++)
		if (slot_state(&cpus[i]) == SLOT_ONLINE)
			mask |= 1ULL << i;
	return copy_out(f->rdx, &mask, sizeof(mask)) ? (s64)sizeof(mask)
						     : -EFAULT;
}

/* It stays where it is, so that has to be among those it wants. */
static s64 sys_sched_setaffinity(struct process *p, struct trap_frame *f)
{
	u64 mask = 0;
	u64 size = f->rsi < sizeof(mask) ? f->rsi : sizeof(mask);

	if (f->rdi && (s32)f->rdi != p->pid)
		return -ESRCH;
	if (!copy_in(&mask, f->rdx, size))
		return -EFAULT;
	return mask >> this_cpu()->slot & 1 ? 0 : -EINVAL;
}

static s64 sys_sched_yield(struct process *p, struct trap_frame *f)
{
	(void)p;
	(void)f;
	return 0;
}

static s64 sys_getcpu(struct process *p, struct trap_frame *f)
{
	u32 core = this_cpu()->slot, node = 0;

	(void)p;
	if ((f->rdi && !copy_out(f->rdi, &core, sizeof(core))) ||
	    (f->rsi && !copy_out(f->rsi, &node, sizeof(node))))
		return -EFAULT;
	return 0;
}

/* The enclave's, not the host's. */
static s64 sys_sysinfo(struct process *p, struct trap_frame *f)
{
	struct frame_totals t = frames_totals(&pool);
	struct {
		s64 uptime;
		u64 loads[3];
		u64 totalram, freeram, sharedram, bufferram;
		u64 totalswap, freeswap;
		u16 procs, pad;
		u64 totalhigh, freehigh;
		u32 mem_unit;
	} info = {
		.uptime = (s64)((rdtsc() - cpus[0].stats->tsc_online) /
				boot.tsc_khz / 1000),
		.totalram = t.total * FRAME_SIZE,
		.freeram = t.free * FRAME_SIZE,
		.procs = 1,
		.mem_unit = 1,
	};

	(void)p;
	_Static_assert(sizeof(info) == 112, "struct sysinfo");
	return copy_out(f->rdi, &info, sizeof(info)) ? 0 : -EFAULT;
}

/* ---- futex, as far as one thread can use it ------------------------------------------ */

enum { FUTEX_WAIT = 0, FUTEX_WAKE = 1, FUTEX_OPS = 127 };

static s64 sys_futex(struct process *p, struct trap_frame *f)
{
	u32 value;

	(void)p;
	switch (f->rsi & FUTEX_OPS) {
	case FUTEX_WAKE:
		return 0;
	case FUTEX_WAIT:
		if (!copy_in(&value, f->rdi, sizeof(value)))
			return -EFAULT;
		/* Nobody could wake it. */
		return -EAGAIN;
	default:
		return -ENOSYS;
	}
}

/* ---- the end ------------------------------------------------------------------------- */

static s64 sys_exit(struct process *p, struct trap_frame *f)
{
	(void)p;
	process_exit(f->rdi & 0xff);
}

const struct syscall sys_identity[] = {
	{ 24, sys_sched_yield },
	{ 39, sys_getpid },
	{ 60, sys_exit },
	{ 63, sys_uname },
	{ 97, sys_getrlimit },
	{ 99, sys_sysinfo },
	{ 102, sys_getuid },
	{ 104, sys_getgid },
	{ 107, sys_geteuid },
	{ 108, sys_getegid },
	{ 110, sys_getppid },
	{ 118, sys_getresuid },
	{ 120, sys_getresgid },
	{ 157, sys_prctl },
	{ 158, sys_arch_prctl },
	{ 186, sys_getpid }, /* gettid */
	{ 202, sys_futex },
	{ 203, sys_sched_setaffinity },
	{ 204, sys_sched_getaffinity },
	{ 218, sys_set_tid_address },
	{ 231, sys_exit }, /* exit_group */
	{ 273, sys_set_robust_list },
	{ NR_PRLIMIT64, sys_prlimit64 },
	{ 309, sys_getcpu },
	{ 334, sys_rseq },
	{ 0, NULL },
};
