/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Programs in ring 3. See docs/run.md, and include/cok/run.h for how they reach
 * the host's files.
 *
 * A process has one thread so far, and that a core of its own: process_run() is
 * a job of that core (smp.c), which ends when the program does. Process context
 * runs with interrupts on, on the core's main stack, and waits in no other way
 * than by halting. What core 0 does with a process it does with interrupts off,
 * by the atomic words of struct process.
 *
 * A process's address space: user memory in the lower half, the kernel's in the
 * upper half, as in mm.h, and at CHANNEL_VBASE the channel, for the kernel only.
 */
#ifndef CK_USER_H
#define CK_USER_H

#include "areas.h"
#include "kernel.h"
#include <cok/run.h>
#include <cok/run_calls.h>
#include <linux/errno.h>

#define CHANNEL_VBASE 0xffffff0000000000ULL

/* Linux's numbers of what ends a program. */
enum {
	SIGILL = 4,
	SIGTRAP = 5,
	SIGABRT = 6,
	SIGBUS = 7,
	SIGFPE = 8,
	SIGKILL = 9,
	SIGSEGV = 11,
	SIGCHLD = 17,
	SIGCONT = 18,
	SIGSTOP = 19,
	SIGTSTP = 20,
	SIGTTIN = 21,
	SIGTTOU = 22,
	SIGURG = 23,
	SIGWINCH = 28,
	SIGSYS = 31,
	SIGNALS = 64,
};

/* The kernel's struct sigaction of x86-64. */
struct sigaction {
	u64 handler; /* 0: default, 1: ignore */
	u64 flags;
	u64 restorer;
	u64 mask;
};

/* Kinds of areas. */
enum { KIND_ANON = 0, KIND_FILE, KIND_STACK, KIND_HEAP };

struct process {
	/* Set by core 0 before the job is posted. */
	u32 index; /* in the directory */
	u32 id;
	u64 channel_phys;
	struct cpu *cpu; /* NULL: waits for one */

	/* Atomic, between its core and core 0. */
	bool kill;  /* its proxy is gone: end */
	bool ended; /* its core uses nothing of it any more */

	/* Its own core only. */
	u64 cr3;
	struct cok_run_head *head;
	struct cok_run_slot *slot;
	u8 *bounce;
	u64 tables, pages; /* frames it holds */
	u64 brk_start, brk;
	u64 fs_base, gs_base;
	u64 mono_ns, real_ns, boot_ns, tsc; /* copied from the channel */
	u64 start_tsc;
	s32 pid, ppid;
	u32 uid, euid, gid, egid;
	u64 stack_limit;
	u32 fatal; /* a signal that ends it */
	u32 nr_unknown;
	struct cok_run_unknown unknown[COK_RUN_UNKNOWN];
	bool eager;
	u64 signal_mask;
	struct sigaction actions[SIGNALS];
	char name[16]; /* as PR_SET_NAME */
	struct areas areas;
};

/* The process whose job runs on this core, or NULL. */
static inline struct process *this_process(void)
{
	return this_cpu()->process;
}

/* ---- run.c: the directory; core 0, interrupts off ------------------------ */

void run_init(void);
void run_poll(void);

/* ---- process.c: from its start to its end -------------------------------- */

void process_run(u64 process); /* a job */
/* Ends the process of this core, from process context. */
void process_exit(u32 status) noreturn;
void process_exit_signal(u32 sig) noreturn;
/* Has something come that it has to look at before it goes on? */
bool process_pending(const struct process *p);
/* Looks at it: is that its end? */
bool process_doomed(struct process *p);
/* The same, but does not return if that ends the process. */
void process_check(struct process *p);
/* Sends it a signal of its own. */
void process_signal(struct process *p, u32 sig);

/* ---- exec.c --------------------------------------------------------------- */

struct start {
	u64 rip, rsp;
};

/* Loads what the channel names. 0, or -errno with a sentence in *why. */
s64 exec_load(struct process *p, struct start *start, const char **why);

