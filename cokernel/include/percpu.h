/* SPDX-License-Identifier: GPL-2.0 */
/* What each core has of its own, and the exchange between cores (smp.c). */
#ifndef CK_PERCPU_H
#define CK_PERCPU_H

#include "beat.h"
#include "types.h"
#include <cok/comm.h>

/*
 * Life of a core slot. Core 0 moves it, but for the two arrows marked (self):
 *
 *  ABSENT -> OFFERED -> STARTING -> ONLINE(self) -> DRAINING -> DRAINED(self)
 *    ^          |                     ^                |           |
 *    |          | ABORT               +----- ABORT ----+-----------+
 *    +----------+------------------------ COMMIT ------------------+
 *
 * A started core may arrive before core 0 has seen the COMMIT, in OFFERED. One
 * that has not come a while after it is MISSING: it may still become ONLINE.
 * A recall turns MISSING into GIVEN_UP at once; who comes then halts.
 */
enum slot_state {
	SLOT_ABSENT = 0,
	SLOT_OFFERED,
	SLOT_STARTING,
	SLOT_ONLINE,
	SLOT_DRAINING,
	SLOT_DRAINED,
	SLOT_HALTED,
	SLOT_MISSING,
	SLOT_GIVEN_UP,
};

struct tss {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3;
	u16 iomap;
} __attribute__((packed));

struct table_ptr { /* operand of LGDT and LIDT */
	u16 limit;
	u64 base;
} __attribute__((packed));

struct process;

typedef void (*job_fn)(u64 arg);

struct cpu {
	struct cpu *self;	  /* offset 0: this_cpu() reads %gs:0 */
	u64 stack_top;		  /* offset 8: entry.S loads it */
	struct table_ptr gdt_ptr; /* offset 16: this, too */
	u64 user_sp;		  /* offset 32: user/entry.S */
	u64 kernel_sp;		  /* offset 40: where it goes on from ring 3 */
	struct process *process;  /* the one that runs here, or NULL */
	u32 slot;
	u32 apic_id;	       /* as granted */
	u32 own_id;	       /* as the core itself read it: where IPIs go */
	enum slot_state state; /* atomic */
	struct cok_stats *stats;

	struct beat host; /* own core only: the host's heartbeat */

	/* Time accounting, own core only. */
	u64 account_last;
	bool idle;

	/* Work posted by core 0: fn set last, cleared by the core when done. */
	job_fn job;
	u64 job_arg;

	/* TLB shootdown: the last generation that this core has flushed for. */
	u64 flushed;

	bool asleep; /* drained, and nothing is cached */

	/* Waking a drained core, by NMI because it halts with IF = 0. */
	bool wake_sent; /* core 0: an NMI of ours is on its way */
	bool woken;	/* it came */

	u32 panic_depth;
	bool regs_kept; /* a panic's registers: a probe must not spoil them */
	bool has_stacks;

	u64 missing_at; /* STARTING: the TSC when that has taken too long */

	u64 gdt[7];
	struct tss tss;
} __attribute__((aligned(64)));

_Static_assert(offsetof(struct cpu, stack_top) == 8, "entry.S");
_Static_assert(offsetof(struct cpu, gdt_ptr) == 16, "entry.S");
_Static_assert(offsetof(struct cpu, user_sp) == 32, "user/entry.S");
_Static_assert(offsetof(struct cpu, kernel_sp) == 40, "user/entry.S");

extern struct cpu cpus[COK_MAX_CORES];

static inline struct cpu *this_cpu(void)
{
	struct cpu *c;

	__asm__ volatile("mov %%gs:0, %0" : "=r"(c));
	return c;
}

static inline enum slot_state slot_state(const struct cpu *c)
{
	return __atomic_load_n(&c->state, __ATOMIC_SEQ_CST);
}

const char *slot_state_name(enum slot_state s);
void slot_set_state(struct cpu *c, enum slot_state s);
struct cpu *slot_by_apic(u32 apic_id);

/* gdt.c */
void gdt_prepare(struct cpu *c);
void gdt_use_guarded_stacks(struct cpu *c);

/* idt.c */
void idt_init(void);
void idt_load(void);

/* smp.c */
void slots_init(void); /* again, when the comm area has moved */
void cpu_features(void);
void smp_idle(void) __attribute__((noreturn));
void smp_account(struct cpu *c, bool idle);
void smp_run_job(struct cpu *c);
bool smp_post(struct cpu *c, job_fn fn, u64 arg);
/* The same, but if it is this core's, for the idle loop to find. */
bool smp_post_later(struct cpu *c, job_fn fn, u64 arg);
bool smp_wait_job(struct cpu *c, u32 ms);
void smp_kick(struct cpu *c);
u32 slots_online(void);

u16 slot_offer(u32 slot, u32 apic_id, u64 *entry, u64 *arg);
void slot_offer_commit(u32 slot);
void slot_offer_undo(u32 slot);
void slots_watch(void); /* who has not come? core 0's tick */
u16 slot_recall_check(u64 slot, u64 apic_id);
void slot_recall_begin(u32 slot);
bool slot_recall_drained(u32 slot);
void slot_recall_commit(u32 slot);
void slot_recall_undo(u32 slot);

/*
 * Makes every core forget its translations; false if one did not say so in
 * time. Core 0 only, interrupts off.
 */
bool smp_flush_all(void);
void smp_flush_here(struct cpu *c);
/* The flush that what is unmapped now needs; and has it been everywhere? */
u64 smp_flush_next(void);
bool smp_flushed(u64 generation);

struct flush_counters {
	u64 rounds, sent, acked, excused, failed;
};
extern struct flush_counters flush_count;

/* entry.S */
extern char secondary_entry[], drain_wait[], drain_out[], halt_forever[];
void drain_sleep(bool *woken);

#endif /* CK_PERCPU_H */