/* ---- space.c: memory ------------------------------------------------------ */

bool space_new(struct process *p);
void space_free(struct process *p);
/* Maps the channel; false: no memory. Before the space is in use. */
bool space_map_channel(struct process *p);

/* Each range is page-aligned and inside of what a program may have. 0, -errno. */
s64 space_map(struct process *p, u64 start, u64 size, u32 prot, u32 kind);
s64 space_unmap(struct process *p, u64 start, u64 size);
s64 space_protect(struct process *p, u64 start, u64 size, u32 prot);
/* Puts all pages in. */
s64 space_populate(struct process *p, u64 start, u64 size);
/* Its pages are zero again. */
void space_drop(struct process *p, u64 start, u64 size);
/* The pages that are there, to a place where none are. 0, -ENOMEM. */
s64 space_move(struct process *p, u64 from, u64 to, u64 size);
/* Writes to mapped memory, whatever its protection. 0, -errno. */
s64 space_write(struct process *p, u64 to, const void *from, u64 size);
/*
 * A page fault at addr. DONE: the page is there now. `need` is what the access
 * needs of its area.
 */
enum space_fault { FAULT_DONE, FAULT_BAD, FAULT_NO_MEMORY };
enum space_fault space_fault(struct process *p, u64 addr, u32 need);
/* May the program write there? */
bool space_writable(const struct process *p, u64 addr, u64 size);
/* A free place for a mapping, or 0. */
u64 space_place(struct process *p, u64 size);

/* ---- copy.c: to and from a program's memory -------------------------------- */

extern bool smap_on; /* entry.S reads it */

/* False: part of it is not the program's, or not mapped so. */
bool copy_in(void *to, u64 from, u64 size);
bool copy_out(u64 to, const void *from, u64 size);
/* How much of it could be copied, from its start. */
u64 copy_in_some(void *to, u64 from, u64 size);
u64 copy_out_some(u64 to, const void *from, u64 size);
/* The length without NUL, or -EFAULT, -ENAMETOOLONG. */
s64 copy_in_string(char *to, u64 from, u64 size);

/* ---- fault.c: exceptions and interrupts in ring 3 --------------------------- */

/* First of all in a trap. */
void user_trap_begin(struct trap_frame *f);
/* An exception: true if it is dealt with, false if it is the kernel's own. */
bool user_exception(struct trap_frame *f);
/* Just before a return to ring 3. */
void user_return(struct trap_frame *f);
static inline bool from_user(const struct trap_frame *f)
{
	return f->cs & 3;
}

/* ---- cpu.c ------------------------------------------------------------------ */

void user_cpu_init(void);

/* ---- proxy.c: calls of the host ----------------------------------------------- */

/* A call whose arguments lie in the bounce pages already. */
s64 proxy_call(struct process *p, u32 nr, const u64 arg[6], u32 flags);
/* One of a program's, by the table. -ENOSYS: it is not there. */
s64 proxy_forward(struct process *p, u32 nr, const u64 arg[6]);
s64 proxy_pread(struct process *p, s32 fd, u64 offset, u32 size);

/* ---- syscall.c and sys_*.c ------------------------------------------------------ */

typedef s64 (*syscall_fn)(struct process *p, struct trap_frame *f);

struct syscall {
	u32 nr;
	syscall_fn fn;
};

/* Each ends with a NULL function. */
extern const struct syscall sys_memory[], sys_time[], sys_identity[],
	sys_signals[], sys_vectors[];

bool user_syscall(struct trap_frame *f); /* entry.S: true if SYSRET may do */
void syscall_init(void);

/* entry.S */
void user_enter(struct trap_frame *f, u64 *kernel_sp, void *rsp0);
void user_leave(u64 kernel_sp) noreturn;
extern char user_copy_at[], user_copy_out[], syscall_entry[];
u64 user_copy(void *to, const void *from, u64 size); /* bytes left */

#endif /* CK_USER_H */
